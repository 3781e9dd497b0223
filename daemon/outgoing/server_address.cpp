// SPDX-License-Identifier: MIT
#include "daemon/outgoing/server_address.h"

#include <fmt/format.h>
#include <sys/un.h>

#include <charconv>
#include <stdexcept>

#include "protocol/escape.h"

namespace reactord {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::size_t kMaxPathBytes = sizeof(sockaddr_un::sun_path) - 1;  // unix(7)
constexpr std::size_t kMaxHostBytes = 253;                                // RFC 1035, 2.3.4
constexpr std::size_t kShownBytes = 60;

bool read_port(std::string_view text, std::uint16_t& port) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  return problem == std::errc() && end == text.data() + text.size() && port > 0;
}

std::string parse_unix(std::string_view path, ServerAddress& out) {
  if (path.empty() || path[0] != '/') return "a socket's path begins with '/'";
  if (path.size() > kMaxPathBytes)
    return fmt::format("a socket's path has at most {} bytes", kMaxPathBytes);
  if (path.find('\0') != std::string_view::npos) return "a path holds no byte 0";
  out = {"", 0, std::string(path)};
  return "";
}

std::string parse_tcp(std::string_view text, ServerAddress& out) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return "the port is missing: HOST:PORT, or unix:/PATH";
  std::string_view host = text.substr(0, colon);
  std::uint16_t port = 0;
  if (!read_port(text.substr(colon + 1), port)) return "a port is a number from 1 to 65535";
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return "an IPv6 address needs brackets: [::1]:6379";
  }
  if (host.empty()) return "the host is missing";
  if (host.size() > kMaxHostBytes) return "the host's name is too long";
  if (host.find('\0') != std::string_view::npos) return "a name holds no byte 0";
  out = {std::string(host), port, ""};
  return "";
}

}  // namespace

std::string parse_server_address(std::string_view text, ServerAddress& out) {
  const std::string problem =
      text.starts_with(kUnix) ? parse_unix(text.substr(kUnix.size()), out) : parse_tcp(text, out);
  if (problem.empty()) return "";
  return fmt::format("'{}' is no address of a server: {}", escaped(text, kShownBytes), problem);
}

ServerAddress server_address(std::string_view text) {
  ServerAddress address;
  const std::string problem = parse_server_address(text, address);
  if (!problem.empty()) throw std::invalid_argument(problem);
  return address;
}

}  // namespace reactord
