// SPDX-License-Identifier: MIT
// A client that comes through a proxy, which sends a header first (protocol/proxy/): right ones
// name who it is from then on, and whoever sends another, none or half of one is never served.
#include <fmt/format.h>

#include "tests/simulation/clients/client.h"
#include "tests/simulation/model/verdict.h"
#include "tests/simulation/script/words.h"

namespace simulation {

namespace {

using std::chrono::seconds;

/// Of deadlines; where max_handshakes are reached, a second is all that is left of this one.
constexpr Moment kSlack = seconds(2);
constexpr Moment kNoticed = seconds(5);

/// Of what is in no list: its own address.
constexpr std::string_view kNobody = "-";

}  // namespace

/// "127.0.3.1:4000 PROXY TCP4 ...": whom it names, and its bytes.
void Client::put_header(const Action& action) {
  const std::size_t space = action.text.find(' ');
  named_peer_ = action.text.substr(0, space);
  is_header_wrong_ = action.number == 0;
  const std::string bytes = unescaped(action.text.substr(space + 1));
  unsent_ += bytes;
  asked_ends_.total += bytes.size();
  header_end_ = asked_ends_.total;
}

/// The time of the first request begins behind it.
void Client::note_header() {
  if (header_at_ || handed_ < header_end_) return;
  header_at_ = incomplete_since_ = world_.now();
}

bool Client::is_header_late() const {
  const Moment most = world_.rules.are_handshakes_few ? seconds(1) : world_.rules.handshake;
  return is_proxied_ && header_at_.value_or(world_.now()) - connected_at_ >= most - kSlack;
}

/// Limits of addresses are about the one that is named, which others may share.
bool Client::may_stay_outside() const {
  const Rules& rules = world_.rules;
  return is_header_wrong_ || header_end_ == 0 || is_header_late() || rules.are_handshakes_few ||
         rules.per_address > 0;
}

/// What whoever is no connection yet may be told.
bool Client::may_be_refused_as_proxy(std::string_view words) const {
  if (!is_proxied_ || replies_ > 0) return false;
  if (words.find("ERR the server is stopping") != words.npos)
    return world_.is_stopping() || world_.has_restarted;
  if (words.find("timeout: no whole PROXY header") != words.npos) return is_header_late();
  return is_header_wrong_ &&
         words.find("ERR this listener takes connections that begin") != words.npos;
}

void Client::check_header() const {
  if (is_header_wrong_) fail("proxy", fmt::format("{} is served, and its header is wrong", name()));
}

/// CLIENT INFO.
void Client::check_peer(std::string_view text) const {
  if (!is_proxied_ || named_peer_.empty() || expected_.front().request != "CLIENT INFO") return;
  const std::string peer = named_peer_ == kNobody
                               ? fmt::format("127.0.1.{}:{}", ip_ & 0xff, 10'000 + plan_.number)
                               : named_peer_;
  if (text.starts_with('!') || text == "QUEUED") return;
  if (text.find(fmt::format(" addr={} ", peer)) == text.npos)
    fail("proxy", fmt::format("{} comes from {}, and is {:.100}", name(), peer, text));
}

/// Without a right header nobody stays.
void Client::check_rest_of_arrival() const {
  const bool may_wait = world_.most_clients >= world_.rules.max_connections || world_.has_drained;
  if (may_wait) return;  // in the backlog
  const bool is_whole = header_at_ && !is_header_wrong_ && header_end_ > 0;
  if (is_proxied_ && !is_whole && !world_.rules.are_handshakes_few &&
      world_.now() - connected_at_ > world_.rules.handshake + kNoticed)
    fail("deadlines", fmt::format("{} has no header, and is still connected", name()));
}

}  // namespace simulation
