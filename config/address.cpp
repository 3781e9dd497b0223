// SPDX-License-Identifier: MIT
#include "config/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <optional>

#include "config/text/toml_text.h"

namespace reactord {
namespace {

constexpr std::size_t kIpv4Bytes = 4;
constexpr int kMappedBits = 96;  ///< ::ffff:0:0/96 (RFC 4291, 2.5.5.2)
constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t kMaxPathBytes = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::string_view kForms =
    "\"127.0.0.1:12345\", \"[::1]:12345\", \"unix:/run/reactord.sock\" or \"systemd\"";

using Ip = std::array<std::uint8_t, 16>;

bool parse_ip(int family, std::string_view text, Ip& out) {
  const std::string terminated(text);
  // A NUL inside would hide what follows it.
  if (terminated.find('\0') != std::string::npos) return false;
  return inet_pton(family, terminated.c_str(), out.data()) == 1;
}

std::string show_ip(int family, const std::uint8_t* bytes) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(family, bytes, text, sizeof text);
  return text;
}

bool is_mapped(const Ip& ip) {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), ip.begin());
}

/// Digits alone, no sign, at most `most`.
std::optional<unsigned> parse_decimal(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

/// A longer text is not repeated.
constexpr std::size_t kMaxRepeatedBytes = 200;

/// "a, b" and "a b" as TOML's ["a", "b"].
std::string list_of(std::string_view text) {
  if (text.size() > kMaxRepeatedBytes) return "[\"...\", \"...\"]";
  std::string list = "[";
  while (!text.empty()) {
    const std::size_t begin = std::min(text.find_first_not_of(", "), text.size());
    text.remove_prefix(begin);
    const std::string_view item = text.substr(0, text.find_first_of(", "));
    text.remove_prefix(item.size());
    if (!item.empty()) list += fmt::format("{}{}", list.size() > 1 ? ", " : "", toml_string(item));
  }
  return list + "]";
}

std::string parse_unix(std::string_view text, Endpoint& out) {
  const std::string_view path = text.substr(kUnixPrefix.size());
  if (path.empty()) return fmt::format("{} has no path", shown(text));
  if (path.front() == '@' || path.find('\0') != std::string_view::npos) {
    return fmt::format("{} is an abstract socket, which no file mode can protect: give a path",
                       shown(text));
  }
  if (path.size() > kMaxPathBytes) {
    return fmt::format("the path of {} has {} bytes; a Unix socket's may have {}", shown(text),
                       path.size(), kMaxPathBytes);
  }
  out = Endpoint{.kind = Endpoint::Kind::unix_path, .path = std::string(path)};
  return {};
}

bool is_decimal(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// A blank alone may be a slip within one address.
bool is_list(std::string_view text) {
  const std::size_t blank = text.find(' ');
  return text.find(',') != std::string_view::npos ||
         (blank != std::string_view::npos && text.find(':', blank) != std::string_view::npos);
}

/// What to write instead of a text that is no address at all, or "".
std::string form_problem(std::string_view text) {
  if (is_list(text))
    return fmt::format("{}: several addresses are a list: {}", shown(text), list_of(text));
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos)
    return fmt::format("{}: write it without {}", shown(text), shown(text.substr(0, scheme + 3)));
  if (text.find('/') != std::string_view::npos)
    return fmt::format("{}: a Unix socket is written \"unix:PATH\"", shown(text));
  if (is_decimal(text))
    return fmt::format("{0} is a port alone: write \"127.0.0.1:{1}\", or \"0.0.0.0:{1}\" for all",
                       shown(text), text);
  return {};
}

/// What to write instead of a host that is no IPv4 address.
std::string host_problem(std::string_view text, std::string_view host) {
  if (host.empty() || host == "*") {
    return fmt::format("{} names no address: write 0.0.0.0 or [::] for all of them", shown(text));
  }
  if (host == "localhost") {
    return fmt::format("{}: names are not looked up: write 127.0.0.1, [::1] or both in a list",
                       shown(text));
  }
  if (host.find(':') != std::string_view::npos) {
    return fmt::format("{}: an IPv6 address goes in brackets: \"[::1]:12345\"", shown(text));
  }
  return fmt::format(
      "{}: expected an IPv4 address before the port (names are not looked up), as in {}",
      shown(text), kForms);
}

std::string ipv6_problem(std::string_view text, std::string_view host) {
  if (host.find('%') != std::string_view::npos) {
    return fmt::format("{}: an address with a zone (%) is not supported", shown(text));
  }
  return fmt::format("{}: expected an IPv6 address between the brackets", shown(text));
}

std::string parse_host(std::string_view text, std::string_view host, Endpoint& out) {
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (!bracketed) {
    out.kind = Endpoint::Kind::ipv4;
    return parse_ip(AF_INET, host, out.ip) ? std::string() : host_problem(text, host);
  }
  host = host.substr(1, host.size() - 2);
  out.kind = Endpoint::Kind::ipv6;
  if (!parse_ip(AF_INET6, host, out.ip)) return ipv6_problem(text, host);
  if (!is_mapped(out.ip)) return {};
  return fmt::format("{}: write an IPv4 address as one: {}", shown(text),
                     show_ip(AF_INET, out.ip.data() + kMappedPrefix.size()));
}

Ip without_host_bits(const Ip& ip, int bits) {
  Ip network{};
  for (int i = 0; i < 128; ++i) {
    const auto byte = static_cast<std::size_t>(i / 8);
    const int bit = 0x80 >> (i % 8);
    if (i < bits && (ip[byte] & bit) != 0)
      network[byte] = static_cast<std::uint8_t>(network[byte] | bit);
  }
  return network;
}

/// The last address of a network.
Ip last_of(Ip ip, int bits) {
  for (int i = bits; i < 128; ++i)
    ip[static_cast<std::size_t>(i / 8)] |= static_cast<std::uint8_t>(0x80 >> (i % 8));
  return ip;
}

/// Fills the mapped form; returns the bits that stand before the text's own, or nothing.
std::optional<int> parse_mapped_ip(std::string_view text, Ip& out) {
  Ip ipv4{};
  if (parse_ip(AF_INET, text, ipv4)) {
    std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), out.begin());
    std::copy_n(ipv4.begin(), kIpv4Bytes, out.begin() + kMappedPrefix.size());
    return kMappedBits;
  }
  if (parse_ip(AF_INET6, text, out)) return 0;
  return std::nullopt;
}

}  // namespace

