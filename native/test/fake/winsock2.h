// The part of Winsock that winsock.cc uses, for its unit test on Linux. Each function answers what the test has set,
// and keeps what it was given.
#ifndef WS_LINGER_TEST_FAKE_WINSOCK2_H_
#define WS_LINGER_TEST_FAKE_WINSOCK2_H_

#include <cstdint>
#include <string>
#include <vector>

using SOCKET = uintptr_t;
using DWORD = uint32_t;
using HANDLE = void*;
using u_short = uint16_t;

constexpr int SOCKET_ERROR = -1;
constexpr int SOL_SOCKET = 0xffff;
constexpr int SO_LINGER = 0x80;
constexpr int SD_RECEIVE = 0;
constexpr int SD_SEND = 1;
constexpr int SD_BOTH = 2;
constexpr int MSG_PEEK = 2;
constexpr short POLLRDNORM = 0x0100;
constexpr short POLLERR = 0x0001;
constexpr short POLLHUP = 0x0002;
constexpr int WSAEINVAL = 10022;
constexpr int WSAEWOULDBLOCK = 10035;
constexpr int WSAENOTSOCK = 10038;
constexpr int WSAEOPNOTSUPP = 10045;
constexpr int WSAENETRESET = 10052;
constexpr int WSAECONNABORTED = 10053;
constexpr int WSAECONNRESET = 10054;
constexpr int WSAENOTCONN = 10057;

struct linger {
  u_short l_onoff;
  u_short l_linger;
};

struct WSAPOLLFD {
  SOCKET fd;
  short events;
  short revents;
};

// The fields of TCP_INFO_v0 that winsock.cc reads.
struct TCP_INFO_v0 {
  uint32_t BytesInFlight;
  uint32_t SndWnd;
  uint64_t BytesOut;
  uint32_t BytesRetrans;
};

constexpr DWORD SIO_TCP_INFO = 0xD8000027;

// What the functions answer, and what they were given.
struct FakeWinsock {
  int error = 0;  // of WSAGetLastError()
  int setsockopt_result = 0;
  int shutdown_result = 0;
  int poll_result = 0;
  short poll_events = 0;
  int recv_result = 0;
  int ioctl_result = 0;
  DWORD ioctl_size = sizeof(TCP_INFO_v0);
  TCP_INFO_v0 info{};
  std::vector<std::string> calls;
};
extern FakeWinsock fake;

int setsockopt(SOCKET socket, int level, int name, const char* value, int size);
int shutdown(SOCKET socket, int how);
int WSAPoll(WSAPOLLFD* polls, uint32_t count, int timeout);
int recv(SOCKET socket, char* buffer, int size, int flags);
int WSAIoctl(SOCKET socket, DWORD request, void* in, DWORD in_size, void* out, DWORD out_size, DWORD* returned,
             void* overlapped, void* routine);
int CancelIoEx(HANDLE file, void* overlapped);
int WSAGetLastError();

#endif  // WS_LINGER_TEST_FAKE_WINSOCK2_H_
