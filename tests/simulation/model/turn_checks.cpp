// SPDX-License-Identifier: MIT
#include "tests/simulation/model/turn_checks.h"

#include <fmt/format.h>

#include <utility>

#include "tests/simulation/model/verdict.h"
#include "tests/simulation/script/listeners.h"

namespace simulation {

namespace {

/// Turns in a row that move nothing, while no time passes and nothing happens. Walks over all
/// connections and looks at those whose deadline has come are such turns, and each takes many
/// connections at once.
constexpr int kMaxIdleTurns = 40;
/// Of a minute in which nothing happens.
constexpr std::uint64_t kMaxTurnsAtRest = 60;
/// The same of one that looks every second for whom it should keep (server.survive = "crash").
constexpr std::uint64_t kMaxTurnsOfKeeping = 120;
/// The longest of scripts, behind one another: a reply may exceed the high-water mark by itself.
constexpr std::size_t kLongestReplies = 128u << 10;
/// limits.max_buffer_memory of such scripts, and what the connections of one turn may add to it.
constexpr std::size_t kMostShortMemory = (64u << 10) + (1u << 20);
/// Less than this between two turns is no time.
constexpr Moment kNoTime = std::chrono::microseconds(100);

}  // namespace

TurnChecks::TurnChecks(World& world) : world_(world) {
  const std::string high_water = world.script.value_of("limits", "output_high_water");
  high_water_ = high_water.empty() ? 1u << 20 : std::stoul(high_water.substr(1)) << 10;
}

void TurnChecks::after_turn() {
  if (world_.daemon.server == nullptr) return;
  check_connections();
  if (world_.script.has_listener("http")) check_visitors();
  if (world_.script.has_listener("login")) check_logins();
  check_progress();
}

void TurnChecks::check_connections() {
  reactord::ConnectionTable& connections = world_.daemon.server->connections();
  std::size_t held = 0;
  std::uint64_t open = 0;
  CountOfAddress from;
  CountOfAddress limited;
  connections.for_each([&](reactord::Connection& connection) {
    held += connection.buffer_bytes();
    ++open;
    if (!connection.policy().is_admin) ++from[connection.stream().peer_ip()];
    // The listener where one logs in has a limit of its own.
    const bool is_limited = connection.policy().limiter != nullptr &&
                            connection.policy().requirement == reactord::Requirement::nothing;
    if (is_limited) ++limited[connection.stream().peer_ip()];
    if (connection.output_bytes() > high_water_ + kLongestReplies)
      fail("limits", fmt::format("client {} has {} bytes of unsent replies", connection.client_id(),
                                 connection.output_bytes()));
  });
  check_addresses(std::move(from), world_.rules.per_address);
  check_addresses(std::move(limited), world_.rules.limited_connections);
  if (world_.rules.is_memory_short && connections.buffer_bytes() > kMostShortMemory)
    fail("limits", fmt::format("buffers hold {} bytes", connections.buffer_bytes()));
  if (held != connections.buffer_bytes())
    fail("memory", fmt::format("connections hold {} bytes, and {} are accounted for", held,
                               connections.buffer_bytes()));
  if (connections.used().clients > connections.capacity().clients)
    fail("limits", fmt::format("{} clients, of {} at most", connections.used().clients,
                               connections.capacity().clients));
  connections.for_each([&](reactord::Connection& connection) { check_waiting(connection, open); });
}

void TurnChecks::check_addresses(CountOfAddress counts, std::int64_t most) const {
  if (most == 0) return;
  counts.erase(CountOfAddress::key_type{});  // those of Unix sockets, which are not counted
  for (const auto& [ip, count] : counts)
    if (count > most) fail("limits", fmt::format("{} clients of one address", count));
}

/// "Nobody on the ready list is served twice before all were served once" (daemon/README.md): so
/// whoever has input waits for the others once, and those who come meanwhile.
void TurnChecks::check_waiting(reactord::Connection& connection, std::uint64_t open) const {
  auto* socket = world_.kernel.process().descriptors.find_as<Socket>(connection.stream().fd());
  if (socket == nullptr || socket->told_readable_in_turn == 0) return;
  const bool is_held_back =
      connection.policy().limiter != nullptr && world_.rules.beyond_limit == BeyondLimit::slowed;
  const bool is_paused = world_.daemon.server->pause_left().count() > 0;
  const bool has_reason = is_held_back || world_.is_restarting() || is_paused ||
                          connection.is_pending() || connection.output_bytes() > 0 ||
                          connection.is_ending() || connection.input_bytes() > 0;
  if (has_reason) socket->told_readable_in_turn = world_.kernel.turns;
  const std::uint64_t waited = world_.kernel.turns - socket->told_readable_in_turn;
  if (waited > 4 + 2 * open)
    fail("fairness", fmt::format("client {} has waited {} turns, beside {} others",
                                 connection.client_id(), waited, open));
}

void TurnChecks::check_logins() const {
  std::int64_t before_login = 0;
  std::map<std::string, int, std::less<>> of_users;
  world_.daemon.server->connections().for_each([&](const reactord::Connection& connection) {
    if (connection.is_ending()) return;
    if (connection.session().must_log_in())
      ++before_login;
    else
      ++of_users[std::string(connection.session().user())];
  });
  // Who has been somebody, and is nobody again, is not refused for that.
  if (before_login > world_.rules.max_before_login + world_.logouts)
    fail("limits", fmt::format("{} clients that have not logged in", before_login));
  of_users.erase("");
  for (const auto& [user, count] : of_users)
    if (count > world_.rules.connections_of_user)
      fail("limits", fmt::format("{} connections of {}", count, user));
}

/// The library's, which no table of ours knows.
void TurnChecks::check_visitors() const {
  int count = 0;
  world_.kernel.process().descriptors.for_each([&count](const OpenFile& file) {
    const auto* socket = dynamic_cast<const Socket*>(&file);
    if (socket != nullptr && socket->is_connection() && socket->local().port() == kHttpPort)
      ++count;
  });
  if (count > world_.rules.max_visitors)
    fail("limits", fmt::format("{} connections of HTTP", count));
}

void TurnChecks::check_progress() {
  const Moment now = world_.now();
  const std::uint64_t progress = world_.kernel.progress + world_.kernel.timeline.done();
  const bool is_idle = progress == progress_ && now - last_turn_ < kNoTime;
  idle_turns_ = is_idle ? idle_turns_ + 1 : 0;
  progress_ = progress;
  last_turn_ = now;
  if (idle_turns_ > kMaxIdleTurns)
    fail("spinning", fmt::format("{} turns in a row did nothing", idle_turns_));
}

void TurnChecks::end_rest() const {
  const std::uint64_t turns = world_.kernel.turns - turns_at_rest_;
  const bool is_keeping = world_.script.value_of("server", "survive") == "\"crash\"";
  if (turns > kMaxTurnsAtRest + (is_keeping ? kMaxTurnsOfKeeping : 0))
    fail("spinning", fmt::format("{} turns in a minute in which nothing happened", turns));
}

}  // namespace simulation
