// SPDX-License-Identifier: MIT
// Every kind of event that the daemon tells of, declared once: its name, level, message and id.
// From the list come the log, the counters in INFO, and the reasons for which a connection ends.
// There is no free-text logging besides it.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "config/config.h"

namespace reactord {

// X(name, level, repeats, message). {field} in a message is replaced by the field of that name;
// fields that the message does not mention follow behind it. `often` events are logged at most once
// a second, `many` at most a hundred times, with the number left out; all are always counted.
// clang-format off
#define REACTORD_CLOSE_EVENTS(X)                                                                      \
  X(closed_by_client,      debug,   seldom, "{peer} closed: finished by the client")                  \
  X(closed_cut_off,        debug,   seldom, "{peer} closed: its input ended without TLS' close_notify")   \
  X(closed_quit,           debug,   seldom, "{peer} closed: QUIT")                                    \
  X(closed_by_handler,     debug,   seldom, "{peer} closed: by its handler")                          \
  X(closed_reset,          debug,   seldom, "{peer} lost: {problem}")                                 \
  X(closed_killed,         info,    seldom, "{peer} closed: CLIENT KILL")                             \
  X(closed_protocol_error, info,    often,  "{peer} closed: {problem}")                               \
  X(closed_foreign,        warning, often,  "{peer} closed: it speaks {protocol}")                    \
  X(closed_first_request,  info,    often,  "{peer} closed: no request within deadlines.first_request") \
  X(closed_login,          info,    often,  "{peer} closed: not logged in within deadlines.login")    \
  X(closed_user_gone,      info,    often,  "{peer} closed: {problem}")                               \
  X(closed_frame,          info,    often,  "{peer} closed: request not complete within deadlines.frame") \
  X(closed_idle,           info,    often,  "{peer} closed: idle for deadlines.idle")                 \
  X(closed_write_stall,    info,    often,  "{peer} closed: took no reply for deadlines.write_stall") \
  X(closed_memory,         warning, often,  "{peer} closed: it held the most of limits.max_buffer_memory ({bytes} bytes)") \
   X(closed_out_of_memory,  warning, often,  "{peer} closed: the system has no memory for its requests or replies") \
  X(closed_limit,          warning, often,  "{peer} closed: {problem}")                               \
  X(closed_handover,       warning, often,  "{peer} closed unanswered: the server restarts, and its reply was not ready in time") \
  X(closed_crash,          warning, often,  "{peer} closed: the process before has crashed while it was not at rest") \
  X(closed_drained,        debug,   seldom, "{peer} closed: the server is stopping")                  \
  X(closed_drain_expired,  warning, often,  "{peer} closed unanswered: deadlines.drain expired")      \
  X(closed_at_once,        debug,   seldom, "{peer} closed: stopped at once")

#define REACTORD_EVENTS(X)                                                                            \
  /* life of the process */                                                                           \
  X(starting,              info,    seldom, "reactord {version} starting")                            \
  X(listening,             info,    seldom, "listening on {address}")                                 \
  X(not_listening,         info,    seldom, "no longer listening on {address}")                       \
  X(listener_left_out,     warning, seldom, "not listening on {address}: {problem}")                  \
  X(listener_open_to_all,  warning, seldom, "{address} can be reached from other machines and has no allow list and no users: set listener.allow or listener.require, or listen on 127.0.0.1") \
  X(certificate_expires,   warning, seldom, "the certificate {file} expires in {days} days: renew it, and reload") \
  X(certificate_expired,   error,   seldom, "the certificate {file} has expired, and clients refuse it: renew it, and reload") \
  X(listeners_replaced,    warning, seldom, "--listen stands for all listeners of the file: not opened: {listeners}") \
  X(connections_lowered,   warning, seldom, "max_connections lowered from {wanted} to {possible}: RLIMIT_NOFILE allows {descriptors} descriptors; raise LimitNOFILE or ulimit -n") \
  X(memory_lowered,        warning, seldom, "limits.max_buffer_memory lowered from {wanted} to {possible}: {limit} leaves the process {left}; raise it, or lower max_buffer_memory") \
  X(ready,                 info,    seldom, "ready")                                                  \
  X(start_failed,          error,   seldom, "{problem}")                                              \
  X(reloaded,              info,    seldom, "configuration reloaded on {request}")                    \
  X(config_problem,        error,   seldom, "{problem}")                                              \
  X(reload_failed,         error,   seldom, "{request}: configuration not reloaded, the old one stays; problems: {problems}") \
  X(setting_changed,       info,    seldom, "{path} changed from '{before}' to '{after}'")            \
  X(setting_needs_restart, warning, seldom, "{path} changed from '{before}' to '{after}', which takes effect at the next restart") \
  X(log_level_changed,     info,    seldom, "log.level changed from '{before}' to '{after}' by {who}, until it is changed again") \
  X(access_log_changed,    info,    seldom, "log.access_sample changed from {before} to {after} by {who}, until it is changed again") \
  X(log_levels_changed,    info,    seldom, "log.levels changed from '{before}' to '{after}' by {who}, until they are changed again") \
  X(drain_on,              info,    seldom, "new clients are refused from now on, and who is connected stays: DRAIN ON by {who}") \
  X(drain_off,             info,    seldom, "new clients are taken again: DRAIN OFF by {who}")        \
  X(clients_paused,        warning, seldom, "requests of clients wait from now on, for {ms} ms: CLIENT PAUSE by {who}") \
  X(clients_resumed,       info,    seldom, "requests of clients are served again: {reason}")         \
  X(signal_ignored,        warning, seldom, "{signal} means nothing here, and is ignored from now on: {advice}") \
  X(dump_written,          info,    seldom, "wrote {path}, {bytes} bytes of the daemon's state: {request}") \
  X(dump_failed,           error,   seldom, "cannot write {path}: {problem}; reactor-cli --admin debug dump shows the same: {request}") \
  X(more_like_this,        info,    seldom, "{count} more of {event_name} were left out")             \
  X(log_unwritable,        error,   seldom, "cannot write the log {target}: {problem}; records are lost until it can be written") \
  X(log_writable,          warning, seldom, "the log {target} can be written again; {lost} records were lost") \
  X(out_of_memory,         error,   often,  "the system has no memory for {what}, which is tried again") \
  X(leaving,               info,    seldom, "HEALTH says DRAINING from now on, and nothing else changes until deadlines.leave has passed: {request}") \
  X(draining,              info,    seldom, "stopping on {request}: answering what was received")     \
  X(handing_over,          info,    seldom, "restarting on {request}: connections are left to the process that follows") \
  X(handed_over,           info,    seldom, "{count} connections wait for the process that follows, {drained} were drained") \
  X(handover_failed,       error,   seldom, "connections cannot be left to the process that follows, and are drained: {problem}") \
  X(handover_impossible,   warning, seldom, "server.survive has no effect, and a restart drains connections: {problem}") \
  X(handover_damaged,      error,   seldom, "not all that the process before has left can be read: {problem}") \
  X(given_over,            info,    seldom, "{count} connections go on in process {process}, which has taken over; {left} stay, and are drained") \
  X(handover_undone,       error,   seldom, "no other process takes over, and all are served on: {problem}") \
  X(taken_over,            info,    seldom, "{count} connections go on from the process before; {lost} could not") \
  X(keeping_impossible,    warning, seldom, "connections do not outlive a crash: {problem}")          \
  X(kept_full,             warning, seldom, "{count} connections would outlive a crash, and no more can be kept: {problem}") \
  X(kept_taken_over,       info,    seldom, "{count} connections go on after a crash; {in_work} were not at rest and are closed; {lost} could not go on") \
  X(stopped,               info,    seldom, "stopped")                                                \
  X(work_left,             warning, seldom, "{count} pieces of handlers' offloaded work did not end: the process ends without them") \
  X(stopped_at_once,       warning, seldom, "stopped at once by {signal}, before all was answered")   \
  /* what is refused before there is a connection */                                                  \
  X(refused_full,          warning, often,  "refused {peer}: max_connections reached")                \
  X(refused_admin_full,    warning, often,  "refused {peer}: max_admin_connections reached")          \
  X(waiting_full,          warning, often,  "max_connections reached: new clients wait in the backlog") \
  X(refused_per_address,   warning, often,  "refused {peer}: max_connections_per_address reached")    \
  X(refused_before_login,  warning, often,  "refused {peer}: too many wait to log in (server.max_before_login)") \
  X(refused_draining,      info,    often,  "refused {peer}: DRAIN ON")                               \
  X(refused_not_allowed,   warning, often,  "refused {peer}: not in the listener's allow list")       \
  X(waiting_handshakes,    warning, often,  "max_handshakes reached: new clients wait in the backlog") \
  X(waiting_http,          warning, often,  "max_http_connections reached: new ones of HTTP listeners wait in the backlog") \
  X(refused_proxy_sender,  warning, often,  "refused {peer}: not in the listener's proxy list")       \
  X(refused_proxy_header,  warning, often,  "refused {peer}: PROXY header: {problem}")                \
  X(refused_limit,         warning, often,  "refused {peer}: {problem}")                              \
  X(refused_late,          info,    often,  "refused {peer}: {problem} within deadlines.handshake")   \
  X(refused_lost,          debug,   seldom, "{peer} lost on its way in: {problem}")                   \
  X(refused_stopping,      debug,   seldom, "refused {peer}: the server is stopping")                 \
  X(refused_plain_text,    warning, often,  "refused {peer}: it speaks {problem} at a TLS listener")   \
  X(refused_handshake,     warning, often,  "refused {peer}: TLS handshake failed: {problem}")         \
  X(accept_exhausted,      error,   often,  "cannot accept: {problem}; pausing the listener for a moment") \
  X(accept_failed,         error,   often,  "accept failed: {problem}")                               \
  X(handshake_full,        debug,   seldom, "{peer} has shaken hands: {session}")                     \
  X(handshake_resumed,     debug,   seldom, "{peer} goes on with an earlier session: {session}")      \
  /* connections */                                                                                   \
  X(connected,             debug,   seldom, "{peer} connected")                                       \
  X(resumed,               debug,   seldom, "{peer} goes on from the process before")                 \
  X(not_resumed,           warning, often,  "{peer} closed: it cannot go on from the process before: {problem}") \
  X(logged_in,             debug,   seldom, "{peer} logged in as {user}")                             \
  X(login_refused,         info,    often,  "{peer} was refused: wrong password, or no such user")    \
  REACTORD_CLOSE_EVENTS(X)                                                                            \
  X(limit_refused,         warning, often,  "requests of {peer} are refused by the limit {limit}: {problem}") \
  X(limit_slowed,          info,    often,  "requests of {peer} wait because of the limit {limit}: {problem}") \
  X(limit_dry_run,         info,    often,  "the limit {limit}, a dry run, would {action} {peer}: {problem}") \
  X(request,               info,    seldom, "{peer} {command}: {usec} us")                            \
  /* handlers */                                                                                      \
  X(workers_unavailable,   error,   often,  "{handler}'s work is refused: no thread for it: {problem}") \
  X(handler_debug,         debug,   many,   "{handler}: {message}")                                   \
  X(handler_info,          info,    many,   "{handler}: {message}")                                   \
  X(handler_warning,       warning, many,   "{handler}: {message}")                                   \
  X(handler_threw,         error,   seldom, "{handler} threw {type} in {call}: {problem}{repeats}")   \
  X(handler_broke_rules,   error,   seldom, "{handler} broke a rule in {call}: it {did}; {right}{repeats}") \
  X(handler_slow,          warning, seldom, "{handler} held the loop for {ms} ms, more than log.slow_handler, in {calls}{call}{repeats}")
// clang-format on

enum class Event : std::uint8_t {
#define REACTORD_EVENT_NAME(name, level, repeats, message) name,
  REACTORD_EVENTS(REACTORD_EVENT_NAME)
#undef REACTORD_EVENT_NAME
};

/// Why a connection ended: one of the closed_ events, and nothing else.
enum class CloseReason : std::uint8_t {
#define REACTORD_CLOSE_REASON(name, level, repeats, message) \
  name = static_cast<std::uint8_t>(Event::name),
  REACTORD_CLOSE_EVENTS(REACTORD_CLOSE_REASON)
#undef REACTORD_CLOSE_REASON
};

[[nodiscard]] constexpr Event event_of(CloseReason reason) {
  return static_cast<Event>(reason);
}

enum class Repeats : std::uint8_t { seldom, often, many };

struct EventSpec {
  std::string_view name;
  LogLevel level;
  Repeats repeats;
  std::string_view message;

