// SPDX-License-Identifier: MIT
#include "daemon/handlers/relay/backend.h"

#include <fmt/format.h>

#include <utility>

namespace reactord {

namespace {

constexpr std::string_view kLogName = "relay";
/// Between two attempts to connect. A connection that is lost may be had again at once; and a
/// service that systemd starts again, for which clients wait, is found within a second.
constexpr std::chrono::milliseconds kLeastBackOff{10};
constexpr std::chrono::milliseconds kMostBackOff{1000};

constexpr std::string_view kPing[] = {"PING"};

RespClient::Counters sum(RespClient::Counters a, const RespClient::Counters& b) {
  a.requests += b.requests;
  a.refused += b.refused;
  a.replies += b.replies;
  a.errors += b.errors;
  a.thrown_away += b.thrown_away;
  a.timed_out += b.timed_out;
  a.lost += b.lost;
  a.unavailable += b.unavailable;
  a.connections += b.connections;
  a.failed_attempts += b.failed_attempts;
  return a;
}

}  // namespace

Backend::Backend(Service& service, std::shared_ptr<const RelaySettings> settings,
                 const std::string& address)
    : service_(service),
      settings_(std::move(settings)),
      name_(address),
      circuit_({.max_failures = static_cast<std::uint32_t>(settings_->max_failures)}),
      resp2_(service, client_settings(2)) {
  resp2_.on_state(
      [this](bool is_connected, std::string_view why) { on_state(2, is_connected, why); });
  if (settings_->health > std::chrono::milliseconds::zero())
    health_timer_ = service.call_every(settings_->health, [this] { check_health(); });
}

RespClientSettings Backend::client_settings(int protocol) const {
  RespClientSettings settings;
  settings.address = name_;
  settings.connect_timeout = settings_->connect_timeout;
  settings.reply_timeout = settings_->timeout;
  settings.max_pending = static_cast<std::size_t>(settings_->max_pending);
  settings.max_pending_bytes = settings_->max_pending_bytes.bytes;
  settings.least_back_off = kLeastBackOff;
  settings.most_back_off = kMostBackOff;
  settings.protocol = protocol;
  settings.reply_limits.max_bytes = settings_->max_reply.bytes;
  return settings;
}

bool Backend::is_as_in(const RelaySettings& settings) const {
  return settings_->of_each_backend() == settings.of_each_backend();
}

RespClient& Backend::client(bool is_resp3) {
  if (!is_resp3) return resp2_;
  if (resp3_) return *resp3_;
  resp3_ = std::make_unique<RespClient>(service_, client_settings(3));
  resp3_->on_state(
      [this](bool is_connected, std::string_view why) { on_state(3, is_connected, why); });
  return *resp3_;
}

std::size_t Backend::pending() const {
  return resp2_.pending() + (resp3_ ? resp3_->pending() : 0);
}

bool Backend::is_congested() const {
  const std::size_t bytes = resp2_.pending_bytes() + (resp3_ ? resp3_->pending_bytes() : 0);
  return pending() > static_cast<std::size_t>(settings_->max_pending) / 2 ||
         bytes > settings_->max_pending_bytes.bytes / 2;
}

Backend::Ticket Backend::send(std::span<const std::string_view> words, bool is_resp3,
                              RespCallback callback) {
  return {client(is_resp3).request(words, std::move(callback)), is_resp3};
}

void Backend::cancel(Ticket ticket) {
  client(ticket.is_resp3).cancel(ticket.number);
}

void Backend::retire() {
  health_timer_.reset();
  probe_timer_.reset();
}

/// A connection that is lost is one failure, however many requests it costs, and on_state() counts
/// it. One that cannot be had is none: it is tried again without anybody asking.
void Backend::note(const RespResult& result) {
  if (result.status == RespResult::Status::replied) return circuit_.on_answer();
  problem_ = result.problem;
  if (result.status == RespResult::Status::timed_out) count_failure();
}

Backend::Figures Backend::figures() const {
  RespClient::Counters counters = resp2_.counters();
  if (resp3_) counters = sum(counters, resp3_->counters());
  return {.is_connected = resp2_.is_connected(),
          .is_circuit_closed = circuit_.is_closed(),
          .pending = pending(),
          .pending_bytes = resp2_.pending_bytes() + (resp3_ ? resp3_->pending_bytes() : 0),
          .circuit_openings = circuit_.openings(),
          .counters = counters};
}

// --- health ------------------------------------------------------------------------------------

/// The first of many attempts in vain is told, and the end of them.
void Backend::on_state(int protocol, bool is_connected, std::string_view why) {
  if (!is_connected) problem_ = why;
  bool& is_told_away = is_told_away_.at(static_cast<std::size_t>(protocol));
  if (std::exchange(is_told_away, !is_connected) && !is_connected) return;
  if (!is_connected) count_failure();
  if (is_connected && !circuit_.is_closed()) probe_after(std::chrono::milliseconds::zero());
  service_.log(
      is_connected ? HandlerLogLevel::info : HandlerLogLevel::warning, kLogName,
      fmt::format("backend {} (RESP{}): {}", name_, protocol, is_connected ? "connected" : why));
}

void Backend::count_failure() {
  if (!circuit_.on_failure()) return;
  service_.log(HandlerLogLevel::warning, kLogName,
               fmt::format("backend {}: failed {} times in a row, at last: {}; it is asked no more "
                           "until a PING is answered",
                           name_, settings_->max_failures, problem_));
  probe_after(circuit_.probe_delay());
}

void Backend::probe_after(std::chrono::milliseconds delay) {
  probe_timer_ = service_.call_after(delay, [this] { probe(); });
}

/// So that a server which has gone is known before somebody needs it.
void Backend::check_health() {
  if (is_ping_under_way_ || !is_usable()) return;
  is_ping_under_way_ = resp2_.request(kPing, [this](const RespResult& result) {
    is_ping_under_way_ = false;
    note(result);
  }) != 0;
}

void Backend::probe() {
  const std::uint64_t ticket = resp2_.request(kPing, [this](const RespResult& result) {
    on_probe(result.status == RespResult::Status::replied);
  });
  if (ticket == 0) on_probe(false);
}

void Backend::on_probe(bool is_answered) {
  if (circuit_.is_closed()) return;  // another has been answered
  circuit_.on_probe(is_answered);
  if (!is_answered) return probe_after(circuit_.probe_delay());
  service_.log(HandlerLogLevel::info, kLogName,
               fmt::format("backend {}: it has answered a PING, and is asked again", name_));
}

}  // namespace reactord
