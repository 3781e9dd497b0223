// SPDX-License-Identifier: MIT
// How another process takes over from this one without a service manager: HANDOVER, as `reactord
// --take-over` asks it. Whatever goes wrong with that process leaves everybody here, as they were;
// what goes, and how, is in server_handover.cpp.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "daemon/handover/handover_state.h"
#include "daemon/handover/parcel.h"
#include "daemon/server/server.h"

namespace reactord {

namespace {

/// It would take our end for that of the service, and end the successor with it
/// (systemd.exec(5), $SYSTEMD_EXEC_PID).
bool is_run_by_systemd() {
  const char* const number = std::getenv("SYSTEMD_EXEC_PID");
  return number != nullptr && number == std::to_string(::getpid());
}

}  // namespace

/// Whoever takes over takes all: else the process that has them serves on.
std::string Server::why_not_all(const Inheritance& inherited) const {
  if (!inherited.problem.empty()) return inherited.problem;
  TableSize needed;
  for (const auto& saved : inherited.state.connections)
    if (saved) ++(saved->is_admin ? needed.admins : needed.clients);
  const TableSize places = connections_.capacity();
  if (needed.clients <= places.clients && needed.admins <= places.admins) return {};
  return fmt::format(
      "{} clients and {} administrators are connected, and there are places for {} "
      "and {}: see server.max_connections, max_admin_connections and ulimit -n",
      needed.clients, needed.admins, places.clients, places.admins);
}

/// Not now: the connection that asks is being served, and its reply is not sent yet.
std::string Server::hand_over(std::uint64_t client, std::int64_t format, std::string_view who) {
  if (phase_ != Phase::serving) return "the daemon is stopping, or has a successor already";
  if (format < kOldestReader)
    return fmt::format(
        "it reads states up to format {}, and this daemon writes format {}, which takes {}", format,
        kStateFormat, kOldestReader);
  if (is_paused() || is_draining())
    return "CLIENT PAUSE or DRAIN is in force, of which the next process would not know: end it "
           "first";
  if (is_run_by_systemd())
    return "systemd runs this daemon: `systemctl restart` it, with server.survive = \"restart\"";
  Connection* const asker = connections_.find_client(client);
  if (asker == nullptr) return "the connection has gone";
  if (std::string problem = why_no_successor(asker->stream().fd()); !problem.empty())
    return problem;
  (void)loop_.timers().add(loop_.now(),
                           [this, client, request = fmt::format("HANDOVER by {}", who)] {
                             if (!has_memory_for([&] { begin_take_over(client, request); }))
                               put_off("a hand-over");
                           });
  return {};
}

/// The connection is the successor's from now on, and no client's.
void Server::begin_take_over(std::uint64_t client, const std::string& request) {
  Connection* const asker = connections_.find_client(client);
  if (asker == nullptr || asker->is_ending()) return;
  stop_keeping();  // it would shut down what is let go
  auto successor =
      std::make_unique<Successor>(UniqueFd(::fcntl(asker->stream().fd(), F_DUPFD_CLOEXEC, 0)));
  connections_.let_go(*asker);
  connections_.tell_gone(*asker);
  if (phase_ == Phase::parting) return successor->refuse("the daemon has a successor already");
  if (phase_ != Phase::serving) return successor->refuse("the daemon stops");
  successor_ = std::move(successor);
  phase_ = Phase::parting;
  listeners_.rest();
  departure_.hold();
  departure_.look();
  settling_timer_ = loop_.timers().add(loop_.now() + Departure::kMaxSettling, [this] {
    settling_timer_ = 0;
    end_handover_waits();
  });
  events_.record(Event::handing_over, {{"request", request}});
}

/// The loop stands still until it is answered: nothing may change of what two processes have.
std::string Server::give(std::string_view state, std::span<const int> fds) {
  const Parcel parcel = pack(state, fds);
  return parcel.problem.empty() ? successor_->give(parcel.fd) : parcel.problem;
}

/// Those who could not go are served to their end.
void Server::stay_behind(std::size_t gone) {
  const int process = std::exchange(successor_, nullptr)->process();
  std::size_t left = 0;
  connections_.for_each([&left](Connection&) { ++left; });
  departure_.call_off();
  // Without memory for a drain whoever could not go is cut off: the others are served elsewhere.
  if (!has_memory_for([&] { begin_drain(); })) phase_ = Phase::stopped;
  (void)has_memory_for([&] {
    events_.record(Event::given_over, {{"count", std::to_string(gone)},
                                       {"process", std::to_string(process)},
                                       {"left", std::to_string(left)}});
    reports_.stopping();
  });
}

/// Whoever was told that there is something to take is told that there is nothing: a second time
/// would be taken for an answer.
void Server::undo_take_over(std::string_view problem) {
  std::exchange(successor_, nullptr)->refuse(problem);
  loop_.timers().cancel(std::exchange(settling_timer_, 0));
  departure_.call_off();
  phase_ = Phase::serving;
  listeners_.end_rest();
  (void)has_memory_for([&] {
    start_keeping();
    events_.record(Event::handover_undone, {{"problem", std::string(problem)}});
  });
  if (!std::exchange(is_reload_missed_, false)) return;
  reports_.reloading();
  reloads_.ask_in_a_while("SIGHUP");
}

}  // namespace reactord
