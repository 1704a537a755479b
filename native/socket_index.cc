#include "socket_index.h"

namespace ws_linger {
namespace {

// Open addressing: an entry is in one of the kProbes slots that begin at its key's slot. A peer chooses its port and
// so, in part, its key. Whatever keys peers choose, no more slots are examined, and the worst effect is a lost entry.
constexpr size_t kProbes = 16;
constexpr size_t kMinSize = 128;

// The FNV-1a hash of a 4-tuple. FourTuple has no padding, so equal tuples have equal bytes.
uint32_t KeyOf(const FourTuple& tuple) {
  static_assert(sizeof(FourTuple) == 48, "no padding");
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
  // The entries of one walk fill at most a quarter of the table. Then kProbes slots are hardly ever all in use, so that
  // no entry of this walk is lost.
  if (4 * ++added_ > entries_.size()) Grow();
  Insert({KeyOf(tuple), walk_, socket});
}

SOCKET SocketIndex::Find(const FourTuple& wanted) const {
  if (entries_.empty()) return INVALID_SOCKET;
  const uint32_t key = KeyOf(wanted);
  for (size_t i = 0; i < kProbes; ++i) {
    const Entry& entry = entries_[(key + i) & (entries_.size() - 1)];
    FourTuple now;
    if (entry.walk != 0 && entry.key == key && ReadFourTuple(entry.socket, &now) && now == wanted) return entry.socket;
  }
  return INVALID_SOCKET;
}

void SocketIndex::Insert(const Entry& entry) {
  Entry* slot = nullptr;
  for (size_t i = 0; i < kProbes; ++i) {
    Entry& candidate = entries_[(entry.key + i) & (entries_.size() - 1)];
    if (candidate.walk != 0 && candidate.key == entry.key) {
      slot = &candidate;
      break;
    }
    if (slot == nullptr || candidate.walk < slot->walk) slot = &candidate;
  }
  *slot = entry;
}

void SocketIndex::Grow() {
  std::vector<Entry> old_entries(entries_.empty() ? kMinSize : 2 * entries_.size(), Entry{});
  old_entries.swap(entries_);
  for (const Entry& entry : old_entries) {
    if (entry.walk != 0) Insert(entry);
  }
}

}  // namespace ws_linger
