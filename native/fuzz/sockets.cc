#include "sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace ws_linger {

std::map<SOCKET, FourTuple> names;
const RawName* raw_names = nullptr;
size_t name_calls = 0;

namespace {

void Write(const void* bytes, size_t length, sockaddr* name, socklen_t* size) {
  memcpy(name, bytes, std::min<size_t>(length, *size));
  *size = static_cast<socklen_t>(length);
}

int Answer(const Endpoint& end, sockaddr* name, socklen_t* size) {
  if (end.family == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(end.port);
    memcpy(&v4.sin_addr, end.address, sizeof(v4.sin_addr));
    Write(&v4, sizeof(v4), name, size);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(end.port);
    v6.sin6_scope_id = end.scope;
    memcpy(&v6.sin6_addr, end.address, sizeof(v6.sin6_addr));
    Write(&v6, sizeof(v6), name, size);
  }
  return 0;
}

int NameOf(SOCKET socket, bool peer, sockaddr* name, socklen_t* size) {
  ++name_calls;
  if (raw_names != nullptr) {
    const RawName& raw = raw_names[peer ? 1 : 0];
    Write(raw.bytes, raw.size, name, size);
    return raw.result;
  }
  const auto found = names.find(socket);
  if (found == names.end()) return -1;
  return Answer(peer ? found->second.peer : found->second.local, name, size);
}

Endpoint Parsed(const char* text, uint16_t port) {
  Endpoint end{};
  RULE(ParseEndpoint(text, port, &end));
  return end;
}

}  // namespace

FourTuple TupleOf(uint16_t number) {
  static const Endpoint locals[] = {Parsed("127.0.0.1", 8080), Parsed("::1", 8080)};
  static const Endpoint peers[] = {Parsed("192.0.2.7", 0), Parsed("2001:db8::7", 0), Parsed("fe80::1%4", 0)};
  const bool is_v6 = number % 4 == 3;
  FourTuple tuple{locals[is_v6 ? 1 : 0], peers[!is_v6 ? 0 : number % 8 == 3 ? 1 : 2]};
  tuple.peer.port = number;
  return tuple;
}

}  // namespace ws_linger

extern "C" {
int __wrap_getsockname(int fd, sockaddr* name, socklen_t* size) { return ws_linger::NameOf(fd, false, name, size); }
int __wrap_getpeername(int fd, sockaddr* name, socklen_t* size) { return ws_linger::NameOf(fd, true, name, size); }
}
