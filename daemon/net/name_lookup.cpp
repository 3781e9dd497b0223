// SPDX-License-Identifier: MIT
#include "daemon/net/name_lookup.h"

#include <netdb.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace reactord {
namespace {

SocketAddress to_address(const addrinfo& entry) {
  SocketAddress address;
  *address.size_for_kernel() = entry.ai_addrlen;
  std::memcpy(address.data(), entry.ai_addr, entry.ai_addrlen);
  return address;
}

FoundAddresses ask(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* list = nullptr;
  const int problem = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (problem == EAI_SYSTEM) return {{}, std::generic_category().message(errno)};
  if (problem != 0) return {{}, ::gai_strerror(problem)};
  FoundAddresses found;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next)
    found.addresses.push_back(to_address(*entry));
  ::freeaddrinfo(list);
  return found;
}

}  // namespace

FoundAddresses look_up_name(const std::string& host, std::uint16_t port) {
  return ask(host, port, 0);
}

FoundAddresses read_ip(const std::string& host, std::uint16_t port) {
  return ask(host, port, AI_NUMERICHOST);
}

}  // namespace reactord
