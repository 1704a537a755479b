// What names a TCP connection, in the part of the sockets API that Winsock and POSIX share: the addon uses it on
// Windows, the unit test of the lookup on Linux.
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
};

// Names one TCP connection for as long as it exists.
struct FourTuple {
  Endpoint local;
  Endpoint peer;
};

bool operator==(const FourTuple& a, const FourTuple& b);

// An address as Node prints it: "127.0.0.1", "::1", "::ffff:10.0.0.7", "fe80::1%4". An IPv4-mapped address stays
// AF_INET6, since that is what a dual-stack socket reports.
bool ParseEndpoint(const std::string& address, uint16_t port, Endpoint* out);

// False when the socket is closed, not connected or neither IPv4 nor IPv6. Safe to ask of any value.
bool ReadFourTuple(SOCKET socket, FourTuple* out);

}  // namespace ws_linger

#endif  // WS_LINGER_FOUR_TUPLE_H_
