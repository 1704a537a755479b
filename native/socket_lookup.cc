#include "socket_lookup.h"

#include <cstddef>

namespace ws_linger {
namespace {

// The cost of a lookup. A step looks at one handle, which for a TCP handle is two questions to the system, and a lookup
// takes the steps that it needs as long as they are paid for: each lookup pays for kStepsPerLookup, each millisecond
// that passes for one more, and what is not used is saved. So N lookups in T milliseconds never take more than
// kFirstSteps + kStepsPerLookup * N + T steps, however many connections are open and whatever is asked for.
//
// A connection that was just accepted is the newest handle: one step. A client's is newer than all but those that began
// to connect in the meantime. A walk that goes further notes every connection on its way in the index and goes on for
// as long again, so that the next lookups there are answered by the index, at the cost of asking for one SOCKET's
// names. Somebody who forces misses makes one walk of every handle happen. That empties the savings, and each further
// miss has the steps that it pays for itself; only time, and lookups that succeed at once, save for another long walk.
// In the meantime the newest handles are found as always, and a connection that is not found is portable.
constexpr uint64_t kStepsPerLookup = 16;
constexpr uint64_t kFirstSteps = 65536;

// Every handle of a loop is on its handle_queue, the newest at the tail. Both fields are declared in uv.h, as two
// pointers, first to the next and then to the previous node; their types differ between versions, their places do not.
struct Node {
  Node* next;
  Node* previous;
};
static_assert(sizeof(uv_loop_t::handle_queue) == sizeof(Node) && sizeof(uv_handle_t::handle_queue) == sizeof(Node),
              "a queue node is two pointers");

uv_handle_t* HandleOf(Node* node) {
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

SocketLookup::SocketLookup(uv_loop_t* loop) : loop_(loop), saved_steps_(kFirstSteps), asked_at_(uv_now(loop)) {}

SOCKET SocketLookup::Find(const FourTuple& wanted) {
  const uint64_t now = uv_now(loop_);
  saved_steps_ += kStepsPerLookup + (now - asked_at_);
  asked_at_ = now;

  SOCKET found = index_.Find(wanted);
  if (found != INVALID_SOCKET) return found;

  index_.BeginWalk();
  auto* queue = reinterpret_cast<Node*>(&loop_->handle_queue);
  Node* node = queue;
  uint64_t steps = 0;
  uint64_t limit = saved_steps_;
  while (steps < limit && node->previous != queue) {
    node = node->previous;
    ++steps;
    const SOCKET socket = SocketOf(HandleOf(node));
    FourTuple tuple;
    if (socket == INVALID_SOCKET || !ReadFourTuple(socket, &tuple)) continue;
    if (found == INVALID_SOCKET && tuple == wanted) {
      found = socket;
      if (steps <= kStepsPerLookup) break;
      if (2 * steps < limit) limit = 2 * steps;
    }
    index_.Add(tuple, socket);
  }
  // After a walk of every handle there is nothing more to be learnt soon.
  saved_steps_ = node->previous == queue ? 0 : saved_steps_ - steps;
  return found;
}

}  // namespace ws_linger
