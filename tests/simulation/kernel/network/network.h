// SPDX-License-Identifier: MIT
// Who listens where, and how a connection comes about: the first packet travels, waits for room in
// a backlog that is full, is refused where nobody listens. Unix paths are addresses like others.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "tests/simulation/kernel/network/endpoint.h"

namespace simulation {

/// An address as the bytes of its sockaddr: what bind(2) and connect(2) are given.
class Address {
 public:
  Address() = default;
  Address(const sockaddr* address, socklen_t size)
      : bytes_(reinterpret_cast<const char*>(address), size) {}
  [[nodiscard]] static Address ipv4(std::uint32_t ip, std::uint16_t port);
  [[nodiscard]] static Address ipv6(std::uint64_t low, std::uint16_t port);
  [[nodiscard]] static Address unix_path(const std::string& path);

  [[nodiscard]] int family() const;
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] Address with_port(std::uint16_t port) const;
  /// The same port of all addresses of the machine.
  [[nodiscard]] Address with_any_ip() const;
  [[nodiscard]] std::string path() const;
  /// As the daemon's log has it.
  [[nodiscard]] std::string text() const;
  void copy_to(sockaddr* into, socklen_t* size) const;
  auto operator<=>(const Address&) const = default;

 private:
  std::string bytes_;
};

/// What takes connections: a listening socket, or a simulated server.
class Acceptor {
 public:
  virtual ~Acceptor() = default;
  [[nodiscard]] virtual bool has_room() const = 0;
  virtual void on_connection(std::shared_ptr<Endpoint> end, const Address& peer) = 0;
};

class Network {
 public:
  Network(Timeline& timeline, Random random) : timeline_(timeline), random_(random) {}

  /// False if somebody listens there.
  [[nodiscard]] bool listen(const Address& address, Acceptor& acceptor);
  void stop_listening(const Address& address, const Acceptor& acceptor);
  [[nodiscard]] Acceptor* find(const Address& address) const;

  /// Begins to connect from `from` to `to`; the owner of what is returned is woken when it stands
  /// or has failed. `there` is the link of the other end.
  [[nodiscard]] std::shared_ptr<Endpoint> dial(const Address& to, const Address& from,
                                               const Link& here, const Link& there);
  /// The same over Unix sockets, where it is decided at once: 0 or an errno.
  [[nodiscard]] int dial_unix(const Address& to, const Link& link, std::shared_ptr<Endpoint>& end);
  [[nodiscard]] std::uint16_t free_port() { return next_port_++; }
  [[nodiscard]] std::uint64_t next_cookie() { return ++last_cookie_; }

 private:
  struct Attempt {
    Address to;
    Address from;
    std::shared_ptr<Endpoint> here;
    Link there;
    Moment patience{std::chrono::seconds(1)};
  };
  void arrive(const Attempt& attempt);
  [[nodiscard]] std::shared_ptr<Endpoint> make_end(const Link& link);

  Timeline& timeline_;
  Random random_;
  std::map<Address, Acceptor*> acceptors_;
  std::uint64_t last_cookie_ = 0;
  std::uint16_t next_port_ = 32'768;  // as of net.ipv4.ip_local_port_range
};

}  // namespace simulation
