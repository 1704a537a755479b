// What this package asks of Winsock, on a SOCKET that somebody else owns. Nothing here waits, throws or closes.
#ifndef WS_LINGER_WINSOCK_H_
#define WS_LINGER_WINSOCK_H_

#include <winsock2.h>

namespace ws_linger {

// The calls below return 0 or a WSA code.
constexpr int kOk = 0;

// {on, 0} makes closesocket() send RST; off restores the default. Other times are not offered: on a non-blocking
// socket closesocket() would fail with WSAEWOULDBLOCK and the handle would leak.
int SetAbortiveLinger(SOCKET socket, bool abortive);
int GetLinger(SOCKET socket, bool* on, int* seconds);

enum class Direction { kReceive = SD_RECEIVE, kSend = SD_SEND, kBoth = SD_BOTH };
int Shutdown(SOCKET socket, Direction direction);

enum class ConnectionState { kConnected, kPeerClosed, kReset, kUnknown };

// Looks at the connection without taking a byte from it, and without clearing a pending error.
ConnectionState Probe(SOCKET socket);

}  // namespace ws_linger

#endif  // WS_LINGER_WINSOCK_H_
