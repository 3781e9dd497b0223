// SPDX-License-Identifier: MIT
#include "tools/reactor-load/run/target.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "tools/reactor-cli/net/dial.h"
#include "tools/reactor-cli/net/endpoint.h"
#include "tools/reactor-load/failure.h"

namespace reactord::load {
namespace {

std::vector<cli::Endpoint> endpoints_of(const std::string& uri) {
  if (const std::optional<std::uint16_t> port = cli::loopback_port(uri))
    return cli::loopback(*port);
  cli::Endpoint endpoint;
  if (const std::string problem = cli::parse_uri(uri, endpoint); !problem.empty()) {
    throw Stopped(ExitCode::usage, fmt::format("uri '{}': {}", uri, problem));
  }
  if (!endpoint.password.empty()) {
    throw Stopped(ExitCode::usage,
                  "a uri with a password: reactor-load does not log in; send AUTH as a group's "
                  "first step");
  }
  return {endpoint};
}

/// Null for plain TCP. One handshake is done to see whether the others can be.
std::shared_ptr<const HandshakeContext> handshakes_with(cli::Dialed dialed,
                                                        const cli::TlsFiles& files,
                                                        std::chrono::milliseconds timeout) {
  const cli::Endpoint& endpoint = dialed.endpoint;
  if (!endpoint.is_tls) return nullptr;
  cli::TlsContextResult tls = cli::tls_context_for(endpoint, files);
  if (tls.context == nullptr) throw Stopped(ExitCode::usage, tls.problem);
  const auto handshake = tls.context->begin(std::move(dialed.fd), dialed.address);
  const std::string problem =
      cli::finish_handshake(*handshake, std::chrono::steady_clock::now() + timeout);
  if (!problem.empty())
    throw Stopped(ExitCode::cannot_connect, cli::tls_failure(endpoint, problem));
  return tls.context;
}

}  // namespace

Target find_target(const std::string& uri, std::chrono::milliseconds timeout,
                   const cli::TlsFiles& tls) {
  cli::Dialed dialed = cli::dial(endpoints_of(uri), timeout);
  if (dialed.fd) {
    Target target{
        dialed.address,
        cli::loopback_port(uri) ? fmt::format("tcp://{}", to_string(dialed.endpoint)) : uri,
        nullptr};
    target.handshakes = handshakes_with(std::move(dialed), tls, timeout);
    return target;
  }
  if (dialed.refusals.empty()) throw Stopped(ExitCode::cannot_connect, dialed.unknown);
  throw Stopped(ExitCode::cannot_connect,
                cli::cannot_connect(dialed.refusals,
                                    "is the server running there? Name another one with --uri"));
}

}  // namespace reactord::load
