// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/net/endpoint.h"

#include <fmt/format.h>
#include <sys/un.h>

#include <charconv>

#include "protocol/escape.h"

namespace reactord::cli {
namespace {

constexpr std::string_view kTcp = "tcp://";
constexpr std::string_view kUnix = "unix:";
constexpr std::string_view kRedis = "redis://";
constexpr std::string_view kRediss = "rediss://";
constexpr std::string_view kTls = "tls://";
constexpr const char* kNoScheme =
    "expected tcp://HOST:PORT, tls://HOST:PORT, unix:PATH, redis://HOST:PORT or rediss://HOST:PORT";
constexpr std::string_view kLoopback = "loopback:";
constexpr std::uint16_t kRedisPort = 6379;  // IANA's registration of the scheme
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

std::string parse_tcp(std::string_view rest, std::uint16_t default_port, Endpoint& out) {
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
  const std::optional<std::uint16_t> number = has_port ? parse_port(port) : default_port;
  if (!number) return fmt::format("'{}' is not a port (1 to 65535)", escaped(port));
  out = Endpoint{std::string(host), *number, ""};
  return "";
}

/// RFC 3986, 2.1; nothing where "%" is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    std::uint8_t byte = 0;
    const auto [end, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() < 2 || problem != std::errc() || end != digits.data() + 2) return {};
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

/// "USER:PASSWORD", ":PASSWORD", or "PASSWORD", as redis-cli reads it.
std::string parse_login(std::string_view text, Endpoint& out) {
  const std::size_t colon = text.find(':');
  const bool has_user = colon != std::string_view::npos;
  const auto user = percent_decoded(has_user ? text.substr(0, colon) : "");
  const auto password = percent_decoded(has_user ? text.substr(colon + 1) : text);
  if (!user || !password) return "in front of '@', '%' must be followed by two hexadecimal digits";
  if (password->empty()) return "the password in front of '@' is missing";
  out.user = *user;
  out.password = *password;
  return "";
}

std::string parse_redis(std::string_view rest, Endpoint& out) {
  const std::size_t at = rest.rfind('@');
  const std::string_view place = at == std::string_view::npos ? rest : rest.substr(at + 1);
  const std::size_t slash = place.find('/');
  const std::string_view database = slash == std::string_view::npos ? "" : place.substr(slash + 1);
  if (!database.empty() && database != "0") {
    return fmt::format("a database is asked for ('/{}'), and there are none here",
                       escaped(database));
  }
  if (std::string problem = parse_tcp(place.substr(0, slash), kRedisPort, out); !problem.empty()) {
    return problem;
  }
  return at == std::string_view::npos ? "" : parse_login(rest.substr(0, at), out);
}

}  // namespace

std::string parse_uri(std::string_view uri, Endpoint& out) {
  if (uri.starts_with(kTcp)) return parse_tcp(uri.substr(kTcp.size()), kDefaultPort, out);
  if (uri.starts_with(kRedis)) return parse_redis(uri.substr(kRedis.size()), out);
  if (uri.starts_with(kUnix)) return parse_unix(uri.substr(kUnix.size()), out);
  std::string problem = kNoScheme;
  if (uri.starts_with(kTls)) problem = parse_tcp(uri.substr(kTls.size()), kDefaultPort, out);
  if (uri.starts_with(kRediss)) problem = parse_redis(uri.substr(kRediss.size()), out);
  out.is_tls = problem.empty();
  return problem;
}

std::string loopback_uri(std::uint16_t port) {
  return fmt::format("{}{}", kLoopback, port);
}

std::optional<std::uint16_t> loopback_port(std::string_view uri) {
  if (!uri.starts_with(kLoopback)) return std::nullopt;
  return parse_port(uri.substr(kLoopback.size()));
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (problem != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

std::string to_string(const Endpoint& endpoint) {
  // "unix://" is the scheme alone, and so is not the beginning of a path.
  const char* const slashes = endpoint.path.starts_with("//") ? "//" : "";
  if (!endpoint.path.empty()) return fmt::format("unix:{}{}", slashes, endpoint.path);
  if (endpoint.host.find(':') == std::string::npos) {
    return fmt::format("{}:{}", endpoint.host, endpoint.port);
  }
  return fmt::format("[{}]:{}", endpoint.host, endpoint.port);
}

}  // namespace reactord::cli