std::string parse_endpoint(std::string_view text, Endpoint& out) {
  if (text == "systemd") {
    out = Endpoint{.kind = Endpoint::Kind::systemd, .path = {}};
    return {};
  }
  if (text.starts_with(kUnixPrefix)) return parse_unix(text, out);
  if (std::string problem = form_problem(text); !problem.empty()) return problem;
  const std::size_t colon = text.rfind(':');
  const bool colon_in_brackets = text.ends_with(']');
  if (colon == std::string_view::npos || colon_in_brackets) {
    return fmt::format("{} has no port: expected {}", shown(text), kForms);
  }
  Endpoint parsed;
  if (std::string problem = parse_host(text, text.substr(0, colon), parsed); !problem.empty()) {
    return problem;
  }
  const std::optional<unsigned> port = parse_decimal(text.substr(colon + 1), 65535);
  if (!port) return fmt::format("{}: the port must be from 0 to 65535", shown(text));
  parsed.port = static_cast<std::uint16_t>(*port);
  out = std::move(parsed);
  return {};
}

std::string to_string(const Endpoint& endpoint) {
  switch (endpoint.kind) {
    case Endpoint::Kind::ipv4:
      return fmt::format("{}:{}", show_ip(AF_INET, endpoint.ip.data()), endpoint.port);
    case Endpoint::Kind::ipv6:
      return fmt::format("[{}]:{}", show_ip(AF_INET6, endpoint.ip.data()), endpoint.port);
    case Endpoint::Kind::unix_path:
      return std::string(kUnixPrefix) + endpoint.path;
    case Endpoint::Kind::systemd:
      break;
  }
  return "systemd";
}

