#ifndef WS_LINGER_SOCKET_LOOKUP_H_
#define WS_LINGER_SOCKET_LOOKUP_H_

#include <uv.h>

#include "four_tuple.h"
#include "socket_index.h"

namespace ws_linger {

// Finds the SOCKETs of one loop's connections. To be used on the loop's thread only.
class SocketLookup {
 public:
  explicit SocketLookup(uv_loop_t* loop);

  // The SOCKET of the TCP handle that has exactly this 4-tuple, or INVALID_SOCKET where there is none or looking for it
  // would cost too much.
  SOCKET Find(const FourTuple& wanted);

 private:
  uv_loop_t* loop_;
  SocketIndex index_;
  uint64_t saved_steps_;
  uint64_t asked_at_;
};

}  // namespace ws_linger

#endif  // WS_LINGER_SOCKET_LOOKUP_H_
