// The lookup on a real libuv loop, whose handles are made, closed and replaced, against a list of them. It never
// returns a SOCKET that has another 4-tuple, finds each of the newest handles, costs no more than its limit, and finds
// nothing any more once the queue of handles was not as expected. Input: steps of two bytes.
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <list>

#include "../socket_lookup.h"
#include "sockets.h"

namespace {
uint64_t now = 0;
}
extern "C" uint64_t __wrap_uv_now(const uv_loop_t*) { return now; }

namespace ws_linger {
namespace {

constexpr size_t kStepsPerLookup = 16;
constexpr size_t kInitialSteps = 65536;
constexpr size_t kMostHandles = 64;

struct Handle {
  uv_any_handle any;
  SOCKET socket;  // INVALID_SOCKET for a timer
};

class Model {
 public:
  Model() {
    RULE(uv_loop_init(&loop_) == 0);
    lookup_ = new SocketLookup(&loop_);
  }

  ~Model() {
    while (!handles_.empty()) Close(0);
    uv_run(&loop_, UV_RUN_DEFAULT);
    RULE(uv_loop_close(&loop_) == 0);
    delete lookup_;
  }

  size_t size() const { return handles_.size(); }

  void AddTimer() {
    if (size() >= kMostHandles) return;
    handles_.push_back(new Handle{});
    handles_.back()->socket = INVALID_SOCKET;
    RULE(uv_timer_init(&loop_, &handles_.back()->any.timer) == 0);
  }

  void AddConnection(uint16_t tuple) {
    if (size() >= kMostHandles) return;
    const SOCKET socket = ::socket(AF_INET, SOCK_STREAM, 0);
    RULE(socket != INVALID_SOCKET);
    handles_.push_back(new Handle{});
    handles_.back()->socket = socket;
    RULE(uv_tcp_init(&loop_, &handles_.back()->any.tcp) == 0);
    RULE(uv_tcp_open(&handles_.back()->any.tcp, socket) == 0);
    names[socket] = TupleOf(tuple);
  }

  // Closes a handle, which stays in the queue until the loop turns.
  void Close(size_t number) {
    Handle* handle = At(number);
    if (handle == nullptr) return;
    handle->any.handle.data = handle;
    names.erase(handle->socket);
    uv_close(&handle->any.handle, [](uv_handle_t* closed) { delete static_cast<Handle*>(closed->data); });
    handles_.remove(handle);
    ++closing_;
  }

  void Turn() {
    uv_run(&loop_, UV_RUN_NOWAIT);
    closing_ = 0;
  }

  // The connection is lost, or another one has its SOCKET.
  void Rename(size_t number, uint16_t tuple) {
    const Handle* handle = At(number);
    if (handle == nullptr || handle->socket == INVALID_SOCKET) return;
    if (tuple % 2 == 0) {
      names.erase(handle->socket);
    } else {
      names[handle->socket] = TupleOf(tuple);
    }
  }

  void Find(uint16_t tuple) {
    const FourTuple wanted = TupleOf(tuple);
    const size_t before = name_calls;
    AddTokens();
    const SOCKET found = lookup_->Find(wanted);
    // Each step asks for both names, and so does each slot of the index.
    RULE(name_calls - before <= 2 * (tokens_ + kStepsPerLookup));
    // It has gone through all handles, or used up what it might.
    if (found == INVALID_SOCKET) tokens_ = 0;
    if (broken_) RULE(found == INVALID_SOCKET);
    if (found != INVALID_SOCKET) {
      RULE(names.count(found) == 1 && names[found] == wanted);
    } else if (!broken_) {
      RULE(!IsAmongNewest(wanted));
    }
  }

  // A lookup that meets a handle of another loop.
  void FindInForeignQueue(uint16_t tuple) {
    if (handles_.empty() || closing_ > 0) return;
    uv_handle_t* newest = &handles_.back()->any.handle;
    uv_loop_t other;
    newest->loop = &other;
    AddTokens();
    const SOCKET found = lookup_->Find(TupleOf(tuple));
    newest->loop = &loop_;
    if (found == INVALID_SOCKET) {
      broken_ = true;
    } else {
      RULE(!broken_ && names[found] == TupleOf(tuple));  // the index had it
    }
  }

 private:
  void AddTokens() {
    tokens_ += kStepsPerLookup + (now - last_lookup_);
    last_lookup_ = now;
  }

  Handle* At(size_t number) {
    if (handles_.empty()) return nullptr;
    auto at = handles_.begin();
    std::advance(at, number % handles_.size());
    return *at;
  }

  bool IsAmongNewest(const FourTuple& wanted) const {
    size_t left = kStepsPerLookup - std::min(kStepsPerLookup, closing_);
    for (auto handle = handles_.rbegin(); handle != handles_.rend() && left > 0; ++handle, --left) {
      const auto name = names.find((*handle)->socket);
      if (name != names.end() && name->second == wanted) return true;
    }
    return false;
  }

  uv_loop_t loop_;
  SocketLookup* lookup_;
  std::list<Handle*> handles_;  // the newest last; without those that are closing
  size_t closing_ = 0;
  uint64_t tokens_ = kInitialSteps;  // no fewer than the lookup has
  uint64_t last_lookup_ = 0;
  bool broken_ = false;
};

}  // namespace
}  // namespace ws_linger

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ws_linger::names.clear();
  now = 0;
  ws_linger::Input input(data, size);
  ws_linger::Model model;
  while (!input.over()) {
    const uint8_t what = input.Byte();
    const uint8_t number = input.Byte();
    switch (what % 9) {
      case 0:
      case 1:
        model.AddConnection(number);
        break;
      case 2:
        model.AddTimer();
        break;
      case 3:
        model.Close(number);
        break;
      case 4:
        model.Turn();
        break;
      case 5:
        model.Rename(number, what);
        break;
      case 6:
        now += number;
        break;
      case 7:
        model.Find(number);
        break;
      default:
        if (number > 250) model.FindInForeignQueue(number);
        for (uint16_t tuple = 0; tuple < 32; ++tuple) model.Find(static_cast<uint16_t>(number + tuple));
    }
  }
  return 0;
}
