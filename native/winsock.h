// The Winsock calls that the package makes on a connection's SOCKET. libuv owns the SOCKET, so no function here closes
// it, reads from it or blocks on it. None throws. The caller has checked that the SOCKET is still the connection's.
#ifndef WS_LINGER_WINSOCK_H_
#define WS_LINGER_WINSOCK_H_

#include <winsock2.h>

#include <cstdint>

namespace ws_linger {

// The functions that return an int return kOk or a WSA code.
constexpr int kOk = 0;

// Makes the close that follows send RST: sets SO_LINGER to {on, 0}, and cancels the reads and writes in flight, because
// libuv closes the SOCKET only when they have ended. Sends nothing itself. Where SO_LINGER cannot be set, nothing is
// cancelled. No other time than 0 is ever set: with seconds > 0, closesocket() on a non-blocking socket fails with
// WSAEWOULDBLOCK, and the handle leaks.
int Abort(SOCKET socket);

// Queues FIN behind the data that the kernel holds. The SOCKET stays open.
int Finish(SOCKET socket);

// What the system knows of the bytes that it was given for the peer.
struct SendProgress {
  int64_t acknowledged;   // bytes that the peer's system has acknowledged since the connection began
  int64_t retransmitted;  // bytes that were sent again
  uint32_t window;        // bytes that the peer's system has room for, by its last segment
};

// Reads the progress into `out`. Returns false where Windows does not tell: before Windows 10 1703, for a connection
// that has ended, and on Wine. `out` is then undefined.
bool ReadSendProgress(SOCKET socket, SendProgress* out);

// kPeerClosed: the peer's FIN is next to be read. kReset: RST was received, or Windows has aborted the connection.
enum class ConnectionState { kConnected, kPeerClosed, kReset, kUnknown };

// Returns the state of the connection. Takes no data from it and leaves a pending error for the owner's next read.
// Unread data hides a FIN behind it: the state is then kConnected.
ConnectionState Probe(SOCKET socket);

}  // namespace ws_linger

#endif  // WS_LINGER_WINSOCK_H_
