// SPDX-License-Identifier: MIT
#include "tests/simulation/model/world.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace simulation {

namespace {

/// Of a duration that is written in milliseconds, "5000ms".
void read(const Script& script, std::string_view key, Moment& into) {
  const std::string value = script.value_of("deadlines", key);
  if (value == "\"off\"") into = Moment{0};
  if (value.ends_with("ms\""))
    into = std::chrono::milliseconds(std::strtol(value.c_str() + 1, nullptr, 10));
}

void read(const Script& script, std::string_view section, std::string_view key,
          std::int64_t& into) {
  if (const std::string value = script.value_of(section, key); !value.empty())
    into = std::strtol(value.c_str(), nullptr, 10);
}

BeyondLimit beyond_limit(const Script& script) {
  const auto has = [&](std::string_view key) { return !script.value_of("[limit]", key).empty(); };
  if (has("dry_run") || (!has("request_rate") && !has("byte_rate"))) return BeyondLimit::nothing;
  const std::string action = script.value_of("[limit]", "action");
  if (action == "\"slow\"") return BeyondLimit::slowed;
  return action == "\"close\"" ? BeyondLimit::closed : BeyondLimit::refused;
}

/// "300/s"; the burst is as many as in a second where none is named.
void read_rate(const Script& script, Rules& rules) {
  const std::string rate = script.value_of("[limit]", "request_rate");
  if (rate.empty()) return;
  rules.request_rate = rules.request_burst = std::strtol(rate.c_str() + 1, nullptr, 10);
  read(script, "[limit]", "request_burst", rules.request_burst);
}

}  // namespace

Rules rules_of(const Script& script) {
  Rules rules;
  read(script, "first_request", rules.first_request);
  read(script, "frame", rules.frame);
  read(script, "idle", rules.idle);
  read(script, "write_stall", rules.write_stall);
  read(script, "leave", rules.leave);
  read(script, "drain", rules.drain);
  read(script, "linger", rules.linger);
  read(script, "login", rules.login);
  read(script, "handshake", rules.handshake);
  rules.are_handshakes_few = !script.value_of("server", "max_handshakes").empty();
  read(script, "server", "max_before_login", rules.max_before_login);
  read(script, "server", "max_connections", rules.max_connections);
  read(script, "server", "max_connections_per_address", rules.per_address);
  rules.beyond_limit = beyond_limit(script);
  if (script.value_of("[limit]", "dry_run").empty()) {
    read(script, "[limit]", "connections", rules.limited_connections);
    read_rate(script, rules);
    rules.has_connection_rate = !script.value_of("[limit]", "connection_rate").empty();
  }
  if (const std::string most = script.value_of("server", "max_http_connections"); !most.empty()) {
    rules.max_visitors = std::stoi(most);
    rules.are_visitors_few = true;
  }
  rules.is_memory_short = !script.value_of("limits", "max_buffer_memory").empty();
  rules.is_text_for_operators = script.value_of("handlers.text", "mode") == "\"operator\"";
  return rules;
}

void World::tell_to_stop() {
  const bool is_told_again = ++times_told_to_stop > 1;
  const bool is_at_once = rules.leave.count() == 0 || is_told_again || has_drained;
  if (is_at_once || is_restarting_) return note_stop();
  kernel.timeline.after(rules.leave, [this] { note_stop(); });
}

void World::note_stop() {
  if (is_stopping()) return;
  stopping_since = now();
  if (on_stop) on_stop();
}

void World::tell_to_restart() {
  has_restarted = is_restarting_ = true;
}

void World::note_killed() {
  has_crashed = true;
  tell_to_restart();
}

void World::note_serving() {
  is_restarting_ = false;
  served_since = now();
}

bool World::is_restart_at_risk() const {
  if (script.value_of("server", "survive").empty()) return true;
  constexpr std::string_view kRisks[] = {"memory_fails",  "passing_fails", "taking_fails",
                                         "manager_fails", "socket_fails",  "watch_fails",
                                         "thread_fails"};
  return std::ranges::any_of(kRisks, [this](std::string_view name) { return has_fault(name); });
}

bool World::has_fault(std::string_view name) const {
  return std::any_of(script.faults.begin(), script.faults.end(),
                     [name](const auto& fault) { return fault.first == name; });
}

}  // namespace simulation
