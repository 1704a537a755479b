#include "loop.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/socket.h>

// The linker option --wrap makes the lookup call these in place of the system calls, so that the test can count them.
static size_t system_calls = 0;
static unsigned libuv_version = 0;
extern "C" {
unsigned __real_uv_version();
unsigned __wrap_uv_version() { return libuv_version != 0 ? libuv_version : __real_uv_version(); }
int __real_getsockname(int fd, sockaddr* name, socklen_t* size);
int __real_getpeername(int fd, sockaddr* name, socklen_t* size);
int __wrap_getsockname(int fd, sockaddr* name, socklen_t* size) {
  ++system_calls;
  return __real_getsockname(fd, name, size);
}
int __wrap_getpeername(int fd, sockaddr* name, socklen_t* size) {
  ++system_calls;
  return __real_getpeername(fd, name, size);
}
}

namespace ws_linger {
namespace {

uv_handle_t* AsHandle(uv_tcp_t* handle) { return reinterpret_cast<uv_handle_t*>(handle); }

// Reads the SOCKET and the 4-tuple of a connected handle.
End EndOf(uv_tcp_t* handle) {
  End end{handle, {}, INVALID_SOCKET};
  REQUIRE(uv_fileno(AsHandle(handle), &end.socket) == 0);
  REQUIRE(ReadFourTuple(end.socket, &end.tuple));
  sockaddr_storage name{};
  int size = sizeof(name);
  REQUIRE(uv_tcp_getpeername(handle, reinterpret_cast<sockaddr*>(&name), &size) == 0);
  // The port is in the same place for IPv4 and IPv6.
  REQUIRE(end.tuple.peer.port == ntohs(reinterpret_cast<sockaddr_in*>(&name)->sin_port));
  return end;
}

// Parses an IPv4 or IPv6 address.
sockaddr_storage Address(const char* address, int port) {
  sockaddr_storage storage{};
  if (uv_ip4_addr(address, port, reinterpret_cast<sockaddr_in*>(&storage)) != 0) {
    REQUIRE(uv_ip6_addr(address, port, reinterpret_cast<sockaddr_in6*>(&storage)) == 0);
  }
  return storage;
}

}  // namespace

size_t TakeSystemCalls() {
  const size_t counted = system_calls;
  system_calls = 0;
  return counted;
}

void SetLibuvVersion(unsigned version) { libuv_version = version; }

FourTuple Tuple(const char* local, uint16_t local_port, const char* peer, uint16_t peer_port) {
  FourTuple tuple{};
  REQUIRE(ParseEndpoint(local, local_port, &tuple.local));
  REQUIRE(ParseEndpoint(peer, peer_port, &tuple.peer));
  return tuple;
}

Loop::Loop(const char* address) {
  // Thousands of connections need more file descriptors than the default limit allows.
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  REQUIRE(uv_loop_init(&loop_) == 0);
  REQUIRE(uv_tcp_init(&loop_, &listener_) == 0);
  listener_.data = this;
  const sockaddr_storage any = Address(address, 0);
  REQUIRE(uv_tcp_bind(&listener_, reinterpret_cast<const sockaddr*>(&any), 0) == 0);
  REQUIRE(uv_listen(reinterpret_cast<uv_stream_t*>(&listener_), 4096, OnConnection) == 0);
}

Loop::~Loop() {
  CloseAll();
  uv_close(AsHandle(&listener_), nullptr);
  for (uv_any_handle* other : others_) {
    uv_close(&other->handle, [](uv_handle_t* closed) { delete reinterpret_cast<uv_any_handle*>(closed); });
  }
  uv_run(&loop_, UV_RUN_DEFAULT);
  CHECK(uv_loop_close(&loop_) == 0);
}

void Loop::OnConnection(uv_stream_t* listener, int status) {
  REQUIRE(status == 0);
  auto* self = static_cast<Loop*>(listener->data);
  auto* handle = new uv_tcp_t{};
  REQUIRE(uv_tcp_init(&self->loop_, handle) == 0);
  REQUIRE(uv_accept(listener, reinterpret_cast<uv_stream_t*>(handle)) == 0);
  self->ends_.push_back(EndOf(handle));
  ++self->accepted_;
}

void Loop::Connect(size_t connections, const char* address) {
  sockaddr_storage bound{};
  int size = sizeof(bound);
  REQUIRE(uv_tcp_getsockname(&listener_, reinterpret_cast<sockaddr*>(&bound), &size) == 0);
  const int port = ntohs(reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
  const sockaddr_storage to = Address(address, port);

  struct Attempt {
    uv_connect_t request;
    uv_tcp_t* handle;
    bool connected;
  };
  std::vector<Attempt> attempts(connections);
  for (Attempt& attempt : attempts) {
    attempt.handle = new uv_tcp_t{};
    REQUIRE(uv_tcp_init(&loop_, attempt.handle) == 0);
    attempt.request.data = &attempt;
    REQUIRE(uv_tcp_connect(&attempt.request, attempt.handle, reinterpret_cast<const sockaddr*>(&to),
                           [](uv_connect_t* request, int status) {
                             REQUIRE(status == 0);
                             static_cast<Attempt*>(request->data)->connected = true;
                           }) == 0);
  }
  const size_t wanted = accepted_ + connections;
  size_t connected = 0;
  while (accepted_ < wanted || connected < connections) {
    uv_run(&loop_, UV_RUN_ONCE);
    connected = 0;
    for (const Attempt& attempt : attempts) connected += attempt.connected ? 1 : 0;
  }
  for (const Attempt& attempt : attempts) ends_.push_back(EndOf(attempt.handle));
}

void Loop::Close(size_t index) {
  uv_close(AsHandle(ends_[index].handle), [](uv_handle_t* closed) { delete reinterpret_cast<uv_tcp_t*>(closed); });
  ends_.erase(ends_.begin() + static_cast<std::ptrdiff_t>(index));
  uv_run(&loop_, UV_RUN_NOWAIT);
}

uv_any_handle* Loop::Add() {
  others_.push_back(new uv_any_handle{});
  return others_.back();
}

void Loop::CloseAll() {
  while (!ends_.empty()) Close(ends_.size() - 1);
}

}  // namespace ws_linger
