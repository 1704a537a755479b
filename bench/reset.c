// The least that resetting connections can cost: SO_LINGER {1, 0} and close in a loop, and nothing else.
//
//   reset idle|stalled|ending COUNT
//
// Prints its port, accepts COUNT connections, prints "ready", waits for a line, resets all of them, and prints the time and the
// CPU that it took, in ns. Repeats this until its input ends. "stalled" first sends 1 MB on each connection, which the peer
// does not read; "ending" also shuts the connection down after it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <winsock2.h>
#include <windows.h>
#define SHUT_WR SD_SEND

static void make_non_blocking(SOCKET s) {
  u_long on = 1;
  ioctlsocket(s, FIONBIO, &on);
}

static unsigned long long now(void) {
  LARGE_INTEGER count, frequency;
  QueryPerformanceCounter(&count);
  QueryPerformanceFrequency(&frequency);
  return (unsigned long long)((double)count.QuadPart * 1e9 / (double)frequency.QuadPart);
}

static unsigned long long cpu(void) {
  FILETIME created, exited, kernel, user;
  GetProcessTimes(GetCurrentProcess(), &created, &exited, &kernel, &user);
  ULARGE_INTEGER k = {{kernel.dwLowDateTime, kernel.dwHighDateTime}};
  ULARGE_INTEGER u = {{user.dwLowDateTime, user.dwHighDateTime}};
  return (k.QuadPart + u.QuadPart) * 100;
}
#else
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
typedef int SOCKET;
#define INVALID_SOCKET (-1)
#define closesocket close

static void make_non_blocking(SOCKET s) { fcntl(s, F_SETFL, fcntl(s, F_GETFL) | O_NONBLOCK); }

static unsigned long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (unsigned long long)t.tv_sec * 1000000000u + (unsigned long long)t.tv_nsec;
}

static unsigned long long cpu(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return ((unsigned long long)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000u +
          (unsigned long long)(r.ru_utime.tv_usec + r.ru_stime.tv_usec)) * 1000u;
}
#endif

static void fail(const char* what) {
  perror(what);
  exit(1);
}

static SOCKET listen_anywhere(void) {
  struct sockaddr_in address = {0};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  SOCKET server = socket(AF_INET, SOCK_STREAM, 0);
  if (server == INVALID_SOCKET) fail("socket");
  if (bind(server, (struct sockaddr*)&address, sizeof address) != 0) fail("bind");
  if (listen(server, 4096) != 0) fail("listen");
#ifdef _WIN32
  int size = sizeof address;
#else
  socklen_t size = sizeof address;
#endif
  if (getsockname(server, (struct sockaddr*)&address, &size) != 0) fail("getsockname");
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return server;
}

static void stall(SOCKET s) {
  static const char kilobytes[64 * 1024];
  make_non_blocking(s);
  for (int sent = 0; sent < 1024 * 1024;) {
    int n = (int)send(s, kilobytes, sizeof kilobytes, 0);
    if (n <= 0) return;
    sent += n;
  }
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  int count = atoi(argv[2]);
  int ending = strcmp(argv[1], "ending") == 0;
  int stalled = ending || strcmp(argv[1], "stalled") == 0;
  SOCKET* sockets = calloc((size_t)count, sizeof *sockets);
#ifdef _WIN32
  WSADATA data;
  WSAStartup(MAKEWORD(2, 2), &data);
#endif
  SOCKET server = listen_anywhere();
  for (;;) {
    for (int i = 0; i < count; i++) {
      sockets[i] = accept(server, NULL, NULL);
      if (sockets[i] == INVALID_SOCKET) fail("accept");
    }
    for (int i = 0; i < count; i++) {
      if (stalled) stall(sockets[i]);
      if (ending) shutdown(sockets[i], SHUT_WR);
    }
    puts("ready");
    fflush(stdout);
    char line[16];
    if (!fgets(line, sizeof line, stdin)) return 0;

    struct linger abortive = {1, 0};
    unsigned long long began = now(), cpu_before = cpu();
    for (int i = 0; i < count; i++) {
      setsockopt(sockets[i], SOL_SOCKET, SO_LINGER, (const char*)&abortive, sizeof abortive);
      closesocket(sockets[i]);
    }
    printf("%llu %llu\n", now() - began, cpu() - cpu_before);
    fflush(stdout);
  }
}
