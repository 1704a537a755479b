// A libuv loop with real connections to itself, and a count of what is asked of the system about them.
#ifndef WS_LINGER_TEST_LOOP_H_
#define WS_LINGER_TEST_LOOP_H_

#include <uv.h>

#include <vector>

#include "../four_tuple.h"

namespace ws_linger {

// One end of a connection.
struct End {
  uv_tcp_t* handle;
  FourTuple tuple;
  SOCKET socket;
};

class Loop {
 public:
  explicit Loop(const char* address = "127.0.0.1");
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  uv_loop_t* get() { return &loop_; }
  // Opens so many connections at once and waits until they are all accepted. Both ends of each are in ends().
  void Connect(size_t connections, const char* address = "127.0.0.1");
  const std::vector<End>& ends() const { return ends_; }
  // Closes the end and frees its handle.
  void Close(size_t index);
  void CloseAll();
  // A handle that lives as long as the loop, to be initialised.
  uv_any_handle* Add();

 private:
  static void OnConnection(uv_stream_t* listener, int status);

  uv_loop_t loop_;
  uv_tcp_t listener_;
  std::vector<End> ends_;
  std::vector<uv_any_handle*> others_;
  size_t accepted_ = 0;
};

// How often getsockname() and getpeername() were called since the last time that this was asked.
size_t Questions();

FourTuple Tuple(const char* local, uint16_t local_port, const char* peer, uint16_t peer_port);

}  // namespace ws_linger

#endif  // WS_LINGER_TEST_LOOP_H_
