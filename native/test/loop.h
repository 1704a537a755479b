// A libuv loop with real connections to itself, and a count of the system calls that a lookup makes.
#ifndef WS_LINGER_TEST_LOOP_H_
#define WS_LINGER_TEST_LOOP_H_

#include <uv.h>

#include <vector>

#include "../four_tuple.h"

namespace ws_linger {

// One end of a connection of the loop.
struct End {
  uv_tcp_t* handle;
  FourTuple tuple;
  SOCKET socket;
};

// Owns a loop, a listener and the connections. The destructor closes all handles and checks that the loop is empty.
class Loop {
 public:
  explicit Loop(const char* address = "127.0.0.1");
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  uv_loop_t* get() { return &loop_; }
  // Opens `connections` connections at once and waits until all are accepted. Appends the accepted ends to ends(), in
  // the order of their acceptance, and after them the connecting ends.
  void Connect(size_t connections, const char* address = "127.0.0.1");
  const std::vector<End>& ends() const { return ends_; }
  // Closes the end at `index`, frees its handle and removes it from ends().
  void Close(size_t index);
  void CloseAll();
  // Returns memory for another handle, which the test initialises. The loop closes and frees it at its end.
  uv_any_handle* Add();

 private:
  static void OnConnection(uv_stream_t* listener, int status);

  uv_loop_t loop_;
  uv_tcp_t listener_;
  std::vector<End> ends_;
  std::vector<uv_any_handle*> others_;
  size_t accepted_ = 0;
};

// Returns how often getsockname() and getpeername() were called since the last call of this function.
size_t TakeSystemCalls();

// Makes uv_version() answer `version` from now on; with 0, the truth.
void SetLibuvVersion(unsigned version);

// Makes a 4-tuple from addresses in text form.
FourTuple Tuple(const char* local, uint16_t local_port, const char* peer, uint16_t peer_port);

}  // namespace ws_linger

#endif  // WS_LINGER_TEST_LOOP_H_