bool same_place(const Endpoint& a, const Endpoint& b) {
  const auto any_host = [](const Endpoint& at) { return at.ip == Endpoint{}.ip; };
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Endpoint::Kind::unix_path:
      return a.path == b.path;
    case Endpoint::Kind::systemd:
      return true;
    case Endpoint::Kind::ipv4:
    case Endpoint::Kind::ipv6:
      break;
  }
  return a.port == b.port && a.port != 0 && (a.ip == b.ip || any_host(a) || any_host(b));
}

bool is_local(const Endpoint& endpoint) {
  constexpr Ip kIpv6Loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  switch (endpoint.kind) {
    case Endpoint::Kind::ipv4:
      return endpoint.ip[0] == 127;
    case Endpoint::Kind::ipv6:
      return endpoint.ip == kIpv6Loopback;
    case Endpoint::Kind::unix_path:
      return true;
    case Endpoint::Kind::systemd:
      break;
  }
  return false;
}

NetworkSet::NetworkSet(std::span<const IpNetwork> networks) {
  ranges_.reserve(networks.size());
  for (const IpNetwork& network : networks)
    ranges_.push_back({network.ip, last_of(network.ip, network.prefix_bits)});
  std::sort(ranges_.begin(), ranges_.end(),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  // Networks lie within one another or apart, and so a range is over before the next one begins.
  std::size_t kept = 0;
  for (const Range& range : ranges_)
    if (kept == 0 || ranges_[kept - 1].last < range.first)
      ranges_[kept++] = range;
    else
      ranges_[kept - 1].last = std::max(ranges_[kept - 1].last, range.last);
  ranges_.resize(kept);
}

bool NetworkSet::contains(const Ip& mapped_ip) const {
  const auto behind =
      std::upper_bound(ranges_.begin(), ranges_.end(), mapped_ip,
                       [](const Ip& ip, const Range& range) { return ip < range.first; });
  return behind != ranges_.begin() && mapped_ip <= std::prev(behind)->last;
}

std::string parse_network(std::string_view text, IpNetwork& out) {
  if (text.find_first_of(", ") != std::string_view::npos)
    return fmt::format("{}: several address blocks are a list: {}", shown(text), list_of(text));
  const std::size_t slash = text.find('/');
  Ip ip{};
  const std::optional<int> bits_before = parse_mapped_ip(text.substr(0, slash), ip);
  if (!bits_before) {
    return fmt::format(
        "{} is no address block: expected \"10.0.0.0/8\", \"2001:db8::/32\" or an address",
        shown(text));
  }
  int bits = 128;
  if (slash != std::string_view::npos) {
    const int most = 128 - *bits_before;
    const auto own_bits = parse_decimal(text.substr(slash + 1), static_cast<unsigned>(most));
    if (!own_bits) return fmt::format("{}: the prefix must be from 0 to {}", shown(text), most);
    bits = *bits_before + static_cast<int>(*own_bits);
  }
  const IpNetwork network{without_host_bits(ip, bits), static_cast<std::uint8_t>(bits)};
  if (network.ip != ip) {
    return fmt::format("{} has bits set behind its prefix; did you mean '{}'?", shown(text),
                       to_string(network));
  }
  out = network;
  return {};
}

std::string to_string(const IpNetwork& network) {
  const bool ipv4 = network.prefix_bits >= kMappedBits && is_mapped(network.ip);
  const std::string address = ipv4 ? show_ip(AF_INET, network.ip.data() + kMappedPrefix.size())
                                   : show_ip(AF_INET6, network.ip.data());
  if (network.prefix_bits == 128) return address;
  return fmt::format("{}/{}", address, network.prefix_bits - (ipv4 ? kMappedBits : 0));
}

}  // namespace reactord
