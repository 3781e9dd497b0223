// SPDX-License-Identifier: MIT
#include "host_lookup.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <map>
#include <memory>
#include <stdexcept>

namespace users {

namespace {

std::map<std::string, std::string> parse(const std::string& conninfo) {
  char* problem = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(conninfo.c_str(), &problem), &PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> text(problem, &PQfreemem);
  if (options == nullptr)
    throw std::invalid_argument(text == nullptr ? "conninfo: no memory" : text.get());
  std::map<std::string, std::string> given;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) given[option->keyword] = option->val;
  return given;
}

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> any{};
  return ::inet_pton(AF_INET, host.c_str(), any.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), any.data()) == 1;
}

}  // namespace

std::optional<std::string> host_to_look_up(const std::string& conninfo) {
  const auto given = parse(conninfo);
  const auto host = given.find("host");
  if (host == given.end() || host->second.empty() || given.contains("hostaddr"))
    return std::nullopt;
  if (host->second.find(',') != std::string::npos)
    throw std::invalid_argument("conninfo: one host is asked, not several");
  const char first = host->second.front();
  if (first == '/' || first == '@' || is_address(host->second)) return std::nullopt;
  return host->second;
}

std::string look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0)
    throw std::runtime_error(host + ": " + ::gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  std::array<char, NI_MAXHOST> text{};
  if (const int error = ::getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(),
                                      nullptr, 0, NI_NUMERICHOST);
      error != 0)
    throw std::runtime_error(host + ": " + ::gai_strerror(error));
  return text.data();
}

}  // namespace users
