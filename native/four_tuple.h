// Identifies a TCP connection by its local and peer endpoint. Uses only functions that Winsock and POSIX share, because
// the addon is compiled for Windows and the unit test of the lookup for Linux.
#ifndef WS_LINGER_FOUR_TUPLE_H_
#define WS_LINGER_FOUR_TUPLE_H_

#ifdef _WIN32
#include <winsock2.h>
#else
using SOCKET = int;
constexpr SOCKET INVALID_SOCKET = -1;
#endif

#include <cstdint>
#include <string>

namespace ws_linger {

struct Endpoint {
  uint16_t family;      // AF_INET or AF_INET6
  uint16_t port;        // host byte order
  uint8_t address[16];  // network byte order, zero padded for IPv4
  uint32_t scope;       // the interface of a link-local IPv6 address (RFC 4007 §6), 0 for all others
};

// Identifies one TCP connection as long as it exists. Later another connection may have the same 4-tuple.
struct FourTuple {
  Endpoint local;
  Endpoint peer;
};

// Whether both endpoints have the same family, address, port and scope.
bool operator==(const FourTuple& a, const FourTuple& b);

// Parses an address as Node prints it on Windows ("127.0.0.1", "::1", "::ffff:10.0.0.7", "fe80::1%4") into `out`.
// Returns false for any other text. An IPv4-mapped address stays AF_INET6, because a dual-stack socket reports it so.
bool ParseEndpoint(const std::string& address, uint16_t port, Endpoint* out);

// Reads the 4-tuple of a socket into `out`. Returns false when the socket is closed, not connected, or neither IPv4 nor
// IPv6. Safe for any value of `socket`, also one that is no socket. Changes nothing on the socket.
bool ReadFourTuple(SOCKET socket, FourTuple* out);

}  // namespace ws_linger

#endif  // WS_LINGER_FOUR_TUPLE_H_
