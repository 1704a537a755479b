#include "socket_index.h"

namespace ws_linger {
namespace {

// An entry is in one of the places that follow its key's. Peers choose their ports and so, in part, their keys; however
// they choose them, no more than this is looked at, and all they gain is that an entry is lost.
constexpr size_t kPlaces = 16;
constexpr size_t kSmallest = 128;

// FNV-1a. FourTuple has no padding, so its bytes are its value.
uint32_t KeyOf(const FourTuple& tuple) {
  static_assert(sizeof(FourTuple) == 40, "no padding");
  const auto* bytes = reinterpret_cast<const unsigned char*>(&tuple);
  uint32_t key = 2166136261U;
  for (size_t i = 0; i < sizeof(tuple); ++i) key = (key ^ bytes[i]) * 16777619U;
  return key;
}

}  // namespace

void SocketIndex::BeginWalk() {
  ++walk_;
  added_ = 0;
}

void SocketIndex::Add(const FourTuple& tuple, SOCKET socket) {
  // A quarter full of one walk's at most, where 16 places are hardly ever all taken and none of its entries is lost.
  if (4 * ++added_ > entries_.size()) Grow();
  Place({KeyOf(tuple), walk_, socket});
}

SOCKET SocketIndex::Find(const FourTuple& wanted) const {
  if (entries_.empty()) return INVALID_SOCKET;
  const uint32_t key = KeyOf(wanted);
  for (size_t i = 0; i < kPlaces; ++i) {
    const Entry& entry = entries_[(key + i) & (entries_.size() - 1)];
    FourTuple now;
    if (entry.walk != 0 && entry.key == key && ReadFourTuple(entry.socket, &now) && now == wanted) return entry.socket;
  }
  return INVALID_SOCKET;
}

// Over what is there of the same key, else over the oldest, since that is the likeliest to be closed.
void SocketIndex::Place(const Entry& entry) {
  Entry* place = nullptr;
  for (size_t i = 0; i < kPlaces; ++i) {
    Entry& candidate = entries_[(entry.key + i) & (entries_.size() - 1)];
    if (candidate.walk != 0 && candidate.key == entry.key) {
      place = &candidate;
      break;
    }
    if (place == nullptr || candidate.walk < place->walk) place = &candidate;
  }
  *place = entry;
}

void SocketIndex::Grow() {
  std::vector<Entry> before(entries_.empty() ? kSmallest : 2 * entries_.size(), Entry{});
  before.swap(entries_);
  for (const Entry& entry : before) {
    if (entry.walk != 0) Place(entry);
  }
}

}  // namespace ws_linger
