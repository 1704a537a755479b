// The index against a list of all that was added. It never returns a SOCKET that has another 4-tuple now, and always
// the one that was added last in the present walk, as long as that has its 4-tuple. Input: steps of three bytes.
#include <algorithm>
#include <map>
#include <vector>

#include "../socket_index.h"
#include "sockets.h"

namespace ws_linger {
namespace {

class Model {
 public:
  void BeginWalk() {
    index_.BeginWalk();
    present_.clear();
  }

  // Stores a socket, which has its 4-tuple from now on.
  void Add(uint16_t tuple, SOCKET socket) {
    // A 4-tuple is that of one socket.
    const auto previous = owners_.find(tuple);
    if (previous != owners_.end() && Has(previous->second, tuple)) names.erase(previous->second);
    owners_[tuple] = socket;
    names[socket] = TupleOf(tuple);
    index_.Add(TupleOf(tuple), socket);
    present_[tuple] = socket;
  }

  void Find(uint16_t tuple) const {
    const size_t before = name_calls;
    const SOCKET found = index_.Find(TupleOf(tuple));
    RULE(name_calls - before <= 32);
    if (found != INVALID_SOCKET) RULE(Has(found, tuple));
    const auto added = present_.find(tuple);
    if (added != present_.end() && Has(added->second, tuple)) RULE(found == added->second);
  }

 private:
  static bool Has(SOCKET socket, uint16_t tuple) {
    const auto name = names.find(socket);
    return name != names.end() && name->second == TupleOf(tuple);
  }

  SocketIndex index_;
  std::map<uint16_t, SOCKET> owners_;   // the socket that each 4-tuple was added with last
  std::map<uint16_t, SOCKET> present_;  // what was added in the present walk, by 4-tuple
};

}  // namespace
}  // namespace ws_linger

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using ws_linger::names;
  names.clear();
  ws_linger::Input input(data, size);
  ws_linger::Model model;
  model.BeginWalk();
  while (!input.over()) {
    const uint8_t what = input.Byte();
    const auto number = static_cast<uint16_t>(input.Byte() << 8 | input.Byte());
    const SOCKET socket = 1 + number % 512;
    switch (what % 6) {
      case 0:
        model.BeginWalk();
        break;
      case 1:
        model.Add(number, socket);
        break;
      case 2:
        model.Find(number);
        break;
      case 3:
        names.erase(socket);
        break;
      case 4:  // the SOCKET is that of another connection by now
        names[socket] = ws_linger::TupleOf(static_cast<uint16_t>(number + 1));
        break;
      default:  // many connections, as of a walk
        for (uint16_t i = 0; i < what; ++i) model.Add(static_cast<uint16_t>(number + i), 1 + (number + i) % 512);
        for (uint16_t i = 0; i < what; ++i) model.Find(static_cast<uint16_t>(number + i));
    }
  }
  return 0;
}
