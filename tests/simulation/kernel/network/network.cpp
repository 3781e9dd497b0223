// SPDX-License-Identifier: MIT
#include "tests/simulation/kernel/network/network.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

namespace simulation {

namespace {

/// Whoever gets no answer tries again after 1, 2, 4, ... seconds, and gives up after this
/// (tcp_syn_retries, tcp(7)).
constexpr Moment kLongestAttempt = std::chrono::seconds(64);

template <class T>
T read(const std::string& bytes) {
  T address{};
  std::memcpy(&address, bytes.data(), std::min(bytes.size(), sizeof address));
  return address;
}

template <class T>
Address make(const T& address) {
  return {reinterpret_cast<const sockaddr*>(&address), sizeof address};
}

}  // namespace

// --- addresses -----------------------------------------------------------------------------------

Address Address::ipv4(std::uint32_t ip, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(ip);
  return make(address);
}

Address Address::ipv6(std::uint64_t low, std::uint16_t port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  for (std::size_t i = 0; i < 8; ++i)
    address.sin6_addr.s6_addr[15 - i] = static_cast<std::uint8_t>(low >> (8 * i));
  return make(address);
}

Address Address::unix_path(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  return {reinterpret_cast<const sockaddr*>(&address),
          static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1)};
}

int Address::family() const {
  return bytes_.size() < sizeof(sa_family_t) ? AF_UNSPEC : read<sockaddr>(bytes_).sa_family;
}

std::uint16_t Address::port() const {
  if (family() == AF_INET) return ntohs(read<sockaddr_in>(bytes_).sin_port);
  if (family() == AF_INET6) return ntohs(read<sockaddr_in6>(bytes_).sin6_port);
  return 0;
}

Address Address::with_port(std::uint16_t port) const {
  if (family() == AF_INET) {
    auto address = read<sockaddr_in>(bytes_);
    address.sin_port = htons(port);
    return make(address);
  }
  auto address = read<sockaddr_in6>(bytes_);
  address.sin6_port = htons(port);
  return make(address);
}

Address Address::with_any_ip() const {
  return family() == AF_INET ? ipv4(INADDR_ANY, port()) : ipv6(0, port());
}

std::string Address::path() const {
  if (family() != AF_UNIX) return {};
  const auto address = read<sockaddr_un>(bytes_);
  return {address.sun_path, ::strnlen(address.sun_path, sizeof address.sun_path)};
}

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family() == AF_UNIX) return "unix:" + path();
  if (family() == AF_INET) {
    const auto address = read<sockaddr_in>(bytes_);
    return fmt::format("{}:{}", ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size()),
                       port());
  }
  const auto address = read<sockaddr_in6>(bytes_);
  return fmt::format("[{}]:{}", ::inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size()),
                     port());
}

void Address::copy_to(sockaddr* into, socklen_t* size) const {
  if (into == nullptr || size == nullptr) return;
  std::string bytes = bytes_;
  if (bytes.empty()) {  // unnamed, of a Unix socket
    const sa_family_t family = AF_UNIX;
    bytes.assign(reinterpret_cast<const char*>(&family), sizeof family);
  }
  std::memcpy(into, bytes.data(), std::min<std::size_t>(bytes.size(), *size));
  *size = static_cast<socklen_t>(bytes.size());
}

// --- connections ---------------------------------------------------------------------------------

bool Network::listen(const Address& address, Acceptor& acceptor) {
  return acceptors_.emplace(address, &acceptor).second;
}

void Network::stop_listening(const Address& address, const Acceptor& acceptor) {
  const auto found = acceptors_.find(address);
  if (found != acceptors_.end() && found->second == &acceptor) acceptors_.erase(found);
}

Acceptor* Network::find(const Address& address) const {
  auto found = acceptors_.find(address);
  if (found == acceptors_.end() && address.family() != AF_UNIX)
    found = acceptors_.find(address.with_any_ip());
  return found == acceptors_.end() ? nullptr : found->second;
}

std::shared_ptr<Endpoint> Network::make_end(const Link& link) {
  return std::make_shared<Endpoint>(timeline_, Random(random_.next()), link);
}

std::shared_ptr<Endpoint> Network::dial(const Address& to, const Address& from, const Link& here,
                                        const Link& there) {
  const std::shared_ptr<Endpoint> end = make_end(here);
  timeline_.after(here.latency,
                  [this, attempt = Attempt{to, from, end, there}] { arrive(attempt); });
  return end;
}

void Network::arrive(const Attempt& attempt) {
  if (attempt.here->is_dead()) return;  // who dialled has gone
  Acceptor* acceptor = find(attempt.to);
  if (acceptor == nullptr) return attempt.here->fail(ECONNREFUSED);
  if (!acceptor->has_room()) {
    if (attempt.patience > kLongestAttempt) return attempt.here->fail(ETIMEDOUT);
    Attempt next = attempt;
    next.patience *= 2;
    return timeline_.after(attempt.patience, [this, next] { arrive(next); });
  }
  const std::shared_ptr<Endpoint> there = make_end(attempt.there);
  Endpoint::connect(attempt.here, there);
  there->on_connected();
  timeline_.after(attempt.there.latency, [here = attempt.here] {
    if (!here->is_dead()) here->on_connected();
  });
  acceptor->on_connection(there, attempt.from);
}

int Network::dial_unix(const Address& to, const Link& link, std::shared_ptr<Endpoint>& end) {
  Acceptor* acceptor = find(to);
  if (acceptor == nullptr) return ECONNREFUSED;
  if (!acceptor->has_room()) return EAGAIN;
  end = make_end(link);
  const std::shared_ptr<Endpoint> there = make_end(link);
  Endpoint::connect(end, there);
  end->on_connected();
  there->on_connected();
  acceptor->on_connection(there, {});
  return 0;
}

}  // namespace simulation
