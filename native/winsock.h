// The Winsock calls that the package makes on a connection's SOCKET. libuv owns the SOCKET, so no function here closes
// it, reads from it or blocks on it. None throws. The caller has checked that the SOCKET is still the connection's.
#ifndef WS_LINGER_WINSOCK_H_
#define WS_LINGER_WINSOCK_H_

#include <winsock2.h>

namespace ws_linger {

// The functions that return an int return kOk or a WSA code.
constexpr int kOk = 0;

// Sets SO_LINGER to {on, 0} when `abortive`, which makes closesocket() send RST, otherwise to off, the default. Offers
// no other times: with seconds > 0, closesocket() on a non-blocking socket fails with WSAEWOULDBLOCK, and the handle
// leaks.
int SetAbortiveLinger(SOCKET socket, bool abortive);
// Reads SO_LINGER into `on` and `seconds`. Leaves both untouched when it fails.
int GetLinger(SOCKET socket, bool* on, int* seconds);

enum class Direction { kReceive = SD_RECEIVE, kSend = SD_SEND, kBoth = SD_BOTH };
// Ends one or both directions. kSend queues FIN behind the data that the kernel holds. The SOCKET stays open.
int Shutdown(SOCKET socket, Direction direction);

// kPeerClosed: the peer's FIN is next to be read. kReset: RST was received, or Windows has aborted the connection.
enum class ConnectionState { kConnected, kPeerClosed, kReset, kUnknown };

// Returns the state of the connection. Takes no data from it and leaves a pending error for the owner's next read.
// Unread data hides a FIN behind it: the state is then kConnected.
ConnectionState Probe(SOCKET socket);

}  // namespace ws_linger

#endif  // WS_LINGER_WINSOCK_H_
