// SPDX-License-Identifier: MIT
// What a client asks: its requests, the bytes that come of them, and what is expected in answer.
#include <fmt/format.h>

#include <algorithm>

#include "tests/simulation/clients/client.h"
#include "tests/simulation/model/verdict.h"
#include "tests/simulation/script/words.h"

namespace simulation {

namespace {

using std::chrono::milliseconds;

}  // namespace

bool Client::act_of_kind(const Action& action) {
  switch (action.verb) {
    case Verb::ask_resp:
      ask(action, true);
      return true;
    case Verb::ask_line:
      ask(action, false);
      return true;
    case Verb::bytes:
      ask_bytes(action.text);
      return true;
    case Verb::proxy_header:
      put_header(action);
      return true;
    case Verb::answer:
      answers_pushes_ = true;
      resume_after(milliseconds(action.number));
      return false;
    default:
      fail("script", fmt::format("{} cannot do that", name()));
  }
}

void Client::ask(const Action& action, bool is_resp) {
  const std::vector<std::string> words = words_of(action.text);
  for (std::int64_t i = 0; i < action.number && !words.empty(); ++i) {
    const std::string bytes = dialogue_.encode(words, is_resp);
    unsent_ += bytes;
    longest_request_ = std::max(longest_request_, bytes.size());
    std::vector<Expected> expected;
    dialogue_.ask(words, is_resp, expected);
    if (!has_quit_) {
      expected_.insert(expected_.end(), expected.begin(), expected.end());
      wanted_replies_ += expected.size();
    }
    note_asked(bytes.size());
    if (!expected.empty() && must_log_in_) note_identity(expected.front().request);
    if (!expected.empty() && expected.front().ends_connection) has_quit_ = true;
    note_command(words);
  }
}

void Client::note_asked(std::size_t bytes) {
  asked_ends_.total += bytes;
  asked_ends_.ends.push_back(asked_ends_.total);
  asked_ends_.replies.push_back(wanted_replies_);
}

void Client::note_command(const std::vector<std::string>& words) {
  if (words[0] == "MULTI" || words[0] == "OPERATOR" ||
      (words[0] == "CLIENT" && words.size() > 2 && words[1] == "REPLY"))
    has_state_ = true;
  if (!is_admin_) return;
  if (words[0] == "CLIENT" && words.size() > 1 && words[1] == "KILL") world_.has_killed = true;
  if (words[0] == "DRAIN") world_.has_drained = true;
  if (words[0] == "SHUTDOWN") world_.tell_to_stop();
}

/// Not a request, or one that is none of reactord's: answered by an error, and the end.
void Client::ask_bytes(const std::string& escaped) {
  const std::string bytes = unescaped(escaped);
  unsent_ += bytes;
  note_asked(bytes.size());
  if (has_quit_) return;
  has_quit_ = true;
  const bool is_foreign = is_farewell_ = bytes.find("HTTP/") != std::string::npos;
  Expected expected{is_foreign ? "^HTTP/1.1 400" : "^!ERR Protocol error"};
  expected.encoding = is_foreign               ? Encoding::raw
                      : bytes.starts_with('*') ? Encoding::resp
                                               : dialogue_.spoken();
  expected.request = escaped;
  expected.ends_connection = true;
  expected_.push_back(expected);
}

void Client::on_handed(std::size_t bytes) {
  const auto& ends = asked_ends_.ends;
  const auto done = std::upper_bound(ends.begin(), ends.end(), handed_);
  const std::size_t begin = done == ends.begin() ? 0 : *(done - 1);
  if (handed_ == begin) incomplete_since_ = world_.now();
  handed_ += bytes;
  last_handed_ = last_moved_ = world_.now();
  if (header_end_ > 0) note_header();
  if (done == ends.end() || handed_ < *done) return;
  slowest_request_ = std::max(slowest_request_, world_.now() - incomplete_since_);
  note_slow_request();
  incomplete_since_ = world_.now();
  if (!first_whole_at_) first_whole_at_ = world_.now();
}

}  // namespace simulation
