#include "winsock.h"

#include <ws2tcpip.h>

#include <cstring>

namespace ws_linger {
namespace {

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

bool ReadName(int(WSAAPI* ask)(SOCKET, sockaddr*, int*), SOCKET socket, Endpoint* out) {
  sockaddr_storage name;
  int size = sizeof(name);
  return ask(socket, reinterpret_cast<sockaddr*>(&name), &size) == 0 && FromSockaddr(name, out);
}

int LastErrorIf(bool failed) { return failed ? WSAGetLastError() : kOk; }

}  // namespace

bool ParseEndpoint(const char* address, uint16_t port, Endpoint* out) {
  // Node appends a scope to link-local addresses ("%4"); the rest of the tuple tells such connections apart.
  char text[INET6_ADDRSTRLEN];
  size_t length = 0;
  while (address[length] != '\0' && address[length] != '%') {
    if (length + 1 == sizeof(text)) return false;
    text[length] = address[length];
    ++length;
  }
  text[length] = '\0';

  *out = Endpoint{};
  out->family = memchr(text, ':', length) != nullptr ? AF_INET6 : AF_INET;
  out->port = port;
  return inet_pton(out->family, text, out->address) == 1;
}

bool ReadFourTuple(SOCKET socket, FourTuple* out) {
  return ReadName(getsockname, socket, &out->local) && ReadName(getpeername, socket, &out->peer);
}

bool operator==(const FourTuple& a, const FourTuple& b) { return a.local == b.local && a.peer == b.peer; }

int SetAbortiveLinger(SOCKET socket, bool abortive) {
  linger value{};
  value.l_onoff = abortive ? 1 : 0;
  return LastErrorIf(
      setsockopt(socket, SOL_SOCKET, SO_LINGER, reinterpret_cast<const char*>(&value), sizeof(value)) != 0);
}

int GetLinger(SOCKET socket, bool* on, int* seconds) {
  linger value{};
  int size = sizeof(value);
  if (getsockopt(socket, SOL_SOCKET, SO_LINGER, reinterpret_cast<char*>(&value), &size) != 0) return WSAGetLastError();
  *on = value.l_onoff != 0;
  *seconds = value.l_linger;
  return kOk;
}

int Shutdown(SOCKET socket, Direction direction) {
  return LastErrorIf(shutdown(socket, static_cast<int>(direction)) != 0);
}

ConnectionState Probe(SOCKET socket) {
  WSAPOLLFD poll{};
  poll.fd = socket;
  poll.events = POLLRDNORM;
  const int ready = WSAPoll(&poll, 1, 0);
  if (ready == SOCKET_ERROR) return ConnectionState::kUnknown;
  // Asked first, since on some stacks a receive would clear the error that the owner's next read must still see.
  if (poll.revents & POLLERR) return ConnectionState::kReset;
  if (ready == 0) return ConnectionState::kConnected;

  // Readable, so this returns at once: data, the peer's FIN, or an error.
  char byte;
  const int received = recv(socket, &byte, 1, MSG_PEEK);
  if (received > 0) return ConnectionState::kConnected;
  if (received == 0) return ConnectionState::kPeerClosed;
  switch (WSAGetLastError()) {
    case WSAECONNRESET:
    case WSAECONNABORTED:
    case WSAENETRESET:
      return ConnectionState::kReset;
    case WSAEWOULDBLOCK:
      return ConnectionState::kConnected;
    default:
      return ConnectionState::kUnknown;
  }
}

}  // namespace ws_linger
