// SPDX-License-Identifier: MIT
#include "daemon/interface/session.h"

#include <fmt/format.h>

#include <algorithm>

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

void Session::reset() {
  protocol_ = 2;
  if (reply_mode_ != ReplyMode::skipping) reply_mode_ = ReplyMode::on;
  in_transaction_ = false;
  no_evict_ = false;
  if (rare_) rare_->name.clear();
}

Session::Rare& Session::rare() {
  if (!rare_) rare_ = std::make_unique<Rare>();
  return *rare_;
}

}  // namespace reactord
