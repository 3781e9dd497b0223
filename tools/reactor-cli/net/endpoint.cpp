// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/net/endpoint.h"

#include <fmt/format.h>
#include <sys/un.h>

#include <charconv>

namespace reactord::cli {
namespace {

constexpr std::string_view kTcp = "tcp://";
constexpr std::string_view kUnix = "unix:";
constexpr std::size_t kMaxPathBytes = sizeof(sockaddr_un::sun_path) - 1;  // unix(7)
constexpr std::size_t kMaxHostBytes = 253;                                // RFC 1035, 2.3.4

std::string parse_unix(std::string_view path, Endpoint& out) {
  if (path.starts_with("//")) path.remove_prefix(2);
  if (path.empty()) return "the socket's path is missing";
  if (path.size() > kMaxPathBytes) {
    return fmt::format("a socket's path has at most {} bytes", kMaxPathBytes);
  }
  out = Endpoint{"", 0, std::string(path)};
  return "";
}

std::string parse_tcp(std::string_view rest, Endpoint& out) {
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::string_view host = rest.substr(0, rest.rfind(':'));
  std::string_view port;
  bool has_port = host.size() < rest.size();
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos) return "']' is missing behind the IPv6 address";
    host = rest.substr(1, close - 1);
    has_port = rest.size() > close + 1;
    if (has_port && rest[close + 1] != ':') return "only a port may follow ']'";
    if (has_port) port = rest.substr(close + 2);
  } else if (has_port) {
    port = rest.substr(host.size() + 1);
    if (host.find(':') != std::string_view::npos) return "an IPv6 address needs brackets: [::1]";
  }
  if (host.empty()) return "the host is missing";
  if (host.size() > kMaxHostBytes) return "the host's name is too long";
  const std::optional<std::uint16_t> number = has_port ? parse_port(port) : kDefaultPort;
  if (!number) return fmt::format("'{}' is not a port (1 to 65535)", port);
  out = Endpoint{std::string(host), *number, ""};
  return "";
}

}  // namespace

std::string parse_uri(std::string_view uri, Endpoint& out) {
  if (uri.starts_with(kTcp)) return parse_tcp(uri.substr(kTcp.size()), out);
  if (uri.starts_with(kUnix)) return parse_unix(uri.substr(kUnix.size()), out);
  return "expected tcp://HOST:PORT or unix:PATH";
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (problem != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

std::string to_string(const Endpoint& endpoint) {
  if (!endpoint.path.empty()) return fmt::format("unix:{}", endpoint.path);
  if (endpoint.host.find(':') == std::string::npos) {
    return fmt::format("{}:{}", endpoint.host, endpoint.port);
  }
  return fmt::format("[{}]:{}", endpoint.host, endpoint.port);
}

}  // namespace reactord::cli
