// SPDX-License-Identifier: MIT
#include "tools/reactor-load/run/target.h"

#include <fmt/format.h>
#include <poll.h>

#include <cerrno>

#include "daemon/net/connecting_socket.h"
#include "tools/reactor-cli/net/endpoint.h"
#include "tools/reactor-cli/net/resolve.h"
#include "tools/reactor-load/failure.h"

namespace reactord::load {
namespace {

/// 0, or the errno of why nobody accepted.
int try_to_connect(const SocketAddress& address, std::chrono::milliseconds timeout) {
  const ConnectResult result = begin_connect(address);
  if (result.status == ConnectStatus::failed) return result.error;
  if (result.status == ConnectStatus::connected) return 0;
  pollfd one{result.fd.get(), POLLOUT, 0};
  if (::poll(&one, 1, static_cast<int>(timeout.count())) == 0) return ETIMEDOUT;
  return connect_error(result.fd.get());
}

}  // namespace

SocketAddress find_target(const std::string& uri, std::chrono::milliseconds timeout) {
  cli::Endpoint endpoint;
  if (const std::string problem = cli::parse_uri(uri, endpoint); !problem.empty()) {
    throw Stopped(ExitCode::usage, fmt::format("uri '{}': {}", uri, problem));
  }
  const auto [addresses, unknown] = cli::resolve(endpoint);
  if (!unknown.empty()) throw Stopped(ExitCode::cannot_connect, unknown);
  int first_error = 0;
  for (const SocketAddress& address : addresses) {
    const int error = try_to_connect(address, timeout);
    if (error == 0) return address;
    if (first_error == 0) first_error = error;
  }
  throw Stopped(ExitCode::cannot_connect,
                cli::cannot_connect(endpoint, first_error,
                                    "is the server running there? Name another one with --uri"));
}

}  // namespace reactord::load
