// A hash table from 4-tuples to SOCKETs: the memory of earlier walks of SocketLookup.
#ifndef WS_LINGER_SOCKET_INDEX_H_
#define WS_LINGER_SOCKET_INDEX_H_

#include <cstddef>
#include <vector>

#include "four_tuple.h"

namespace ws_linger {

// Remembers which SOCKET a connection had. It stores SOCKETs and no uv_handle_t, because Node may free a handle at any
// time. Each entry is a hint: the SOCKET may have been closed or reused since, and an entry may have been overwritten.
// So Find() asks the operating system before it returns a SOCKET, and a connection without an entry may still exist.
class SocketIndex {
 public:
  // Begins a new walk: entries that are added from now on count as newer than all present ones.
  void BeginWalk();
  // Stores a connection. May overwrite the entry of another one, an old one if possible.
  void Add(const FourTuple& tuple, SOCKET socket);
  // Returns the SOCKET that has this 4-tuple now, or INVALID_SOCKET. Examines a fixed number of entries, and changes
  // nothing.
  SOCKET Find(const FourTuple& wanted) const;

 private:
  struct Entry {
    uint32_t key;
    uint32_t walk;  // 0: the slot is empty
    SOCKET socket;
  };

  // Overwrites the entry with the same key or else the oldest one, because its SOCKET is the likeliest to be closed.
  void Insert(const Entry& entry);
  // Doubles the table and moves its entries.
  void Grow();

  std::vector<Entry> entries_;  // its size is 0 or a power of two
  uint32_t walk_ = 0;           // the number of the present walk
  size_t added_ = 0;            // entries added in the present walk
};

}  // namespace ws_linger

#endif  // WS_LINGER_SOCKET_INDEX_H_
