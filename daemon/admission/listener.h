// SPDX-License-Identifier: MIT
// One listening socket: accepts within its share of a turn, and pauses where the process has run
// out of descriptors. Owns the socket; whom it accepts it hands on: to the gate (gate.h), or first
// to the arrivals (arrivals.h) where its clients have something to bring.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "daemon/admission/arrivals.h"
#include "daemon/admission/gate.h"
#include "daemon/admission/listener_rules.h"
#include "daemon/connection/connection_table.h"
#include "daemon/log/event_log.h"
#include "daemon/net/listening_socket.h"
#include "daemon/reactor/event_loop.h"

namespace reactord {

class Listener {
 public:
  /// Where the configuration, or a socket unit, has it: what a reload finds it by.
  struct Place {
    Endpoint endpoint;
    std::string passed_name;  ///< of an adopted socket, which somebody else keeps when we end
    [[nodiscard]] bool is_adopted() const { return endpoint.kind == Endpoint::Kind::systemd; }
  };

  Listener(Token token, UniqueFd fd, Place place, std::shared_ptr<ListenerRules> rules,
           EventLoop& loop, Arrivals& arrivals, EventLog& events);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  [[nodiscard]] Token token() const { return token_; }
  [[nodiscard]] const Place& place() const { return place_; }
  [[nodiscard]] ListenerRules& rules() const { return *rules_; }
  [[nodiscard]] const std::shared_ptr<ListenerRules>& shared_rules() const { return rules_; }
  /// Whoever comes from now on is served by these.
  void set_rules(std::shared_ptr<ListenerRules> rules) { rules_ = std::move(rules); }
  /// Also after stop().
  [[nodiscard]] const SocketAddress& address() const { return address_; }
  /// -1 after stop().
  [[nodiscard]] int fd() const { return fd_.get(); }

  /// Mode and group of the file of a Unix socket that we made, while it is still ours.
  [[nodiscard]] std::optional<UnixFileOptions> file() const;
  /// Changes the file of a Unix socket that we made; the problem, or "".
  [[nodiscard]] std::string change_file(const UnixFileOptions& options) const;

  /// New clients wait, or there is room again for those who waited, or it is its turn.
  void on_event(Readiness readiness) noexcept;
  /// Connections have gone: those who waited in the backlog may come.
  void on_room() noexcept;
  /// Takes in who has connected already, some at each call, then closes the socket: whoever comes
  /// later is refused at once, and a successor can listen there. What is adopted leaves its backlog
  /// to the successor. True once it is closed.
  [[nodiscard]] bool stop_some() noexcept;
  /// Nobody is accepted any more, but by stop_some(): who comes waits.
  void rest() noexcept { is_resting_ = true; }
  /// Accepts again.
  void end_rest() noexcept;
  /// It is another process's, too, whose file stays whatever becomes of us; until it is ours alone.
  void set_lent(bool is_lent) noexcept { is_lent_ = is_lent; }
  /// A successor has the socket, and its file.
  void leave() noexcept;
  /// Whoever waits is refused.
  void close() noexcept;

 private:
  void accept_some() noexcept;
  [[nodiscard]] bool has_more_at_stop() noexcept;
  [[nodiscard]] bool accept_one() noexcept;
  void take_in(AcceptResult& accepted);
  void take_in_visitor(AcceptResult& accepted);
  [[nodiscard]] std::optional<Event> reason_to_wait() const;
  void wait_for_room(Event why) noexcept;
  void pause() noexcept;
  void schedule() noexcept;

  Token token_;
  UniqueFd fd_;
  Place place_;
  SocketAddress address_;
  std::string path_;  ///< of a Unix socket; here, so that to close wants no memory
  ::ino_t file_ = 0;  ///< of a Unix socket that we made: only that one is ours to remove
  std::shared_ptr<ListenerRules> rules_;
  EventLoop& loop_;
  Arrivals& arrivals_;
  Gate& gate_;
  EventLog& events_;
  TimerQueue::TimerId pause_timer_ = 0;
  int accepted_at_stop_ = 0;
  int lost_in_a_row_ = 0;
  bool may_accept_ = false;  ///< an edge that is not used up
  bool is_waiting_for_room_ = false;
  bool is_scheduled_ = false;
  bool is_resting_ = false;
  bool is_lent_ = false;
};

}  // namespace reactord
