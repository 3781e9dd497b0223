// SPDX-License-Identifier: MIT
// Addresses and networks of any bytes, as the configuration, the relay and reactor-cli read them:
// what is good is printed, read again and the same; and a set of networks holds just the addresses
// of which one of them has the first bits. Each line of the input is a text.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/address.h"
#include "daemon/outgoing/server_address.h"
#include "tests/fuzz/require.h"
#include "tools/reactor-cli/net/endpoint.h"

namespace {

using namespace reactord;
using test::require;
using test::require_same;
using Ip = std::array<std::uint8_t, 16>;

/// Problems stand in one line of a log.
void check_problem(std::string_view problem) {
  require(!problem.empty() && problem.find_first_of("\n\r") == problem.npos,
          "a problem that is no line");
}

void check_endpoint(std::string_view text) {
  Endpoint endpoint;
  if (const std::string problem = parse_endpoint(text, endpoint); !problem.empty())
    return check_problem(problem);
  const std::string printed = to_string(endpoint);
  Endpoint again;
  require_same("", parse_endpoint(printed, again), "what was printed is no address");
  require(again == endpoint, "what was printed is another address");
  require_same(printed, to_string(again), "an address has two texts");
  require(
      endpoint.kind == Endpoint::Kind::systemd || endpoint.port == 0 || same_place(endpoint, again),
      "an address is not its own place");
}

void check_uri(std::string_view text) {
  cli::Endpoint endpoint;
  if (const std::string problem = cli::parse_uri(text, endpoint); !problem.empty())
    return check_problem(problem);
  require(endpoint.host.empty() != endpoint.path.empty(), "neither a host nor a path, or both");
  cli::Endpoint again;
  const bool is_unix = !endpoint.path.empty();
  const std::string printed = to_string(endpoint);
  const std::string uri = is_unix ? printed : (endpoint.is_tls ? "tls://" : "tcp://") + printed;
  require_same("", cli::parse_uri(uri, again), "what was printed is no URI");
  require(again.host == endpoint.host && again.port == endpoint.port && again.path == endpoint.path,
          "what was printed is another server");
}

void check_server(std::string_view text) {
  ServerAddress server;
  if (const std::string problem = parse_server_address(text, server); !problem.empty())
    return check_problem(problem);
  require(server.host.empty() != server.path.empty(), "neither a host nor a path, or both");
  const bool is_ipv6 = server.host.find(':') != server.host.npos;
  const std::string host = is_ipv6 ? "[" + server.host + "]" : server.host;
  ServerAddress again;
  const std::string printed =
      server.host.empty() ? "unix:" + server.path : host + ":" + std::to_string(server.port);
  require_same("", parse_server_address(printed, again), "what was printed is no server");
  require(again == server, "what was printed is another server");
}

/// Bit by bit.
bool is_in(const IpNetwork& network, const Ip& ip) {
  for (std::size_t bit = 0; bit < network.prefix_bits; ++bit) {
    const unsigned mask = 0x80u >> bit % 8;
    if ((network.ip[bit / 8] & mask) != (ip[bit / 8] & mask)) return false;
  }
  return true;
}

bool is_in_one(const std::vector<IpNetwork>& networks, const Ip& ip) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const IpNetwork& network) { return is_in(network, ip); });
}

void check_network(std::string_view text, std::vector<IpNetwork>& networks) {
  IpNetwork network;
  if (const std::string problem = parse_network(text, network); !problem.empty())
    return check_problem(problem);
  IpNetwork again;
  require_same("", parse_network(to_string(network), again), "what was printed is no network");
  require(again == network, "what was printed is another network");
  networks.push_back(network);
}

/// The next address, or the one before; around at the end.
Ip beside(Ip ip, int step) {
  for (std::size_t i = ip.size(); i-- > 0;) {
    const int byte = ip[i] + step;
    ip[i] = static_cast<std::uint8_t>(byte);
    if (byte >= 0 && byte <= 0xff) break;
  }
  return ip;
}

/// Around both ends of a network, and with each of its bits turned.
void check_around(const NetworkSet& set, const std::vector<IpNetwork>& networks,
                  const IpNetwork& network) {
  const auto check = [&](const Ip& ip) {
    require(set.contains(ip) == is_in_one(networks, ip), "an address is in the set, or is not");
  };
  Ip last = network.ip;
  for (std::size_t bit = network.prefix_bits; bit < 128; ++bit)
    last[bit / 8] = static_cast<std::uint8_t>(last[bit / 8] | 0x80u >> bit % 8);
  for (const Ip& end : {network.ip, last}) {
    check(end);
    check(beside(end, -1));
    check(beside(end, 1));
  }
  for (std::size_t bit = 0; bit < 128; ++bit) {
    Ip turned = network.ip;
    turned[bit / 8] = static_cast<std::uint8_t>(turned[bit / 8] ^ 0x80u >> bit % 8);
    check(turned);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostBytes = 500;
  if (size > kMostBytes) return 0;
  std::vector<IpNetwork> networks;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const std::string text(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(std::min(text.size() + 1, rest.size()));
    check_endpoint(text);
    check_uri(text);
    check_server(text);
    check_network(text, networks);
  }
  const NetworkSet set(networks);
  require(set.empty() == networks.empty(), "a set is empty, or is not");
  for (const IpNetwork& network : networks) check_around(set, networks, network);
  return 0;
}
