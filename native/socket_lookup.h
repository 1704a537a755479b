// Finds the SOCKET of a connection among the handles of a libuv loop, because Node does not expose SOCKETs on Windows.
// This file and its .cc are the only users of libuv in the addon.
#ifndef WS_LINGER_SOCKET_LOOKUP_H_
#define WS_LINGER_SOCKET_LOOKUP_H_

#include <uv.h>

#include "four_tuple.h"
#include "socket_index.h"

namespace ws_linger {

// Finds the SOCKETs of one loop's connections. May be used on the loop's thread only, and not after the loop is closed.
class SocketLookup {
 public:
  // Whether this process has a libuv whose handle queue is known. Asked once, before the first SocketLookup is made.
  static bool KnowsThisLibuv();

  // Keeps the pointer; does not own the loop.
  explicit SocketLookup(uv_loop_t* loop);

  // Returns the SOCKET of the TCP handle that has exactly this 4-tuple, or INVALID_SOCKET when there is none or when
  // the search would exceed the cost limit (socket_lookup.cc). Changes neither handles nor sockets. When the handle
  // queue is not as expected, nothing is found any more.
  SOCKET Find(const FourTuple& wanted);

 private:
  uv_loop_t* loop_;
  SocketIndex index_;
  uint64_t saved_steps_;  // the steps that lookups may still take
  uint64_t last_lookup_;  // by uv_now(), in ms
  bool broken_ = false;   // the handle queue was not as expected
};

}  // namespace ws_linger

#endif  // WS_LINGER_SOCKET_LOOKUP_H_
