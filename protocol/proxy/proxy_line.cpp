// SPDX-License-Identifier: MIT
// Version 1: "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443".
#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "protocol/proxy/proxy_header.h"

namespace reactord {

namespace {

constexpr std::string_view kUnknown = "PROXY UNKNOWN";

/// The word up to the next blank, which goes with it.
std::string_view take_word(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(word.size() + 1, rest.size()));
  return word;
}

/// Decimal, without sign or leading zeros (2.1).
std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return port;
}

/// In the mapped form.
std::optional<std::array<std::uint8_t, 16>> read_ip(std::string_view text, bool is_ipv4) {
  std::array<std::uint8_t, 16> ip{};
  if (is_ipv4) ip[10] = ip[11] = 0xff;
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  const int family = is_ipv4 ? AF_INET : AF_INET6;
  if (::inet_pton(family, terminated.c_str(), ip.data() + (is_ipv4 ? 12 : 0)) != 1)
    return std::nullopt;
  return ip;
}

std::string_view read_tcp(std::string_view rest, bool is_ipv4,
                          std::optional<ProxiedClient>& client) {
  // The last word ends where the line does: a blank behind it would be one more.
  if (std::count(rest.begin(), rest.end(), ' ') != 3) return "it has not four words behind TCP";
  const auto source = read_ip(take_word(rest), is_ipv4);
  const auto destination = read_ip(take_word(rest), is_ipv4);
  if (!source || !destination) return "it has no good address";
  const auto source_port = read_port(take_word(rest));
  if (!source_port || !read_port(rest)) return "it has no good port";
  client = ProxiedClient{*source, *source_port};
  return {};
}

}  // namespace

std::string_view read_proxy_line(std::string_view line, std::optional<ProxiedClient>& client) {
  // Whatever follows UNKNOWN is to be ignored (2.1).
  if (line == kUnknown || line.starts_with("PROXY UNKNOWN ")) return {};
  if (line.starts_with("PROXY TCP4 ")) return read_tcp(line.substr(11), true, client);
  if (line.starts_with("PROXY TCP6 ")) return read_tcp(line.substr(11), false, client);
  return "it names none of TCP4, TCP6 and UNKNOWN";
}

}  // namespace reactord
