#include "winsock.h"

#include <mstcpip.h>
#include <windows.h>

namespace ws_linger {

int Abort(SOCKET socket) {
  linger value{};
  value.l_onoff = 1;
  const int failed = setsockopt(socket, SOL_SOCKET, SO_LINGER, reinterpret_cast<const char*>(&value), sizeof(value));
  if (failed != 0) return WSAGetLastError();
  // Fails when nothing is in flight, which is as good.
  CancelIoEx(reinterpret_cast<HANDLE>(socket), nullptr);
  return kOk;
}

int Finish(SOCKET socket) { return shutdown(socket, SD_SEND) != 0 ? WSAGetLastError() : kOk; }

bool ReadSendProgress(SOCKET socket, SendProgress* out) {
  DWORD version = 0;
  TCP_INFO_v0 info{};
  DWORD size = 0;
  if (WSAIoctl(socket, SIO_TCP_INFO, &version, sizeof(version), &info, sizeof(info), &size, nullptr, nullptr) != 0 ||
      size < sizeof(info)) {
    return false;
  }
  // BytesOut counts a byte each time that it is sent.
  const auto acknowledged = static_cast<int64_t>(info.BytesOut - info.BytesRetrans - info.BytesInFlight);
  out->acknowledged = acknowledged > 0 ? acknowledged : 0;
  out->retransmitted = info.BytesRetrans;
  out->window = info.SndWnd;
  return true;
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
