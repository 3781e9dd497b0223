// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/net/tls_dial.h"

#include <fmt/format.h>
#include <poll.h>

#include <string_view>

#include "daemon/tls/context/tls_client.h"

namespace reactord::cli {
namespace {

bool has(std::string_view text, std::string_view words) {
  return text.find(words) != std::string_view::npos;
}

std::string_view advice_on(std::string_view problem) {
  if (has(problem, "issuer") || has(problem, "self-signed") || has(problem, "self signed"))
    return "; if you trust it, name its authority with --cacert FILE";
  if (has(problem, "mismatch")) return "; the name that its certificate has goes to --sni NAME";
  if (has(problem, "expired")) return "; the server needs a new one";
  if (has(problem, "wrong version number") || has(problem, "protocol version"))
    return "; does it speak TLS there? Try tcp://";
  if (has(problem, "certificate required") || has(problem, "handshake failure"))
    return "; it may want a certificate of yours: --cert FILE --key FILE";
  return "";
}

}  // namespace

TlsContextResult tls_context_for(const Endpoint& endpoint, const TlsFiles& files) {
  const std::string server = files.server_name.empty() ? endpoint.host : files.server_name;
  if (server.empty())
    return {nullptr, "a Unix socket has no name that a certificate could have: --sni NAME says it"};
  LoadedTls loaded = load_tls_client(
      {.server = server, .ca_file = files.ca, .certificate = files.certificate, .key = files.key});
  if (!loaded.problems.empty()) return {nullptr, loaded.problems.front()};
  return {std::move(loaded.context), {}};
}

std::string finish_handshake(Handshake& handshake, std::chrono::steady_clock::time_point deadline) {
  HandshakeStep step = handshake.advance();
  while (step == HandshakeStep::wants_read || step == HandshakeStep::wants_write) {
    const auto left = deadline - std::chrono::steady_clock::now();
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    if (milliseconds <= 0) return "it did not answer in time";
    const short wanted = step == HandshakeStep::wants_write ? POLLOUT : POLLIN;
    pollfd one{handshake.fd(), wanted, 0};
    (void)::poll(&one, 1, static_cast<int>(milliseconds));  // whatever ends it, the step tells
    step = handshake.advance();
  }
  return step == HandshakeStep::done ? "" : handshake.problem();
}

std::string tls_failure(const Endpoint& endpoint, const std::string& problem) {
  return fmt::format("no TLS with {}: {}{}", to_string(endpoint), problem, advice_on(problem));
}

}  // namespace reactord::cli
