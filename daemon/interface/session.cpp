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

void Session::reset() {
  protocol_ = 2;
  reply_mode_ = ReplyMode::on;
  no_evict_ = false;
  if (labels_) labels_->name.clear();
}

Session::Labels& Session::labels() {
  if (!labels_) labels_ = std::make_unique<Labels>();
  return *labels_;
}

}  // namespace reactord
