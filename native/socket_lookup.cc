#include "socket_lookup.h"

#include <cstddef>

namespace ws_linger {
namespace {

// Every handle of a loop is on its handle_queue, the newest at the tail. Both fields are declared in uv.h; their
// places are part of libuv's ABI and have not moved within version 1.
auto* HandleQueue(uv_loop_t* loop) { return &loop->handle_queue; }

template <typename Queue>
uv_handle_t* HandleOf(Queue* node) {
  return reinterpret_cast<uv_handle_t*>(reinterpret_cast<char*>(node) - offsetof(uv_handle_t, handle_queue));
}

SOCKET SocketOf(const uv_handle_t* handle) {
  uv_os_fd_t fd;
  if (uv_handle_get_type(handle) != UV_TCP || uv_is_closing(handle) || uv_fileno(handle, &fd) != 0) {
    return INVALID_SOCKET;
  }
  return reinterpret_cast<SOCKET>(fd);
}

}  // namespace

SOCKET FindSocket(uv_loop_t* loop, const FourTuple& wanted) {
  auto* queue = HandleQueue(loop);
  for (auto* node = queue->prev; node != queue; node = node->prev) {
    const SOCKET socket = SocketOf(HandleOf(node));
    FourTuple found;
    if (socket != INVALID_SOCKET && ReadFourTuple(socket, &found) && found == wanted) return socket;
  }
  return INVALID_SOCKET;
}

}  // namespace ws_linger
