// SPDX-License-Identifier: MIT
// The listeners of the whole daemon: brings them from what is open to what a configuration asks
// for, at start and on every reload, and tells all of them what concerns all. What becomes of a
// client is its listener's and the connection table's.
//
//   prepare(): keeps what is bound already, opens what is new -> a problem: nothing has changed
//   commit(): new ones serve, kept ones have their new rules, those that nobody asks for close
//
// Who is connected stays: by the new rules if their address is bound still, else by those that they
// came in with.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "daemon/admission/listener.h"
#include "daemon/admission/listener_rules.h"
#include "daemon/connection/snapshot/saved_connection.h"
#include "daemon/dispatch/command_table.h"
#include "daemon/log/event_log.h"
#include "daemon/reactor/event_loop.h"
#include "daemon/systemd/notify.h"

namespace reactord {

class ListenerSet {
 public:
  /// The loop knows the listeners as `first_token` and those that follow it. `loop_context` is what
  /// their connections use, `commands` holds those that line and raw listeners are bound to.
  ListenerSet(Token first_token, EventLoop& loop, Arrivals& arrivals, ClientLimits& limits,
              Visitors& http, EventLog& events, LoopContext& loop_context,
              const CommandTable& commands)
      : next_token_(first_token),
        loop_(loop),
        arrivals_(arrivals),
        limits_(limits),
        http_(http),
        events_(events),
        loop_context_(loop_context),
        commands_(commands) {}

  /// Opens or adopts the sockets of every [[listener]], and serves; the problem, or "".
  /// `inherited` are those that the process before has listened on: adopted where they are wanted,
  /// and its own until keep_inherited().
  [[nodiscard]] std::string start(const Config& config, std::vector<PassedSocket> passed,
                                  std::vector<UniqueFd> inherited = {});

  /// The process before is no more. Those that nobody wanted are closed.
  void keep_inherited();

  /// Opens what `config` asks for and is not open yet; the problem, or "". Until commit() nobody is
  /// served otherwise than before.
  [[nodiscard]] std::string prepare(const Config& config);
  /// Puts in force what was prepared for the same configuration.
  void commit(const Config& config);
  /// Gives up what was prepared.
  void discard();

  void on_event(Token token, Readiness readiness) noexcept;
  /// Connections have gone.
  void on_room() noexcept;
  /// Each takes in who has connected already, some at each call, and closes. True once all are
  /// closed.
  [[nodiscard]] bool stop_some() noexcept;
  /// Nobody is accepted from now on, and nobody refused: stop_some() or a successor takes them in.
  void rest() noexcept;
  void end_rest() noexcept;
  /// Those that no service manager keeps.
  [[nodiscard]] std::vector<int> own_sockets() const;
  /// A successor listens on all of them: they are let go, and left as they are.
  void leave() noexcept;
  /// All, at once. What connections need of them stays.
  void close() noexcept;
  void clear() { listeners_.clear(); }

  /// Listeners that no configuration wants any more are taking in who has connected already.
  [[nodiscard]] bool has_leaving() const { return !leaving_.empty(); }
  /// Some of those, for one of them.
  void let_leave();

  /// Those under which a connection goes on that has come in under the same name; null if there are
  /// none, or they are of another kind.
  [[nodiscard]] const ListenerRules* rules_for(const SavedConnection& saved) const;
  /// The first port that clients find, for INFO; 0 if there is none.
  [[nodiscard]] std::uint16_t tcp_port() const;
  /// Of sessions: HandshakeContext.
  void forget_old_keys() const;
  /// Those of all that speak TLS.
  [[nodiscard]] std::vector<HandshakeContext::Certificate> certificates() const;
  /// In the order of the configuration; also after stop().
  [[nodiscard]] std::vector<SocketAddress> addresses() const;

 private:
  /// One place of the configuration to come: a listener that stays, or one that was opened for it.
  struct Staged {
    std::size_t settings;  ///< index in Config::listeners
    Endpoint endpoint;
    Listener* kept = nullptr;
    std::unique_ptr<Listener> opened = {};
    [[nodiscard]] Listener* listener() const { return kept != nullptr ? kept : opened.get(); }
  };

  // --- prepare ---
  [[nodiscard]] std::string stage(const Config& config);
  [[nodiscard]] std::string stage_passed(std::size_t settings, const Config& config);
  [[nodiscard]] std::string check_left_over(const Config& config) const;
  void make_room_to_commit();
  [[nodiscard]] Listener* find_bound(const Endpoint& endpoint, const std::string& name) const;
  [[nodiscard]] bool is_kept(const Listener& listener) const;
  void let_leaving_share(bool may_share) const;
  [[nodiscard]] std::string open_missing(const Config& config);
  [[nodiscard]] std::string open(Staged& staged, const ListenerSettings& settings);
  [[nodiscard]] UniqueFd take_inherited(const Endpoint& endpoint);
  [[nodiscard]] static std::string renew_file(const Endpoint& endpoint,
                                              const ListenerSettings& settings);
  [[nodiscard]] std::string change_files(const Config& config);
  [[nodiscard]] std::string adopt(UniqueFd fd, Listener::Place place,
                                  const ListenerSettings& settings,
                                  std::unique_ptr<Listener>& listener);

  // --- commit ---
  void close_leaving();
  void take_over_staged() noexcept;
  void apply_rules(const Config& config);
  void change_kind(Listener& listener, const ListenerKind& kind);
  void retire(std::shared_ptr<ListenerRules> rules);
  void warn_if_open_to_all(const Listener& listener);

  Token next_token_;
  EventLoop& loop_;
  Arrivals& arrivals_;
  ClientLimits& limits_;
  Visitors& http_;  ///< take in the clients of HTTP listeners
  EventLog& events_;
  LoopContext& loop_context_;
  const CommandTable& commands_;
  std::vector<PassedSocket> passed_;  ///< at start, until they have found their listeners
  std::vector<UniqueFd> inherited_;   ///< likewise
  std::vector<Staged> staged_;
  /// Unix sockets whose files prepare() has changed, and how they were.
  std::vector<std::pair<const Listener*, UnixFileOptions>> changed_files_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<Listener>> next_;  ///< empty but while they come into force
  std::vector<std::unique_ptr<Listener>> leaving_;
  std::vector<std::size_t> settings_of_;  ///< by listener: its index in Config::listeners
  /// Rules whose socket has gone, or has others now, while connections live by them.
  std::vector<std::shared_ptr<ListenerRules>> retired_;
};

}  // namespace reactord
