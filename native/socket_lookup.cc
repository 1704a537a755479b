#include "socket_lookup.h"

#include <cstddef>

namespace ws_linger {
namespace {

// The cost limit of lookups, a token bucket whose tokens are steps. A step examines one handle; for a TCP handle it
// makes two system calls. Each lookup adds kStepsPerLookup tokens, each millisecond adds one, and unused tokens stay. A
// lookup walks until it has found its connection or the tokens are used up. So N lookups in T milliseconds never take
// more than kInitialSteps + kStepsPerLookup * N + T steps, however many connections are open and whatever is looked up.
//
// A connection that was just accepted has the newest handle: one step. A client's handle is newer than all others
// except those of connections that began to connect after it. A longer walk stores every connection that it passes in
// the index, and goes on for as many steps again after it has found its own. The index then answers the next lookups
// nearby at the cost of one step each.
//
// A peer that provokes failing lookups causes one walk over all handles. That walk empties the bucket, so each further
// failing lookup has only its own kStepsPerLookup steps. Another long walk needs tokens from passing time and from
// lookups that succeed at once. Meanwhile the newest handles are still found, and a connection that is not found is
// handled by the portable control.
constexpr uint64_t kStepsPerLookup = 16;
constexpr uint64_t kInitialSteps = 65536;

// A node of libuv's handle queue. Every handle of a loop is in loop->handle_queue, the newest at the tail. uv.h
// declares both fields as two pointers, to the next and to the previous node. Their types differ between versions of
// libuv, their layout does not.
//
// uv_walk() would need no layout, but it begins with the oldest handle and cannot be stopped, so each lookup would
// examine all handles. A later libuv may lay the queue out in another way. So another major version is refused
// (KnowsThisLibuv), and every handle on the way must name the loop that it was found in. When one does not, the lookup
// finds nothing from then on, and all connections are handled by the portable control.
struct Node {
  Node* next;
  Node* previous;
};
static_assert(sizeof(uv_loop_t::handle_queue) == sizeof(Node) && sizeof(uv_handle_t::handle_queue) == sizeof(Node),
              "a queue node is two pointers");

// Returns the handle that contains the queue node.
uv_handle_t* HandleOf(Node* node) {
  return reinterpret_cast<uv_handle_t*>(reinterpret_cast<char*>(node) - offsetof(uv_handle_t, handle_queue));
}

// Returns the SOCKET of a TCP handle, or INVALID_SOCKET for another kind of handle and for one that is closing.
SOCKET SocketOf(const uv_handle_t* handle) {
  uv_os_fd_t fd;
  if (uv_handle_get_type(handle) != UV_TCP || uv_is_closing(handle) || uv_fileno(handle, &fd) != 0) {
    return INVALID_SOCKET;
  }
  return reinterpret_cast<SOCKET>(fd);
}

}  // namespace

SocketLookup::SocketLookup(uv_loop_t* loop) : loop_(loop), saved_steps_(kInitialSteps), last_lookup_(uv_now(loop)) {}

bool SocketLookup::KnowsThisLibuv() { return uv_version() >> 16 == UV_VERSION_MAJOR; }

SOCKET SocketLookup::Find(const FourTuple& wanted) {
  if (broken_) return INVALID_SOCKET;
  const uint64_t now = uv_now(loop_);
  saved_steps_ += kStepsPerLookup + (now - last_lookup_);
  last_lookup_ = now;

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
    const uv_handle_t* handle = HandleOf(node);
    if (uv_handle_get_loop(handle) != loop_) {
      broken_ = true;
      return INVALID_SOCKET;
    }
    const SOCKET socket = SocketOf(handle);
    FourTuple tuple;
    if (socket == INVALID_SOCKET || !ReadFourTuple(socket, &tuple)) continue;
    if (found == INVALID_SOCKET && tuple == wanted) {
      found = socket;
      if (steps <= kStepsPerLookup) break;
      if (2 * steps < limit) limit = 2 * steps;
    }
    index_.Add(tuple, socket);
  }
  // After a walk over all handles, another one would find little that is new, so it has to wait.
  saved_steps_ = node->previous == queue ? 0 : saved_steps_ - steps;
  return found;
}

}  // namespace ws_linger
