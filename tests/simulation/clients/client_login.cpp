// SPDX-License-Identifier: MIT
// What a client is told of who it is: logins, how long it has for one, and what one client may have
// ([[limit]]).
#include <fmt/format.h>

#include <utility>

#include "tests/simulation/clients/client.h"
#include "tests/simulation/model/verdict.h"

namespace simulation {

namespace {

using std::chrono::seconds;

/// Of deadlines.
constexpr Moment kSlack = seconds(2);
/// Wrong passwords are answered late, and whoever comes from the same place waits behind them
/// (daemon/users/guesses.h): so many of them may come from one.
constexpr Moment kLongestLogin = seconds(200);
/// A turn's share is granted before it is charged.
constexpr double kSlackOfCount = 2;

}  // namespace

/// What it asks to be.
void Client::note_identity(const std::string& request) {
  if (is_login(request)) ++world_.logins[user_of_login(request)];
  if (request == "RESET") ++world_.logouts;
}

/// What the reply to its first request says of it.
void Client::note_login(const std::string& text) {
  if (!must_log_in_) return;
  const std::string& request = expected_.front().request;
  if (is_login(request) && !text.starts_with('!')) is_logged_in_ = true;
  if (request == "RESET" && std::exchange(is_logged_in_, false)) nobody_since_ = world_.now();
}

/// Of a user's connections: whoever was about to log in is who it was.
bool Client::is_refused_as_user(const std::string& text) {
  if (!must_log_in_ || expected_.empty() || !is_login(expected_.front().request)) return false;
  // The workers could not be asked.
  const bool is_busy = text.starts_with("!BUSY too many logins") &&
                       (world_.has_fault("watch_fails") || world_.has_fault("thread_fails"));
  const int logins = world_.logins[user_of_login(expected_.front().request)];
  const bool is_limited =
      text.starts_with("!LIMIT too many connections") && logins > world_.rules.connections_of_user;
  if (is_limited || is_busy) dialogue_.note_refused_login(expected_);
  return is_limited || is_busy;
}

bool Client::is_login_late() const {
  return must_log_in_ && !is_logged_in_ &&
         world_.now() - nobody_since_ >= world_.rules.login - kSlack;
}

Moment Client::longest_silence(Moment usual) const {
  return must_log_in_ && is_login(expected_.front().request) ? kLongestLogin : usual;
}

/// GCRA: in any time so many by the rate, and a burst.
void Client::count_served() {
  const Rules& rules = world_.rules;
  if (beyond_limit_ == BeyondLimit::nothing || rules.request_rate == 0) return;
  if (is_unix_ && !world_.script.value_of("[limit]", "exempt").empty()) return;
  Served& served = world_.served[is_unix_ ? 0 : ip_];
  if (served.count++ == 0) served.since = connected_at_;
  served.since = std::min(served.since, connected_at_);
  const double elapsed = std::chrono::duration<double>(world_.now() - served.since).count();
  const double most = static_cast<double>(rules.request_burst) +
                      elapsed * static_cast<double>(rules.request_rate) + kSlackOfCount;
  // Another process begins with no debts.
  if (static_cast<double>(served.count) > most && !world_.has_restarted)
    fail("limits", fmt::format("{} requests of one client were served in {:.3f} s, of {:.0f}",
                               served.count, elapsed, most));
}

}  // namespace simulation
