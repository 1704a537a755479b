#ifndef WS_LINGER_SOCKET_INDEX_H_
#define WS_LINGER_SOCKET_INDEX_H_

#include <cstddef>
#include <vector>

#include "four_tuple.h"

namespace ws_linger {

// Where connections were last seen. It holds SOCKETs and never a uv_handle_t, which libuv's owner may free at any time.
// Each entry is a hint: it may have been closed, reused or overwritten, so Find() asks the system before it answers,
// and a connection that it does not know may exist all the same.
class SocketIndex {
 public:
  // What is added from now on is newer than all that is there.
  void BeginWalk();
  void Add(const FourTuple& tuple, SOCKET socket);
  // The SOCKET that has this 4-tuple now, or INVALID_SOCKET. Looks at a fixed number of entries.
  SOCKET Find(const FourTuple& wanted) const;

 private:
  struct Entry {
    uint32_t key;
    uint32_t walk;  // 0: nothing is here
    SOCKET socket;
  };

  void Place(const Entry& entry);
  void Grow();

  std::vector<Entry> entries_;  // none, or a power of two of them
  uint32_t walk_ = 0;
  size_t added_ = 0;  // in this walk
};

}  // namespace ws_linger

#endif  // WS_LINGER_SOCKET_INDEX_H_
