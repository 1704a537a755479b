#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "../socket_lookup.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <random>

#include "loop.h"

namespace ws_linger {
namespace {

// What one step of a walk asks: both names of one socket.
constexpr size_t kQuestionsPerStep = 2;
// What any lookup may cost in the mean, whatever is asked for. The time that a test takes pays for a few more.
constexpr size_t kStepsPerLookup = 16;
constexpr size_t kTime = 4000;

FourTuple Nobody() { return Tuple("127.0.0.1", 1, "127.0.0.2", 1); }

}  // namespace

TEST_CASE("the connection that was accepted last is found in one step, however many are open") {
  Loop loop;
  SocketLookup lookup(loop.get());
  for (size_t open : {0, 10, 100, 1000}) {
    CAPTURE(open);
    loop.Connect(open);
    loop.Connect(1);
    // The client is the last in ends(), but its handle was made before the one that was accepted.
    const End& accepted = loop.ends()[loop.ends().size() - 2];
    Questions();
    CHECK(lookup.Find(accepted.tuple) == accepted.socket);
    CHECK(Questions() == kQuestionsPerStep);
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
  Questions();
  for (const End& end : ends) CHECK(lookup.Find(end.tuple) == end.socket);
  // Some walks that grow, of which the last is of everything, and one step for each that the index knows.
  CHECK(Questions() <= 4 * kQuestionsPerStep * ends.size());
  for (const End& end : ends) CHECK(lookup.Find(end.tuple) == end.socket);
  CHECK(Questions() <= kQuestionsPerStep * ends.size());
}

TEST_CASE("clients that connect all the time are found among those that have not been asked for yet") {
  Loop loop;
  loop.Connect(500);
  SocketLookup lookup(loop.get());
  CHECK(lookup.Find(Nobody()) == INVALID_SOCKET);  // the savings are gone
  const End& accepted = loop.ends()[499];
  for (int i = 0; i < 20; ++i) CHECK(lookup.Find(accepted.tuple) == accepted.socket);
  // From here on each burst is paid for by the burst before it.
  for (int burst = 0; burst < 20; ++burst) {
    const size_t before = loop.ends().size();
    loop.Connect(50);
    for (size_t i = before; i < loop.ends().size(); ++i) {
      CHECK(lookup.Find(loop.ends()[i].tuple) == loop.ends()[i].socket);
    }
  }
}

TEST_CASE("misses cost no more than they pay for, and do not keep the newest from being found") {
  Loop loop;
  loop.Connect(1000);
  SocketLookup lookup(loop.get());
  Questions();
  CHECK(lookup.Find(Nobody()) == INVALID_SOCKET);
  CHECK(Questions() >= kQuestionsPerStep * 2000);  // one walk of everything

  constexpr size_t kMisses = 5000;
  for (size_t i = 0; i < kMisses; ++i) CHECK(lookup.Find(Nobody()) == INVALID_SOCKET);
  CHECK(Questions() <= kQuestionsPerStep * (kStepsPerLookup * kMisses + kTime));

  loop.Connect(1);
  const End& accepted = loop.ends()[loop.ends().size() - 2];
  CHECK(lookup.Find(accepted.tuple) == accepted.socket);
}

TEST_CASE("lookups that find their connection at once save for a walk of everything") {
  Loop loop;
  loop.Connect(1000);
  SocketLookup lookup(loop.get());
  CHECK(lookup.Find(Nobody()) == INVALID_SOCKET);
  loop.Connect(1000);
  // None of the last 2,000 is in the index yet, so these are walks, and the oldest of them is too deep to be paid for.
  const std::vector<End> ends = loop.ends();
  for (size_t i = 0; i < 500; ++i) CHECK(lookup.Find(ends[i].tuple) == ends[i].socket);
  const End& oldest = ends[2000];
  CHECK(lookup.Find(oldest.tuple) == oldest.socket);
}

TEST_CASE("a closed connection is not found, nor is its freed handle looked at") {
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
  // As Node does it: uv_close() now, the handle's memory freed in a later turn of the loop.
  SUBCASE("and was never looked up") {}
  SUBCASE("and was looked up before") { CHECK(lookup.Find(end.tuple) == end.socket); }
  uv_close(reinterpret_cast<uv_handle_t*>(end.handle), nullptr);
  CHECK(lookup.Find(end.tuple) == INVALID_SOCKET);
  uv_run(loop.get(), UV_RUN_NOWAIT);
  uv_tcp_init(loop.get(), end.handle);  // for Loop to close
}

TEST_CASE("a SOCKET whose value was used again is found under its new names only") {
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

TEST_CASE("handles of every other kind, and sockets without a connection, are stepped over") {
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
  CHECK(lookup.Find(Nobody()) == INVALID_SOCKET);
}

TEST_CASE("a UDP socket with the very names of a connection is not taken for it") {
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

TEST_CASE("an empty loop has nothing") {
  Loop loop;
  SocketLookup lookup(loop.get());
  CHECK(lookup.Find(Nobody()) == INVALID_SOCKET);
  CHECK(lookup.Find(Nobody()) == INVALID_SOCKET);
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

TEST_CASE("what is no address is refused") {
  Endpoint endpoint;
  for (const char* address : {"", "%", "%1", "1.2.3", "1.2.3.4.5", "localhost", ":::", "::g", "1.2.3.4 "}) {
    CAPTURE(address);
    CHECK_FALSE(ParseEndpoint(address, 1, &endpoint));
  }
  CHECK_FALSE(ParseEndpoint(std::string("127.0.0.1\0", 10), 1, &endpoint));
  CHECK_FALSE(ParseEndpoint(std::string(100000, '1'), 1, &endpoint));
  CHECK(ParseEndpoint("fe80::1%eth0", 1, &endpoint));
}

}  // namespace ws_linger
