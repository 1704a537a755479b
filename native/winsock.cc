#include "winsock.h"

namespace ws_linger {
namespace {

// Returns the WSA code of the call that has just failed, or kOk.
int LastErrorIf(bool failed) { return failed ? WSAGetLastError() : kOk; }

}  // namespace

int SetAbortiveLinger(SOCKET socket, bool abortive) {
  linger value{};
  value.l_onoff = abortive ? 1 : 0;
  return LastErrorIf(setsockopt(socket, SOL_SOCKET, SO_LINGER, reinterpret_cast<const char*>(&value), sizeof(value)) !=
                     0);
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
  // Checked before recv(), because on some stacks recv() clears the error that the owner's next read must still get.
  if (poll.revents & POLLERR) return ConnectionState::kReset;
  if (ready == 0) return ConnectionState::kConnected;

  // The socket is readable, so this returns at once, with data, the peer's FIN or an error. MSG_PEEK takes nothing.
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
