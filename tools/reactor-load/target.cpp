// SPDX-License-Identifier: MIT
#include "tools/reactor-load/target.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "daemon/reactor/connecting_socket.h"
#include "tools/reactor-cli/endpoint.h"
#include "tools/reactor-load/failure.h"

namespace reactord::load {
namespace {

SocketAddress to_address(const addrinfo& entry) {
  SocketAddress address;
  *address.size_for_kernel() = entry.ai_addrlen;
  std::memcpy(address.data(), entry.ai_addr, entry.ai_addrlen);
  return address;
}

std::vector<SocketAddress> resolve(const cli::Endpoint& endpoint) {
  if (!endpoint.path.empty()) return {SocketAddress::unix_path(endpoint.path)};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const std::string port = std::to_string(endpoint.port);
  const int problem = ::getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &list);
  if (problem != 0) {
    throw Stopped(
        ExitCode::cannot_connect,
        fmt::format("cannot find the address of '{}': {}", endpoint.host,
                    problem == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(problem)));
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    addresses.push_back(to_address(*entry));
  }
  ::freeaddrinfo(list);
  return addresses;
}

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
  int first_error = 0;
  for (const SocketAddress& address : resolve(endpoint)) {
    const int error = try_to_connect(address, timeout);
    if (error == 0) return address;
    if (first_error == 0) first_error = error;
  }
  throw Stopped(ExitCode::cannot_connect,
                fmt::format("cannot connect to {}: {}; is the server running there? Name another "
                            "one with --uri",
                            cli::to_string(endpoint), std::strerror(first_error)));
}

}  // namespace reactord::load
