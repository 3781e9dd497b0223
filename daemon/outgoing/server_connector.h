// SPDX-License-Identifier: MIT
// Connects to one server: looks its name up beside the loop, and tries each of its addresses in
// turn. Knows sockets, and nothing of what is said over them.
//
//   connect() -> looking up -> trying an address -> done
//                                 '--> the next --'
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "daemon/interface/service.h"
#include "daemon/net/name_lookup.h"
#include "daemon/net/socket_address.h"
#include "daemon/outgoing/connector.h"
#include "daemon/outgoing/server_address.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

/// Blocks: for a worker. look_up_name(), or a test's.
using NameLookup = FoundAddresses (*)(const std::string& host, std::uint16_t port);

class ServerConnector final : public Connector {
 public:
  /// `timeout` is for an attempt: an address gets its share of what is left, so that one that is
  /// silent does not use up the time of those behind it.
  ServerConnector(Service& service, ServerAddress server, std::chrono::milliseconds timeout,
                  NameLookup look_up_name = reactord::look_up_name);

  void connect(std::function<void(ConnectOutcome)> done) override;
  void cancel() override;

 private:
  /// More than a service has behind one name; the others are not tried.
  static constexpr std::size_t kMaxAddresses = 16;

  void look_up();
  void on_found(FoundAddresses found);
  void try_next();
  [[nodiscard]] bool begin();
  void on_event();
  void note(int error);
  void finish(std::unique_ptr<Stream> stream);
  [[nodiscard]] const SocketAddress& current() const { return addresses_[next_ - 1]; }
  [[nodiscard]] std::chrono::milliseconds time_left() const;

  Service& service_;
  ServerAddress server_;
  std::chrono::milliseconds timeout_;
  NameLookup look_up_name_;

  std::function<void(ConnectOutcome)> done_;  ///< none: no attempt is under way
  TimePoint deadline_;
  std::vector<SocketAddress> addresses_;
  std::size_t next_ = 0;
  std::string problem_;  ///< what the attempt has met so far
  /// Outlives an attempt that gives up: a resolver that hangs must not be asked by one worker more
  /// with each attempt. The next one waits for this.
  std::unique_ptr<Task> lookup_;
  UniqueFd fd_;
  std::unique_ptr<Watch> watch_;  ///< of fd_, which it must not outlive
  std::unique_ptr<Timer> timer_;
};

}  // namespace reactord
