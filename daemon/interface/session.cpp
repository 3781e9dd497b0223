// SPDX-License-Identifier: MIT
#include "daemon/interface/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace reactord {

std::string label_problem(std::string_view what, std::string_view label) {
  const auto is_visible = [](char c) { return c >= '!' && c <= '~'; };
  if (!std::all_of(label.begin(), label.end(), is_visible)) {
    return fmt::format("ERR {} cannot contain spaces, newlines or special characters.", what);
  }
  if (label.size() > Session::kMaxLabelBytes) {
    return fmt::format("ERR {} cannot be longer than {} bytes.", what, Session::kMaxLabelBytes);
  }
  return {};
}

void Session::set_held_bytes(std::size_t bytes) {
  if (bytes > 0 || rare_) rare().held_bytes = bytes;
}

void Session::set_principal(std::shared_ptr<const Principal> who, std::string_view user,
                            bool must_log_in) {
  if (who == nullptr && !rare_) return;
  Rare& kept = rare();
  kept.user = user;
  kept.must_log_in = must_log_in;
  kept.principal = std::move(who);
  note(kHasPrincipal, kept.principal != nullptr);
}

void Session::trace_next(std::string_view traceparent) {
  rare().request_traceparent = traceparent;
  rare().is_traced = false;
  note(kTraced, true);
}

void Session::begin_trace() {
  if ((unusual_ & kTraced) != 0) rare().is_traced = true;
}

/// The request itself may have told of a next one.
void Session::end_trace() {
  if ((unusual_ & kTraced) == 0 || !rare().is_traced) return;
  rare().is_traced = false;
  rare().request_traceparent.clear();
  note(kTraced, false);
}

void Session::reset() {
  protocol_ = 2;
  if (reply_mode_ != ReplyMode::skipping) set_reply_mode(ReplyMode::on);
  set_in_transaction(false);
  no_evict_ = false;
  if (!rare_) return;
  has_changed_ = true;
  rare_->name.clear();
  rare_->traceparent.clear();
  rare_->request_traceparent.clear();
  rare_->is_traced = false;
  note(kTraced, false);
}

Session::Rare& Session::rare() {
  if (!rare_) rare_ = std::make_unique<Rare>();
  has_changed_ = true;
  return *rare_;
}

}  // namespace reactord
