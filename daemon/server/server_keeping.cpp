// SPDX-License-Identifier: MIT
// How connections outlive a process that does not end in order (server.survive = "crash"): kept
// beside it in the service manager's store (daemon/keeping/) for as long as it serves, and found
// there by the next one. An end in order is another matter: server_handover.cpp, server_stop.cpp.
#include <algorithm>

#include "daemon/keeping/found_connections.h"
#include "daemon/server/last_words.h"
#include "daemon/server/server.h"
#include "daemon/systemd/descriptor_store.h"

namespace reactord {

namespace {

constexpr std::string_view kKeptName = "reactord-kept";

constexpr std::string_view kWasInWork =
    "ERR the server crashed while a request of this connection was in work; whether it was done is "
    "not known: connect again";

}  // namespace

// --- found

UniqueFd Server::take_kept(std::vector<PassedSocket>& passed) {
  UniqueFd kept;
  std::erase_if(passed, [&](PassedSocket& socket) {
    if (socket.name != kKeptName) return false;
    kept = std::move(socket.fd);
    return true;
  });
  return kept;
}

/// Those at rest go on. Of what was in work nobody can know what became.
void Server::go_on_with_kept(const UniqueFd& queue) {
  if (!queue) return;
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(loop_.now().time_since_epoch());
  FoundConnections found = find_kept(queue.get(), now);
  remove_from_store(kKeptName);
  if (!found.problem.empty()) events_.record(Event::handover_damaged, {{"problem", found.problem}});
  connections_.begin_behind(found.last_client_id);
  std::size_t resumed = 0;
  std::size_t ended = 0;
  for (auto& [fd, kept] : found.connections) {
    const bool is_at_rest = kept.standing == Standing::at_rest;
    if (is_at_rest ? resume(std::move(fd), kept.saved) : end_found(std::move(fd), std::move(kept)))
      ++(is_at_rest ? resumed : ended);
  }
  if (found.connections.empty() && found.problem.empty()) return;
  reports_.took_over(resumed);
  events_.record(Event::kept_taken_over,
                 {{"count", std::to_string(resumed)},
                  {"in_work", std::to_string(ended)},
                  {"lost", std::to_string(found.connections.size() - resumed - ended)}});
}

/// In a connection's place, which sends what there is to say, and waits until it has arrived. What
/// was cut off must not look whole.
bool Server::end_found(UniqueFd fd, KeptConnection kept) {
  const bool has_request = kept.standing == Standing::in_work;
  if (has_request && kept.saved.reply_mode == ReplyMode::on)
    kept.saved.output = last_words(kept.saved, kWasInWork);
  if (!resume(std::move(fd), kept.saved)) return false;
  Connection& connection = *connections_.find_client(kept.saved.client_id);
  if (kept.standing != Standing::sending) {
    connection.end(CloseReason::closed_crash);
  } else {
    connection.stream().reset_on_close();
    connection.abort(CloseReason::closed_crash);
  }
  return true;
}

// --- kept

void Server::start_keeping() {
  if (config_.server.survive != Survive::crash || !has_store_) return;
  std::string problem = kept_.start();
  if (problem.empty()) problem = store_descriptor(kept_.kept_end(), kKeptName);
  if (!problem.empty()) {
    stop_keeping();
    events_.record(Event::keeping_impossible, {{"problem", problem}});
    return;
  }
  keeping_timer_ = loop_.timers().add_repeating(loop_.now() + KeptConnections::kRound,
                                                KeptConnections::kRound, [this] { kept_.look(); });
  // Those who were found or handed over are not to be lost by a crash in the next moment.
  kept_.look();
  (void)has_memory_for([&] {
    while (kept_.has_more()) kept_.go_on();
  });
}

/// Who leaves, or is drained, is not to be found by a process that follows.
void Server::stop_keeping() {
  if (!kept_.is_on()) return;
  loop_.timers().cancel(std::exchange(keeping_timer_, 0));
  kept_.stop();
  remove_from_store(kKeptName);
}

}  // namespace reactord
