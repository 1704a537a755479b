// The unit test of winsock.cc, on Linux with a Winsock that answers what each case needs: the calls that are made, and
// the answers that real sockets give rarely.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "../winsock.h"

#include <doctest/doctest.h>

FakeWinsock fake;

namespace {

constexpr SOCKET kSocket = 44;

// Keeps a call, and checks that it is made on the connection's SOCKET.
void Called(SOCKET socket, const std::string& call) {
  CHECK(socket == kSocket);
  fake.calls.push_back(call);
}

}  // namespace

int setsockopt(SOCKET socket, int level, int name, const char* value, int size) {
  CHECK(level == SOL_SOCKET);
  CHECK(name == SO_LINGER);
  REQUIRE(size == sizeof(linger));
  const auto* option = reinterpret_cast<const linger*>(value);
  Called(socket, "linger " + std::to_string(option->l_onoff) + " " + std::to_string(option->l_linger));
  return fake.setsockopt_result;
}

int shutdown(SOCKET socket, int how) {
  Called(socket, "shutdown " + std::to_string(how));
  return fake.shutdown_result;
}

int WSAPoll(WSAPOLLFD* polls, uint32_t count, int timeout) {
  CHECK(count == 1);
  CHECK(timeout == 0);
  CHECK(polls->events == POLLRDNORM);
  Called(polls->fd, "poll");
  polls->revents = fake.poll_events;
  return fake.poll_result;
}

int recv(SOCKET socket, char* buffer, int size, int flags) {
  CHECK(buffer != nullptr);
  CHECK(size == 1);
  CHECK(flags == MSG_PEEK);
  Called(socket, "peek");
  return fake.recv_result;
}

int WSAIoctl(SOCKET socket, DWORD request, void* in, DWORD in_size, void* out, DWORD out_size, DWORD* returned,
             void* overlapped, void* routine) {
  CHECK(request == SIO_TCP_INFO);
  REQUIRE(in_size == sizeof(DWORD));
  CHECK(*static_cast<DWORD*>(in) == 0);  // the version of the structure
  REQUIRE(out_size == sizeof(TCP_INFO_v0));
  CHECK(overlapped == nullptr);
  CHECK(routine == nullptr);
  Called(socket, "ioctl");
  *static_cast<TCP_INFO_v0*>(out) = fake.info;
  *returned = fake.ioctl_size;
  return fake.ioctl_result;
}

int CancelIoEx(HANDLE file, void* overlapped) {
  CHECK(overlapped == nullptr);  // all that is in flight
  Called(reinterpret_cast<SOCKET>(file), "cancel");
  fake.error = 1168;  // ERROR_NOT_FOUND: nothing was in flight
  return 0;
}

int WSAGetLastError() { return fake.error; }

namespace ws_linger {

TEST_CASE("abort sets SO_LINGER to {on, 0}, then cancels what is in flight") {
  fake = {};
  CHECK(Abort(kSocket) == kOk);
  CHECK(fake.calls == std::vector<std::string>{"linger 1 0", "cancel"});
}

TEST_CASE("abort reports why SO_LINGER cannot be set, and cancels nothing then") {
  fake = {};
  fake.setsockopt_result = SOCKET_ERROR;
  fake.error = WSAENOTSOCK;
  CHECK(Abort(kSocket) == WSAENOTSOCK);
  CHECK(fake.calls == std::vector<std::string>{"linger 1 0"});
}

TEST_CASE("finish shuts down sending alone, and reports why it cannot") {
  fake = {};
  CHECK(Finish(kSocket) == kOk);
  CHECK(fake.calls == std::vector<std::string>{"shutdown 1"});
  fake.shutdown_result = SOCKET_ERROR;
  fake.error = WSAENOTCONN;
  CHECK(Finish(kSocket) == WSAENOTCONN);
}

TEST_CASE("what was acknowledged is what was sent once and is not in flight") {
  fake = {};
  fake.info.BytesOut = 10'000'000'000;
  fake.info.BytesRetrans = 3000;
  fake.info.BytesInFlight = 500;
  fake.info.SndWnd = 1234;
  SendProgress progress{};
  CHECK(ReadSendProgress(kSocket, &progress));
  CHECK(progress.acknowledged == 9'999'996'500);
  CHECK(progress.retransmitted == 3000);
  CHECK(progress.window == 1234);
}

TEST_CASE("what was acknowledged is never negative") {
  fake = {};
  fake.info.BytesOut = 1000;
  fake.info.BytesInFlight = 1000;
  SendProgress progress{};
  CHECK(ReadSendProgress(kSocket, &progress));
  CHECK(progress.acknowledged == 0);
  fake.info.BytesRetrans = 100;  // still in flight for the second time
  CHECK(ReadSendProgress(kSocket, &progress));
  CHECK(progress.acknowledged == 0);
}

TEST_CASE("nothing is known where the request is refused, or answered with less") {
  fake = {};
  SendProgress progress{};
  fake.ioctl_result = SOCKET_ERROR;
  fake.error = WSAEOPNOTSUPP;
  CHECK_FALSE(ReadSendProgress(kSocket, &progress));
  fake = {};
  fake.ioctl_size = sizeof(TCP_INFO_v0) - 1;
  CHECK_FALSE(ReadSendProgress(kSocket, &progress));
}

TEST_CASE("a connection without input is connected, and nothing is received") {
  fake = {};
  CHECK(Probe(kSocket) == ConnectionState::kConnected);
  CHECK(fake.calls == std::vector<std::string>{"poll"});
}

TEST_CASE("a failing poll tells nothing") {
  fake = {};
  fake.poll_result = SOCKET_ERROR;
  CHECK(Probe(kSocket) == ConnectionState::kUnknown);
  CHECK(fake.calls == std::vector<std::string>{"poll"});
}

TEST_CASE("an error of the poll is a reset, and is left to the owner's read") {
  fake = {};
  fake.poll_result = 1;
  fake.poll_events = POLLERR | POLLHUP;
  CHECK(Probe(kSocket) == ConnectionState::kReset);
  CHECK(fake.calls == std::vector<std::string>{"poll"});
}

TEST_CASE("readable input is peeked at: data, FIN, or an error") {
  struct Case {
    int received;
    int error;
    ConnectionState state;
  };
  for (const Case& one :
       {Case{1, 0, ConnectionState::kConnected}, Case{0, 0, ConnectionState::kPeerClosed},
        Case{-1, WSAECONNRESET, ConnectionState::kReset}, Case{-1, WSAECONNABORTED, ConnectionState::kReset},
        Case{-1, WSAENETRESET, ConnectionState::kReset}, Case{-1, WSAEWOULDBLOCK, ConnectionState::kConnected},
        Case{-1, WSAEINVAL, ConnectionState::kUnknown}}) {
    CAPTURE(one.error);
    fake = {};
    fake.poll_result = 1;
    fake.poll_events = POLLRDNORM;
    fake.recv_result = one.received;
    fake.error = one.error;
    CHECK(Probe(kSocket) == one.state);
    CHECK(fake.calls == std::vector<std::string>{"poll", "peek"});
  }
}

}  // namespace ws_linger
