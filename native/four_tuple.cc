#include "four_tuple.h"

#ifdef _WIN32
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#include <netinet/in.h>
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
    // Node prints the scope of these addresses only.
    if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr)) out->scope = v6.sin6_scope_id;
    return true;
  }
  return false;
}

bool operator==(const Endpoint& a, const Endpoint& b) {
  return a.family == b.family && a.port == b.port && a.scope == b.scope &&
         memcmp(a.address, b.address, sizeof(a.address)) == 0;
}

// Parses the decimal number that `text` has from `at` to its end.
bool ParseScope(const std::string& text, size_t at, uint32_t* out) {
  uint64_t value = 0;
  if (at == text.size()) return false;
  for (; at < text.size(); ++at) {
    if (text[at] < '0' || text[at] > '9') return false;
    value = 10 * value + static_cast<uint64_t>(text[at] - '0');
    if (value > UINT32_MAX) return false;
  }
  *out = static_cast<uint32_t>(value);
  return true;
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
  const size_t percent = address.find('%');
  const std::string text = address.substr(0, percent);
  // inet_pton() would stop at a NUL and accept the text before it.
  if (text.find('\0') != std::string::npos) return false;

  *out = Endpoint{};
  out->family = text.find(':') != std::string::npos ? AF_INET6 : AF_INET;
  out->port = port;
  if (percent != std::string::npos && !(out->family == AF_INET6 && ParseScope(address, percent + 1, &out->scope))) {
    return false;
  }
  return inet_pton(out->family, text.c_str(), out->address) == 1;
}

bool ReadFourTuple(SOCKET socket, FourTuple* out) {
  return ReadName(getsockname, socket, &out->local) && ReadName(getpeername, socket, &out->peer);
}

}  // namespace ws_linger
