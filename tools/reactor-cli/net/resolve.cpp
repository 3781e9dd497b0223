// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/net/resolve.h"

#include <fmt/format.h>
#include <netdb.h>

#include <cerrno>
#include <cstring>

namespace reactord::cli {
namespace {

SocketAddress to_address(const addrinfo& entry) {
  SocketAddress address;
  *address.size_for_kernel() = entry.ai_addrlen;
  std::memcpy(address.data(), entry.ai_addr, entry.ai_addrlen);
  return address;
}

}  // namespace

Resolved resolve(const Endpoint& endpoint) {
  if (!endpoint.path.empty()) return {{SocketAddress::unix_path(endpoint.path)}, ""};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const std::string port = std::to_string(endpoint.port);
  const int problem = ::getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &list);
  if (problem != 0) {
    const char* why = problem == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(problem);
    return {{},
            fmt::format("cannot find the address of '{}': {}; check its spelling, or give an IP "
                        "address with --host",
                        endpoint.host, why)};
  }
  Resolved found;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next)
    found.addresses.push_back(to_address(*entry));
  ::freeaddrinfo(list);
  return found;
}

}  // namespace reactord::cli
