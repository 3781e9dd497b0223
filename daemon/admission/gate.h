// SPDX-License-Identifier: MIT
// The last step on the way to a connection, for most clients the only one: judges by the client's
// own address whether it may come in, and tells whoever may not. Knows no accept, and nothing of
// what came before.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "daemon/admission/listener_rules.h"
#include "daemon/admission/stages/stage.h"
#include "daemon/connection/connection_table.h"
#include "daemon/log/event_log.h"

namespace reactord {

class Gate {
 public:
  Gate(ConnectionTable& connections, EventLog& events)
      : connections_(connections), events_(events) {}

  [[nodiscard]] ConnectionTable& connections() const { return connections_; }

  /// Who stands before the gate. `may_be_any`: no address says who it is, and somebody who may
  /// speaks for it.
  struct Newcomer {
    const SocketAddress& peer;
    const ListenerRules& rules;
    bool may_be_any = false;
    bool was_judged = false;  ///< before it shook hands, and counted as new then
  };

  /// Opens a connection on a stream that is made in its place (in_place.h) from `kind` and `args`,
  /// or says why not and closes the stream. Throws std::bad_alloc; the stream is closed without a
  /// word then.
  template <class Kind, class... Args>
  void let_in(const Newcomer& newcomer, IsWatched is_watched, Kind kind, Args&&... args) {
    if (const std::optional<Refusal> refusal = judge(newcomer)) {
      InPlace<Stream, sizeof(SocketStream)> stream(kind, std::forward<Args>(args)...);
      return refuse(*stream, newcomer.rules, *refusal);
    }
    if (!connections_.open_on(newcomer.rules.policy, is_watched, kind, std::forward<Args>(args)...))
      tell_failed(newcomer.rules, connections_.why_not_opened());
  }

  /// Says why, and that nothing more will come. What the client has sent already is read first,
  /// because closing with unread input makes the kernel send RST, which may overtake the reason.
  void refuse(Stream& stream, const ListenerRules& rules, const Refusal& refusal);
  /// For the log alone.
  void tell(const ListenerRules& rules, const std::string& peer, const Refusal& refusal);

  /// Why it may not come in; nothing if it may, and is counted as a new connection.
  [[nodiscard]] std::optional<Refusal> judge(const Newcomer& newcomer) const;
  /// The part of it that is about where it comes from.
  [[nodiscard]] static std::optional<Refusal> judge_address(const Newcomer& newcomer);
  /// For nobody is there room, or the daemon takes no new clients: whoever they are.
  [[nodiscard]] std::optional<Refusal> judge_all(const ListenerRules& rules) const;

  void tell_handshake(const SocketAddress& peer, const Handshake& handshake);
  void tell_failed(const ListenerRules& rules, int error,
                   Event event = Event::accept_failed) noexcept;

 private:
  ConnectionTable& connections_;
  EventLog& events_;
};

}  // namespace reactord
