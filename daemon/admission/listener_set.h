// SPDX-License-Identifier: MIT
// The listeners of the whole daemon and the rules of each [[listener]]: opens or adopts their
// sockets, keeps the rules up to date with the configuration, and tells all of them what concerns
// all. What becomes of a client is its listener's and the connection table's.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/admission/listener.h"
#include "daemon/connection/connection_table.h"
#include "daemon/dispatch/command_table.h"
#include "daemon/log/event_log.h"
#include "daemon/reactor/event_loop.h"
#include "daemon/systemd/notify.h"

namespace reactord {

class ListenerSet {
 public:
  /// The loop knows the listeners as `first_token` and those that follow it.
  ListenerSet(Token first_token, EventLoop& loop, ConnectionTable& connections, EventLog& events)
      : first_token_(first_token), loop_(loop), connections_(connections), events_(events) {}

  /// The rules of every [[listener]], without which nothing can be opened. `loop_context` is what
  /// their connections use, `commands` holds those that line and raw listeners are bound to. Throws
  /// std::logic_error if such a handler has no command.
  void make_rules(const Config& config, LoopContext& loop_context, const CommandTable& commands);
  /// Opens or adopts the sockets of every [[listener]]; the problem, or "".
  [[nodiscard]] std::string open(const Config& config, std::vector<PassedSocket> passed);
  /// Puts in force what a reload may change.
  void apply(const Config& config);

  void on_event(Token token, Readiness readiness) noexcept;
  /// Connections have gone.
  void on_room() noexcept;
  /// Each takes in who has connected already, and closes.
  void stop() noexcept;
  void clear() { listeners_.clear(); }

  /// The first port that clients find, for INFO; 0 if there is none.
  [[nodiscard]] std::uint16_t tcp_port() const;
  /// In the order of the configuration; also after stop().
  [[nodiscard]] std::vector<SocketAddress> addresses() const;

 private:
  using Passed = std::vector<PassedSocket>;

  [[nodiscard]] std::string open_all(const ListenerSettings& settings, const ListenerRules& rules,
                                     Passed& passed);
  [[nodiscard]] std::string open_one(const Endpoint& endpoint, const ListenerSettings& settings,
                                     const ListenerRules& rules);
  [[nodiscard]] std::string adopt(const ListenerRules& rules, Passed& passed);
  [[nodiscard]] std::string add(UniqueFd fd, bool is_adopted, const ListenerRules& rules);
  void allow_classes();
  void warn_if_open_to_all(const Listener& listener);

  Token first_token_;
  EventLoop& loop_;
  ConnectionTable& connections_;
  EventLog& events_;
  std::chrono::milliseconds write_stall_{0};
  std::vector<std::unique_ptr<ListenerRules>> rules_;  ///< in the order of Config::listeners
  std::vector<std::unique_ptr<Listener>> listeners_;
};

}  // namespace reactord
