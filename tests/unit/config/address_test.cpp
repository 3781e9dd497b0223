// SPDX-License-Identifier: MIT
#include "config/address.h"

#include <doctest/doctest.h>

#include <string>

namespace reactord {
namespace {

std::string endpoint_problem(std::string_view text) {
  Endpoint endpoint;
  return parse_endpoint(text, endpoint);
}

std::string network_problem(std::string_view text) {
  IpNetwork network;
  return parse_network(text, network);
}

IpNetwork network_of(std::string_view text) {
  IpNetwork network;
  CHECK_EQ(parse_network(text, network), "");
  return network;
}

/// As NetworkSet::contains() wants it.
std::array<std::uint8_t, 16> mapped(std::string_view address) {
  return network_of(address).ip;
}

TEST_CASE("an endpoint is shown as it was written") {
  for (const std::string text :
       {"127.0.0.1:12345", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:12345", "[::]:1",
        "[2001:db8::1]:80", "unix:/run/reactord.sock", "unix:relative.sock", "systemd"}) {
    CAPTURE(text);
    Endpoint endpoint;
    CHECK_EQ(parse_endpoint(text, endpoint), "");
    CHECK_EQ(to_string(endpoint), text);
  }
}

TEST_CASE("an endpoint's parts") {
  Endpoint endpoint;
  REQUIRE_EQ(parse_endpoint("10.1.2.3:4567", endpoint), "");
  CHECK(endpoint.kind == Endpoint::Kind::ipv4);
  CHECK_EQ(endpoint.ip[0], 10);
  CHECK_EQ(endpoint.ip[3], 3);
  CHECK_EQ(endpoint.ip[4], 0);
  CHECK_EQ(endpoint.port, 4567);

  REQUIRE_EQ(parse_endpoint("[0:0:0:0:0:0:0:1]:12345", endpoint), "");
  CHECK(endpoint.kind == Endpoint::Kind::ipv6);
  CHECK_EQ(to_string(endpoint), "[::1]:12345");

  REQUIRE_EQ(parse_endpoint("unix:/a:b", endpoint), "");
  CHECK(endpoint.kind == Endpoint::Kind::unix_path);
  CHECK_EQ(endpoint.path, "/a:b");
}

TEST_CASE("an endpoint that is wrong says what to write") {
  const std::string forms =
      "\"127.0.0.1:12345\", \"[::1]:12345\", \"unix:/run/reactord.sock\" or \"systemd\"";
  struct Row {
    std::string_view text;
    std::string problem;
  };
  const Row rows[] = {
      {"", "'' has no port: expected " + forms},
      {"nowhere", "'nowhere' has no port: expected " + forms},
      {"12345", "'12345' is a port alone: write \"127.0.0.1:12345\", or \"0.0.0.0:12345\" for all"},
      {"/run/x.sock", "'/run/x.sock': a Unix socket is written \"unix:PATH\""},
      {"run/x.sock", "'run/x.sock': a Unix socket is written \"unix:PATH\""},
      {"tcp://127.0.0.1:7001", "'tcp://127.0.0.1:7001': write it without 'tcp://'"},
      {"1.2.3.4:1, [::1]:1",
       "'1.2.3.4:1, [::1]:1': several addresses are a list: [\"1.2.3.4:1\", \"[::1]:1\"]"},
      {"1.2.3.4:1 [::1]:1",
       "'1.2.3.4:1 [::1]:1': several addresses are a list: [\"1.2.3.4:1\", \"[::1]:1\"]"},
      {"[::1]", "'[::1]' has no port: expected " + forms},
      {":1", "':1' names no address: write 0.0.0.0 or [::] for all of them"},
      {"*:12345", "'*:12345' names no address: write 0.0.0.0 or [::] for all of them"},
      {"::1:12345", "'::1:12345': an IPv6 address goes in brackets: \"[::1]:12345\""},
      {"localhost:1",
       "'localhost:1': names are not looked up: write 127.0.0.1, [::1] or both in a list"},
      {"example.org:1",
       "'example.org:1': expected an IPv4 address before the port (names are not looked up), as "
       "in " +
           forms},
      {"1.2.3:1",
       "'1.2.3:1': expected an IPv4 address before the port (names are not looked up), as in " +
           forms},
      {"01.2.3.4:1",
       "'01.2.3.4:1': expected an IPv4 address before the port (names are not looked up), as in " +
           forms},
      {"[fe80::1%lo]:1", "'[fe80::1%lo]:1': an address with a zone (%) is not supported"},
      {"[::g]:1", "'[::g]:1': expected an IPv6 address between the brackets"},
      {"[]:1", "'[]:1': expected an IPv6 address between the brackets"},
      {"[::ffff:1.2.3.4]:1", "'[::ffff:1.2.3.4]:1': write an IPv4 address as one: 1.2.3.4"},
      {"1.2.3.4:", "'1.2.3.4:': the port must be from 0 to 65535"},
      {"1.2.3.4:65536", "'1.2.3.4:65536': the port must be from 0 to 65535"},
      {"1.2.3.4:-1", "'1.2.3.4:-1': the port must be from 0 to 65535"},
      {"1.2.3.4:+1", "'1.2.3.4:+1': the port must be from 0 to 65535"},
      {"1.2.3.4: 1", "'1.2.3.4: 1': the port must be from 0 to 65535"},
      {"1.2.3.4:99999999999", "'1.2.3.4:99999999999': the port must be from 0 to 65535"},
      {"unix:", "'unix:' has no path"},
      {"unix:@name",
       "'unix:@name' is an abstract socket, which no file mode can protect: give a path"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK_EQ(endpoint_problem(row.text), row.problem);
  }
  CHECK_NE(endpoint_problem(std::string_view("unix:/a\0b", 9)), "");
  CHECK_NE(endpoint_problem(std::string_view("1.2.3.4\0:1", 10)), "");
}

TEST_CASE("a Unix path is as long as the kernel takes, and no longer") {
  CHECK_EQ(endpoint_problem("unix:" + std::string(107, 'a')), "");
  CHECK_NE(endpoint_problem("unix:" + std::string(108, 'a')).find("has 108 bytes"),
           std::string::npos);
}

TEST_CASE("a failed parse changes nothing") {
  Endpoint endpoint;
  REQUIRE_EQ(parse_endpoint("10.1.2.3:4567", endpoint), "");
  const Endpoint before = endpoint;
  CHECK_NE(parse_endpoint("10.9.9.9:x", endpoint), "");
  CHECK(endpoint == before);
}

TEST_CASE("what is reachable from this machine alone") {
  struct Row {
    std::string_view text;
    bool local;
  };
  const Row rows[] = {{"127.0.0.1:1", true}, {"127.255.1.1:1", true}, {"128.0.0.1:1", false},
                      {"0.0.0.0:1", false},  {"[::1]:1", true},       {"[::]:1", false},
                      {"[::2]:1", false},    {"unix:/a", true},       {"systemd", false}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    Endpoint endpoint;
    REQUIRE_EQ(parse_endpoint(row.text, endpoint), "");
    CHECK_EQ(is_local(endpoint), row.local);
  }
}

TEST_CASE("a network is shown as it was written") {
  for (const std::string text : {"10.0.0.0/8", "0.0.0.0/0", "192.0.2.7", "2001:db8::/32", "::/0",
                                 "::1", "2001:db8::8000/113", "10.128.0.0/9"}) {
    CAPTURE(text);
    CHECK_EQ(to_string(network_of(text)), text);
  }
  CHECK_EQ(to_string(network_of("192.0.2.7/32")), "192.0.2.7");
  CHECK_EQ(to_string(network_of("::ffff:10.0.0.0/104")), "10.0.0.0/8");
}

TEST_CASE("a network contains its addresses alone") {
  struct Row {
    std::string_view network;
    std::string_view address;
    bool inside;
  };
  const Row rows[] = {
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.128.0.0/9", "10.128.0.1", true},
      {"10.128.0.0/9", "10.127.255.255", false},
      {"192.0.2.7", "192.0.2.7", true},
      {"192.0.2.7", "192.0.2.6", false},
      {"0.0.0.0/0", "203.0.113.1", true},
      {"0.0.0.0/0", "::1", false},
      {"2001:db8::/33", "2001:db8:7fff::1", true},
      {"2001:db8::/33", "2001:db8:8000::1", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "10.0.0.1", true},
      {"10.0.0.0/8", "::ffff:10.1.1.1", true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.network);
    CAPTURE(row.address);
    const IpNetwork network = network_of(row.network);
    CHECK_EQ(NetworkSet({&network, 1}).contains(mapped(row.address)), row.inside);
  }
}

TEST_CASE("an address is found among many networks, which may lie in one another") {
  std::vector<IpNetwork> networks;
  for (const char* text : {"10.1.0.0/16", "10.0.0.0/8", "192.0.2.7", "192.0.2.6", "2001:db8::/33",
                           "10.255.255.255", "192.0.2.7"})
    networks.push_back(network_of(text));
  const NetworkSet set(networks);
  for (const char* inside : {"10.0.0.0", "10.1.2.3", "10.255.255.255", "192.0.2.6", "192.0.2.7",
                             "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"})
    CHECK_MESSAGE(set.contains(mapped(inside)), inside);
  for (const char* outside : {"9.255.255.255", "11.0.0.0", "192.0.2.5", "192.0.2.8", "::", "::1",
                              "2001:db8:8000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"})
    CHECK_MESSAGE(!set.contains(mapped(outside)), outside);
  CHECK(NetworkSet().empty());
  CHECK_FALSE(NetworkSet().contains(mapped("10.0.0.1")));
}

TEST_CASE("two addresses are the same place where the second could not be bound") {
  const auto same = [](std::string_view a, std::string_view b) {
    Endpoint first;
    Endpoint second;
    REQUIRE_EQ(parse_endpoint(a, first), "");
    REQUIRE_EQ(parse_endpoint(b, second), "");
    CHECK_EQ(same_place(first, second), same_place(second, first));
    return same_place(first, second);
  };
  CHECK(same("127.0.0.1:7", "127.0.0.1:7"));
  CHECK(same("127.0.0.1:7", "0.0.0.0:7"));
  CHECK(same("[::1]:7", "[::]:7"));
  CHECK(same("unix:/run/a", "unix:/run/a"));
  CHECK_FALSE(same("127.0.0.1:0", "127.0.0.1:0"));
  CHECK_FALSE(same("127.0.0.1:7", "127.0.0.2:7"));
  CHECK_FALSE(same("127.0.0.1:7", "127.0.0.1:8"));
  CHECK_FALSE(same("0.0.0.0:7", "[::]:7"));
  CHECK_FALSE(same("unix:/run/a", "unix:/run/b"));
}

TEST_CASE("a network that is wrong says why") {
  CHECK_EQ(network_problem("10.0.0.1/8"),
           "'10.0.0.1/8' has bits set behind its prefix; did you mean '10.0.0.0/8'?");
  CHECK_EQ(network_problem("2001:db8::1/32"),
           "'2001:db8::1/32' has bits set behind its prefix; did you mean '2001:db8::/32'?");
  CHECK_EQ(network_problem("10.0.0.0/8, 192.168.0.0/16"),
           "'10.0.0.0/8, 192.168.0.0/16': several address blocks are a list: [\"10.0.0.0/8\", "
           "\"192.168.0.0/16\"]");
  CHECK_EQ(network_problem(std::string(201, ',')).substr(64 + 5),
           ": several address blocks are a list: [\"...\", \"...\"]");
  CHECK_EQ(network_problem("10.0.0.0/33"), "'10.0.0.0/33': the prefix must be from 0 to 32");
  CHECK_EQ(network_problem("::/129"), "'::/129': the prefix must be from 0 to 128");
  CHECK_EQ(network_problem("10.0.0.0/"), "'10.0.0.0/': the prefix must be from 0 to 32");
  for (const std::string_view text : {"", "/8", "10.0.0/8", "host", "[::1]", "10.0.0.1:80"}) {
    CAPTURE(text);
    CHECK_NE(network_problem(text).find("is no address block"), std::string::npos);
  }
}

}  // namespace
}  // namespace reactord
