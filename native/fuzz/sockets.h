// Sockets that are made up: the linker option --wrap makes the sources under test ask these for their names.
#ifndef WS_LINGER_FUZZ_SOCKETS_H_
#define WS_LINGER_FUZZ_SOCKETS_H_

#include <cstdint>
#include <cstdlib>
#include <map>

#include "../four_tuple.h"

namespace ws_linger {

// The 4-tuple that each socket has now. One that is not in it is not connected.
extern std::map<SOCKET, FourTuple> names;

// What getsockname() or getpeername() answers: these bytes, with this result.
struct RawName {
  const uint8_t* bytes;
  size_t size;
  int result;
};

// The answers of both in the place of `names`; nullptr for none.
extern const RawName* raw_names;

// How often the names of sockets were asked for.
extern size_t name_calls;

// Reads decisions from the bytes that the fuzzer makes; zeros behind their end.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool over() const { return at_ >= size_; }
  uint8_t Byte() { return at_ < size_ ? data_[at_++] : 0; }

 private:
  const uint8_t* data_;
  size_t size_;
  size_t at_ = 0;
};

// One of 65,536 4-tuples. Neighbours differ in one port, and some are IPv6.
FourTuple TupleOf(uint16_t number);

}  // namespace ws_linger

// Ends the process where a rule does not hold, which libFuzzer reports as a crash.
#define RULE(holds) \
  if (!(holds)) __builtin_trap()

#endif  // WS_LINGER_FUZZ_SOCKETS_H_
