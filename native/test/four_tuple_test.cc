// The unit test of 4-tuples: what is compared, and what text is an address.
#include "../four_tuple.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include "loop.h"

namespace ws_linger {

TEST_CASE("4-tuples are equal when family, address, port and scope of both ends are") {
  const FourTuple tuple = Tuple("fe80::1%4", 1000, "fe80::2%4", 2000);
  CHECK(tuple == Tuple("fe80::1%4", 1000, "fe80::2%4", 2000));
  CHECK_FALSE(tuple == Tuple("fe80::3%4", 1000, "fe80::2%4", 2000));
  CHECK_FALSE(tuple == Tuple("fe80::1%4", 1001, "fe80::2%4", 2000));
  CHECK_FALSE(tuple == Tuple("fe80::1%5", 1000, "fe80::2%4", 2000));
  CHECK_FALSE(tuple == Tuple("fe80::1%4", 1000, "fe80::3%4", 2000));
  CHECK_FALSE(tuple == Tuple("fe80::1%4", 1000, "fe80::2%4", 2001));
  CHECK_FALSE(tuple == Tuple("fe80::1%4", 1000, "fe80::2%5", 2000));
  CHECK_FALSE(tuple == Tuple("fe80::2%4", 2000, "fe80::1%4", 1000));
}

TEST_CASE("addresses of two families differ even where their bytes are the same") {
  const FourTuple v4 = Tuple("1.2.3.4", 1, "1.2.3.4", 1);
  const FourTuple v6 = Tuple("102:304::", 1, "102:304::", 1);
  CHECK_FALSE(v4 == v6);
  FourTuple mixed = v4;
  mixed.peer = v6.peer;
  CHECK_FALSE(v4 == mixed);
}

TEST_CASE("every byte of an address counts") {
  const FourTuple tuple = Tuple("2001:db8::1", 1, "2001:db8::1", 1);
  for (const char* other : {"2001:db8::2", "2001:db8::1:1", "2001:db8:1::1", "3001:db8::1"}) {
    CAPTURE(other);
    CHECK_FALSE(tuple == Tuple(other, 1, "2001:db8::1", 1));
    CHECK_FALSE(tuple == Tuple("2001:db8::1", 1, other, 1));
  }
  CHECK_FALSE(Tuple("127.0.0.1", 1, "127.0.0.1", 1) == Tuple("127.0.0.2", 1, "127.0.0.1", 1));
}

TEST_CASE("what was in the endpoint before does not matter") {
  Endpoint one;
  Endpoint other;
  REQUIRE(ParseEndpoint("fe80::ffff:ffff:ffff:ffff%4", 1, &one));
  REQUIRE(ParseEndpoint("127.0.0.1", 1, &one));
  REQUIRE(ParseEndpoint("127.0.0.1", 1, &other));
  CHECK(FourTuple{one, one} == FourTuple{other, other});
}

TEST_CASE("text that is no address is refused") {
  Endpoint endpoint;
  for (const char* address :
       {"", "%", "%1", "1.2.3", "1.2.3.4.5", "localhost", ":::", "::g", "1.2.3.4 ", "1.2.3.4%1", "fe80::1%",
        "fe80::1%eth0", "fe80::1%4x", "fe80::1%-1", "fe80::1%4294967296", "fe80::1%99999999999999999999"}) {
    CAPTURE(address);
    CHECK_FALSE(ParseEndpoint(address, 1, &endpoint));
  }
  CHECK_FALSE(ParseEndpoint(std::string("127.0.0.1\0", 10), 1, &endpoint));
  CHECK_FALSE(ParseEndpoint(std::string("fe80::1%4\0", 10), 1, &endpoint));
  CHECK_FALSE(ParseEndpoint(std::string(100000, '1'), 1, &endpoint));
}

TEST_CASE("the scope of a link-local address is read as a number") {
  Endpoint endpoint;
  CHECK(ParseEndpoint("fe80::1%4294967295", 1, &endpoint));
  CHECK(endpoint.scope == 4294967295);
  CHECK(ParseEndpoint("fe80::1", 1, &endpoint));
  CHECK(endpoint.scope == 0);
}

}  // namespace ws_linger
