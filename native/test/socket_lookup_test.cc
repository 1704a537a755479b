// The unit test of SocketLookup, on Linux with real sockets and real libuv handles: what it finds, what it must not
// find, and how many system calls it makes.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "../socket_lookup.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <random>

#include "loop.h"

namespace ws_linger {
namespace {

// One step of a walk calls getsockname() and getpeername() for one socket.
constexpr size_t kCallsPerStep = 2;
// How many steps a lookup may take on average. The time that a test takes allows kStepsForTime more.
constexpr size_t kStepsPerLookup = 16;
constexpr size_t kStepsForTime = 4000;

// The 4-tuple of no connection.
FourTuple MissingTuple() { return Tuple("127.0.0.1", 1, "127.0.0.2", 1); }

}  // namespace

TEST_CASE("the connection that was accepted last is found in one step, however many are open") {
  Loop loop;
  SocketLookup lookup(loop.get());
  for (size_t open : {0, 10, 100, 1000}) {
    CAPTURE(open);
    loop.Connect(open);
    loop.Connect(1);
    // The connecting end is the last in ends(), but its handle is older than the accepted one's.
    const End& accepted = loop.ends()[loop.ends().size() - 2];
    TakeSystemCalls();
    CHECK(lookup.Find(accepted.tuple) == accepted.socket);
    CHECK(TakeSystemCalls() == kCallsPerStep);
  }
}

TEST_CASE("every connection is found, in whatever order, at the same cost") {
  Loop loop;
  loop.Connect(1000);
  std::vector<End> ends = loop.ends();
  SUBCASE("oldest first") {}
  SUBCASE("newest first") { std::reverse(ends.begin(), ends.end()); }
  SUBCASE("at random") { std::shuffle(ends.begin(), ends.end(), std::mt19937(1)); }

  SocketLookup lookup(loop.get());
  TakeSystemCalls();
  for (const End& end : ends) CHECK(lookup.Find(end.tuple) == end.socket);
  // A few walks of growing length, the last one over all handles, and one step for each end that the index has.
  CHECK(TakeSystemCalls() <= 4 * kCallsPerStep * ends.size());
  for (const End& end : ends) CHECK(lookup.Find(end.tuple) == end.socket);
  CHECK(TakeSystemCalls() <= kCallsPerStep * ends.size());
}

TEST_CASE("clients that connect all the time are found among those that have not been asked for yet") {
  Loop loop;
  loop.Connect(500);
  SocketLookup lookup(loop.get());
  CHECK(lookup.Find(MissingTuple()) == INVALID_SOCKET);  // uses up the saved steps
  const End& accepted = loop.ends()[499];
  for (int i = 0; i < 20; ++i) CHECK(lookup.Find(accepted.tuple) == accepted.socket);
  // From here on, each burst uses the steps that the burst before it has saved.
  for (int burst = 0; burst < 20; ++burst) {
    const size_t before = loop.ends().size();
    loop.Connect(50);
    for (size_t i = before; i < loop.ends().size(); ++i) {
      CHECK(lookup.Find(loop.ends()[i].tuple) == loop.ends()[i].socket);
    }
  }
}

TEST_CASE("failing lookups stay within the cost limit, and the newest connection is still found") {
  Loop loop;
  loop.Connect(1000);
  SocketLookup lookup(loop.get());
  TakeSystemCalls();
  CHECK(lookup.Find(MissingTuple()) == INVALID_SOCKET);
  CHECK(TakeSystemCalls() >= kCallsPerStep * 2000);  // one walk over all handles

  constexpr size_t kMisses = 5000;
  for (size_t i = 0; i < kMisses; ++i) CHECK(lookup.Find(MissingTuple()) == INVALID_SOCKET);
  CHECK(TakeSystemCalls() <= kCallsPerStep * (kStepsPerLookup * kMisses + kStepsForTime));

  loop.Connect(1);
  const End& accepted = loop.ends()[loop.ends().size() - 2];
  CHECK(lookup.Find(accepted.tuple) == accepted.socket);
}

TEST_CASE("lookups that find their connection at once save steps for a walk over all handles") {
  Loop loop;
  loop.Connect(1000);
  SocketLookup lookup(loop.get());
  CHECK(lookup.Find(MissingTuple()) == INVALID_SOCKET);
  loop.Connect(1000);
  // The last 2,000 ends are not in the index yet, and the oldest of them takes a walk of 2,000 steps. The index answers
  // the 500 lookups of older ends, which save enough steps for that walk.
  const std::vector<End> ends = loop.ends();
  for (size_t i = 0; i < 500; ++i) CHECK(lookup.Find(ends[i].tuple) == ends[i].socket);
  const End& oldest = ends[2000];
  CHECK(lookup.Find(oldest.tuple) == oldest.socket);
}

TEST_CASE("a closed connection is not found, and its freed handle is not read") {
  Loop loop;
  loop.Connect(200);
  const std::vector<End> closed = loop.ends();
  SocketLookup lookup(loop.get());
  for (const End& end : closed) CHECK(lookup.Find(end.tuple) == end.socket);
  loop.CloseAll();
  for (const End& end : closed) CHECK(lookup.Find(end.tuple) == INVALID_SOCKET);
}

TEST_CASE("a connection that is closing is not found") {
  Loop loop;
  loop.Connect(1);
  SocketLookup lookup(loop.get());
  const End end = loop.ends()[0];
  // Like Node: uv_close() now; the handle's memory is freed in a later turn of the loop.
  SUBCASE("that was never looked up") {}
  SUBCASE("that was looked up before") { CHECK(lookup.Find(end.tuple) == end.socket); }
  uv_close(reinterpret_cast<uv_handle_t*>(end.handle), nullptr);
  CHECK(lookup.Find(end.tuple) == INVALID_SOCKET);
  uv_run(loop.get(), UV_RUN_NOWAIT);
  uv_tcp_init(loop.get(), end.handle);  // for Loop to close
}

TEST_CASE("a SOCKET whose value was reused is found by its new 4-tuple only") {
  Loop loop;
  loop.Connect(100);
  const std::vector<End> before = loop.ends();
  SocketLookup lookup(loop.get());
  for (const End& end : before) CHECK(lookup.Find(end.tuple) == end.socket);
  loop.CloseAll();
  loop.Connect(100);
  size_t again = 0;
  for (const End& end : loop.ends()) {
    CHECK(lookup.Find(end.tuple) == end.socket);
    again +=
        std::any_of(before.begin(), before.end(), [&](const End& old) { return old.socket == end.socket; }) ? 1 : 0;
  }
  CHECK(again > 0);
  for (const End& end : before) CHECK(lookup.Find(end.tuple) == INVALID_SOCKET);
}

TEST_CASE("handles of other types, and sockets without a connection, are skipped") {
  Loop loop;
  loop.Connect(1);
  uv_timer_init(loop.get(), &loop.Add()->timer);
  uv_idle_init(loop.get(), &loop.Add()->idle);
  uv_async_init(loop.get(), &loop.Add()->async, nullptr);
  uv_pipe_init(loop.get(), &loop.Add()->pipe, 0);
  uv_udp_init_ex(loop.get(), &loop.Add()->udp, AF_INET);
  uv_tcp_init(loop.get(), &loop.Add()->tcp);
  uv_tcp_init_ex(loop.get(), &loop.Add()->tcp, AF_INET);
  SocketLookup lookup(loop.get());
  for (const End& end : loop.ends()) CHECK(lookup.Find(end.tuple) == end.socket);
  CHECK(lookup.Find(MissingTuple()) == INVALID_SOCKET);
}

TEST_CASE("a UDP socket with the same addresses and ports as a connection is not taken for it") {
  Loop loop;
  loop.Connect(1);
  for (const End& end : loop.ends()) {
    uv_udp_t* udp = &loop.Add()->udp;
    uv_udp_init(loop.get(), udp);
    sockaddr_storage local{};
    sockaddr_storage peer{};
    int size = sizeof(local);
    uv_tcp_getsockname(end.handle, reinterpret_cast<sockaddr*>(&local), &size);
    uv_tcp_getpeername(end.handle, reinterpret_cast<sockaddr*>(&peer), &size);
    REQUIRE(uv_udp_bind(udp, reinterpret_cast<sockaddr*>(&local), UV_UDP_REUSEADDR) == 0);
    REQUIRE(uv_udp_connect(udp, reinterpret_cast<sockaddr*>(&peer)) == 0);
  }
  SocketLookup lookup(loop.get());
  for (const End& end : loop.ends()) CHECK(lookup.Find(end.tuple) == end.socket);
}

TEST_CASE("nothing is found in an empty loop") {
  Loop loop;
  SocketLookup lookup(loop.get());
  CHECK(lookup.Find(MissingTuple()) == INVALID_SOCKET);
  CHECK(lookup.Find(MissingTuple()) == INVALID_SOCKET);
}

TEST_CASE("IPv6 and IPv4-mapped connections are found by the addresses that Node prints") {
  Loop loop("::");
  loop.Connect(1, "::1");
  loop.Connect(1, "127.0.0.1");
  SocketLookup lookup(loop.get());
  const auto port = [](const Endpoint& endpoint) { return endpoint.port; };
  const End& v6 = loop.ends()[0];
  CHECK(lookup.Find(Tuple("::1", port(v6.tuple.local), "::1", port(v6.tuple.peer))) == v6.socket);
  const End& mapped = loop.ends()[2];
  const auto local = port(mapped.tuple.local);
  const auto peer = port(mapped.tuple.peer);
  CHECK(lookup.Find(Tuple("::ffff:127.0.0.1", local, "::ffff:127.0.0.1", peer)) == mapped.socket);
  CHECK(lookup.Find(Tuple("127.0.0.1", local, "127.0.0.1", peer)) == INVALID_SOCKET);
}

TEST_CASE("once a handle of another loop is met, nothing is found any more") {
  Loop loop;
  loop.Connect(3);
  SocketLookup lookup(loop.get());
  const End newest = loop.ends()[2];
  const End older = loop.ends()[0];
  CHECK(lookup.Find(newest.tuple) == newest.socket);
  // What a libuv with another layout looks like: where the loop should be, there is something else.
  uv_loop_t other;
  newest.handle->loop = &other;
  CHECK(lookup.Find(older.tuple) == INVALID_SOCKET);
  newest.handle->loop = loop.get();
  CHECK(lookup.Find(newest.tuple) == INVALID_SOCKET);
  CHECK(lookup.Find(older.tuple) == INVALID_SOCKET);
}

TEST_CASE("only the major version of libuv that the addon was built for is known") {
  CHECK(SocketLookup::KnowsThisLibuv());
  SetLibuvVersion((UV_VERSION_MAJOR << 16) + 0xffff);
  CHECK(SocketLookup::KnowsThisLibuv());
  SetLibuvVersion((UV_VERSION_MAJOR + 1) << 16);
  CHECK_FALSE(SocketLookup::KnowsThisLibuv());
  SetLibuvVersion(((UV_VERSION_MAJOR - 1) << 16) + 0xff);
  CHECK_FALSE(SocketLookup::KnowsThisLibuv());
  SetLibuvVersion(0);
}

TEST_CASE("time that passes pays for a walk over all handles, once") {
  Loop loop;
  loop.Connect(1000);
  SocketLookup lookup(loop.get());
  CHECK(lookup.Find(MissingTuple()) == INVALID_SOCKET);  // uses up the saved steps
  TakeSystemCalls();
  CHECK(lookup.Find(MissingTuple()) == INVALID_SOCKET);
  CHECK(TakeSystemCalls() <= kCallsPerStep * 2 * kStepsPerLookup);

  const uint64_t began = uv_now(loop.get());
  while (uv_now(loop.get()) < began + 1000) uv_update_time(loop.get());
  CHECK(lookup.Find(MissingTuple()) == INVALID_SOCKET);
  CHECK(TakeSystemCalls() >= kCallsPerStep * 1000);
  CHECK(lookup.Find(MissingTuple()) == INVALID_SOCKET);
  CHECK(TakeSystemCalls() <= kCallsPerStep * 100);
}

}  // namespace ws_linger
