#ifndef WS_LINGER_SOCKET_LOOKUP_H_
#define WS_LINGER_SOCKET_LOOKUP_H_

#include <uv.h>

#include "winsock.h"

namespace ws_linger {

// The SOCKET of the loop's TCP handle that has exactly this 4-tuple, or INVALID_SOCKET. Must run on the loop's thread.
// Looks from the newest handle back: a connection that was just accepted or just opened is found in the first steps.
SOCKET FindSocket(uv_loop_t* loop, const FourTuple& wanted);

}  // namespace ws_linger

#endif  // WS_LINGER_SOCKET_LOOKUP_H_