  /// The field of the message that tells more than who and when: a close reason's detail goes
  /// there.
  [[nodiscard]] constexpr std::string_view detail() const {
    for (const std::string_view field : {"problem", "protocol", "bytes"})
      if (message.find(field) != std::string_view::npos) return field;
    return {};
  }
};

inline constexpr std::array kEvents{
#define REACTORD_EVENT_SPEC(name, level, repeats, message) \
  EventSpec{#name, LogLevel::level, Repeats::repeats, message},
    REACTORD_EVENTS(REACTORD_EVENT_SPEC)
#undef REACTORD_EVENT_SPEC
};

[[nodiscard]] constexpr const EventSpec& spec_of(Event event) {
  return kEvents[static_cast<std::size_t>(event)];
}

/// Which kind of event a record in the journal is of: its MESSAGE_ID (systemd.journal-fields(7)),
/// under which systemd/reactord.catalog explains it. A UUID of version 8 (RFC 9562): a hash of the
/// name, so that an event keeps its id as long as it keeps its name.
struct MessageId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  constexpr auto operator<=>(const MessageId&) const = default;
};

/// FNV-1a.
[[nodiscard]] constexpr std::uint64_t hash_of(std::string_view text, std::uint64_t basis) {
  for (const char c : text) basis = (basis ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return basis;
}

[[nodiscard]] constexpr MessageId message_id_of(std::string_view event_name) {
  const std::uint64_t seed = hash_of("reactord.event.", 0xcbf29ce484222325);
  const std::uint64_t high = hash_of(event_name, seed);
  const std::uint64_t low = hash_of(event_name, high);
  return {(high & ~std::uint64_t{0xf000}) | 0x8000, (low & (~std::uint64_t{0} >> 2)) | 1ull << 63};
}

}  // namespace reactord
