// What this package asks of Winsock, on a SOCKET that somebody else owns. Nothing here waits, throws or closes.
#ifndef WS_LINGER_WINSOCK_H_
#define WS_LINGER_WINSOCK_H_

#include <winsock2.h>

#include <cstdint>

namespace ws_linger {

struct Endpoint {
  uint16_t family;      // AF_INET or AF_INET6
  uint16_t port;        // host byte order
  uint8_t address[16];  // network byte order, zero padded for IPv4
};

// Names one TCP connection for as long as it exists.
struct FourTuple {
  Endpoint local;
  Endpoint peer;
};

// An address as Node prints it: "127.0.0.1", "::1", "::ffff:10.0.0.7", "fe80::1%4". An IPv4-mapped address stays
// AF_INET6, since that is what a dual-stack socket reports.
bool ParseEndpoint(const char* address, uint16_t port, Endpoint* out);

bool ReadFourTuple(SOCKET socket, FourTuple* out);
bool operator==(const FourTuple& a, const FourTuple& b);

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
