#include "four_tuple.h"

#ifdef _WIN32
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#include <sys/socket.h>
#endif

#include <cstring>

namespace ws_linger {
namespace {

// Copies an IPv4 or IPv6 address into `out`, zero padded. Returns false for other families.
bool FromSockaddr(const sockaddr_storage& from, Endpoint* out) {
  *out = Endpoint{};
  out->family = from.ss_family;
  if (from.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
    out->port = ntohs(v4.sin_port);
    memcpy(out->address, &v4.sin_addr, sizeof(v4.sin_addr));
    return true;
  }
  if (from.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
    out->port = ntohs(v6.sin6_port);
    memcpy(out->address, &v6.sin6_addr, sizeof(v6.sin6_addr));
    return true;
  }
  return false;
}

bool operator==(const Endpoint& a, const Endpoint& b) {
  return a.family == b.family && a.port == b.port && memcmp(a.address, b.address, sizeof(a.address)) == 0;
}

// Reads one end of a socket into `out`. `query` is getsockname or getpeername.
template <typename Query>
bool ReadName(Query query, SOCKET socket, Endpoint* out) {
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  return query(socket, reinterpret_cast<sockaddr*>(&name), &size) == 0 && FromSockaddr(name, out);
}

}  // namespace

bool operator==(const FourTuple& a, const FourTuple& b) { return a.local == b.local && a.peer == b.peer; }

bool ParseEndpoint(const std::string& address, uint16_t port, Endpoint* out) {
  // Node appends the scope to a link-local address ("%4"). It is dropped, since the rest of the 4-tuple suffices to
  // tell such connections apart.
  const std::string text = address.substr(0, address.find('%'));
  // inet_pton() would stop at a NUL and accept the text before it.
  if (text.find('\0') != std::string::npos) return false;

  *out = Endpoint{};
  out->family = text.find(':') != std::string::npos ? AF_INET6 : AF_INET;
  out->port = port;
  return inet_pton(out->family, text.c_str(), out->address) == 1;
}

bool ReadFourTuple(SOCKET socket, FourTuple* out) {
  return ReadName(getsockname, socket, &out->local) && ReadName(getpeername, socket, &out->peer);
}

}  // namespace ws_linger
