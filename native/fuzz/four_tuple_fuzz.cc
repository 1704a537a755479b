// Texts of addresses, and names of sockets. An address is accepted where inet_pton() and a parser of numbers accept its
// parts, and is the same when it is printed and parsed again. What a system says of a socket, whatever bytes it are, is
// read within its bounds. Input: what to do, then the text or both names.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>

#include "sockets.h"

namespace ws_linger {
namespace {

bool IsEqual(const Endpoint& a, const Endpoint& b) { return memcmp(&a, &b, sizeof(a)) == 0; }

// Whether `text` is a decimal number of 32 bits.
bool IsScope(const std::string& text, uint32_t* out) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) return false;
  errno = 0;
  const unsigned long long value = strtoull(text.c_str(), nullptr, 10);
  *out = static_cast<uint32_t>(value);
  return errno == 0 && value <= UINT32_MAX;
}

// What ParseEndpoint() is to find, in other words.
bool Expected(const std::string& text, uint16_t port, Endpoint* out) {
  *out = Endpoint{};
  const size_t percent = text.find('%');
  const std::string address = text.substr(0, percent);
  if (strlen(address.c_str()) != address.size()) return false;
  out->port = port;
  if (inet_pton(AF_INET, address.c_str(), out->address) == 1) {
    out->family = AF_INET;
    return percent == std::string::npos;
  }
  out->family = AF_INET6;
  if (inet_pton(AF_INET6, address.c_str(), out->address) != 1) return false;
  return percent == std::string::npos || IsScope(text.substr(percent + 1), &out->scope);
}

void CheckText(const std::string& text, uint16_t port) {
  Endpoint parsed;
  memset(&parsed, 0xa5, sizeof(parsed));
  Endpoint expected{};
  const bool accepted = ParseEndpoint(text, port, &parsed);
  RULE(accepted == Expected(text, port, &expected));
  if (!accepted) return;
  RULE(IsEqual(parsed, expected));
  char printed[INET6_ADDRSTRLEN];
  RULE(inet_ntop(parsed.family, parsed.address, printed, sizeof(printed)) != nullptr);
  std::string again = printed;
  if (parsed.scope != 0) again += "%" + std::to_string(parsed.scope);
  Endpoint reparsed;
  RULE(ParseEndpoint(again, port, &reparsed) && IsEqual(reparsed, parsed));
  FourTuple one{parsed, reparsed};
  FourTuple other = one;
  RULE(one == other);
  other.peer.port ^= 1;
  RULE(!(one == other));
}

void CheckNames(const uint8_t* data, size_t size) {
  const size_t half = size / 2;
  const RawName raw[] = {{data, half, 0}, {data + half, size - half, size % 5 == 0 ? -1 : 0}};
  raw_names = raw;
  FourTuple tuple;
  memset(&tuple, 0xa5, sizeof(tuple));
  const bool read = ReadFourTuple(1, &tuple);
  raw_names = nullptr;
  for (const RawName& name : raw) {
    sockaddr_storage storage{};
    memcpy(&storage, name.bytes, std::min(name.size, sizeof(storage)));
    const bool known = storage.ss_family == AF_INET || storage.ss_family == AF_INET6;
    if (name.result != 0 || !known) RULE(!read);
  }
  if (!read) return;
  const Endpoint ends[] = {tuple.local, tuple.peer};
  for (size_t i = 0; i < 2; ++i) {
    sockaddr_in6 v6{};
    memcpy(&v6, raw[i].bytes, std::min(raw[i].size, sizeof(v6)));
    RULE(ends[i].family == v6.sin6_family && ends[i].port == ntohs(v6.sin6_port));
    const bool is_link_local =
        ends[i].family == AF_INET6 && ends[i].address[0] == 0xfe && (ends[i].address[1] & 0xc0) == 0x80;
    RULE(ends[i].scope == (is_link_local ? v6.sin6_scope_id : 0));
    if (ends[i].family == AF_INET) {
      for (size_t at = 4; at < sizeof(ends[i].address); ++at) RULE(ends[i].address[at] == 0);
    }
  }
}

}  // namespace
}  // namespace ws_linger

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ws_linger::Input input(data, size);
  const bool is_text = input.Byte() % 2 == 0;
  const auto port = static_cast<uint16_t>(input.Byte() << 8 | 1);
  if (size < 2) return 0;
  if (is_text) {
    ws_linger::CheckText(std::string(reinterpret_cast<const char*>(data) + 2, size - 2), port);
  } else {
    ws_linger::CheckNames(data + 2, size - 2);
  }
  return 0;
}
