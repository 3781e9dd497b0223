// SPDX-License-Identifier: MIT
// A socket of the daemon's: what socket(2) returns, until it listens, or is an end of a connection.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <utility>

#include "tests/simulation/kernel/network/endpoint.h"
#include "tests/simulation/kernel/network/network.h"
#include "tests/simulation/kernel/open_file.h"

namespace simulation {

class Socket final : public OpenFile, public Endpoint::Owner, public Acceptor {
 public:
  Socket(Network& network, int family, int type)
      : network_(network), family_(family), type_(type), cookie_(network.next_cookie()) {}
  ~Socket() override;

  // --- system calls ---
  [[nodiscard]] long bind(const Address& address);
  [[nodiscard]] long listen(int backlog);
  [[nodiscard]] long connect(const Address& to, const Link& here, const Link& there);
  /// EAGAIN where nobody waits.
  [[nodiscard]] long accept(std::shared_ptr<Socket>& accepted, Address& peer);
  [[nodiscard]] long set_option(int level, int name, const void* value, socklen_t size);
  [[nodiscard]] long get_option(int level, int name, int& value);
  [[nodiscard]] long receive(char* into, std::size_t size);
  [[nodiscard]] long peek(char* into, std::size_t size);
  [[nodiscard]] long send(std::string_view bytes);
  [[nodiscard]] long shut_down(int how);
  [[nodiscard]] long unsent_bytes(int& bytes) const;
  /// SO_COOKIE: no two sockets ever have the same.
  [[nodiscard]] std::uint64_t cookie() const { return cookie_; }
  /// SO_LINGER with no time.
  [[nodiscard]] bool resets_on_close() const { return resets_on_close_; }

  [[nodiscard]] std::uint32_t poll() override;
  [[nodiscard]] long read(char* into, std::size_t size) override { return receive(into, size); }
  [[nodiscard]] const Address& local() const { return local_; }
  [[nodiscard]] const Address& peer() const { return peer_; }
  [[nodiscard]] const Endpoint* end() const { return end_.get(); }
  [[nodiscard]] bool is_connection() const { return end_ != nullptr; }

  // --- Acceptor ---
  [[nodiscard]] bool has_room() const override { return waiting_.size() <= backlog_; }
  void on_connection(std::shared_ptr<Endpoint> end, const Address& peer) override;

  void on_wake(std::uint32_t events) override { wake(events); }

  /// Of the model: the turn in which its input was told of and not looked at since; 0: none.
  std::uint64_t told_readable_in_turn = 0;

 private:
  struct Waiting {
    std::shared_ptr<Endpoint> end;
    Address peer;
  };

  void on_last_close() override;
  void inherit(const Socket& listener);
  void apply_options();
  [[nodiscard]] int option(int level, int name) const;

  Network& network_;
  int family_;
  int type_;
  std::uint64_t cookie_;
  Address local_;
  Address peer_;
  bool is_bound_ = false;
  bool is_listening_ = false;
  std::size_t backlog_ = 0;
  std::deque<Waiting> waiting_;
  std::shared_ptr<Endpoint> end_;
  std::map<std::pair<int, int>, int> options_;
  bool resets_on_close_ = false;
};

}  // namespace simulation
