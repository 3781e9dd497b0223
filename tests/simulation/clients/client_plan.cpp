// SPDX-License-Identifier: MIT
// What a client does: the actions of its plan, one after the other, and the bytes that come of
// them.
#include <algorithm>
#include <sstream>

#include "tests/simulation/clients/client.h"

namespace simulation {

namespace {

using std::chrono::milliseconds;

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) {
    // "x*1000" is a thousand of them.
    const std::size_t star = word.find('*');
    if (star == 1 && word.size() > 2) word = std::string(std::stoul(word.substr(2)), word[0]);
    words.push_back(word);
  }
  return words;
}

std::string unescaped(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      bytes += text[i];
      continue;
    }
    switch (text[++i]) {
      case 'r':
        bytes += '\r';
        break;
      case 'n':
        bytes += '\n';
        break;
      case 'x':
        bytes += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
        i += 2;
        break;
      default:
        bytes += text[i];
    }
  }
  return bytes;
}

}  // namespace

void Client::go_on() {
  while (!is_waiting_ && state_ == State::connected && !has_closed_ &&
         next_action_ < plan_.actions.size())
    if (!act(plan_.actions[next_action_++])) return;
}

void Client::resume_after(Moment pause) {
  is_waiting_ = true;
  const std::uint64_t number = ++waiting_;
  world_.kernel.timeline.after(pause, [this, number] {
    if (number != waiting_ || !is_waiting_) return;
    is_waiting_ = is_awaiting_ = false;
    go_on();
  });
}

bool Client::act(const Action& action) {
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
    case Verb::send:
      put(action.number == 0 ? unsent_.size() : static_cast<std::size_t>(action.number));
      return true;
    case Verb::trickle:
      is_waiting_ = true;
      trickle_pause_ = action.number;
      trickle();
      return false;
    case Verb::urgent:
      put(unsent_.size());
      return true;
    case Verb::wait:
      resume_after(milliseconds(action.number));
      return false;
    case Verb::await:
      await(milliseconds(action.number));
      return false;
    case Verb::stop_reading:
      reading_ = Reading::nothing;
      not_reading_since_ = world_.now();
      return true;
    case Verb::read_on:
      reading_ = Reading::all;
      not_reading_since_.reset();
      last_moved_ = world_.now();
      read();
      return true;
    case Verb::read_slowly:
      reading_ = Reading::slowly;
      has_read_slowly_ = true;
      not_reading_since_.reset();
      read_bytes_ = action.number;
      read_some();
      return true;
    case Verb::finish:
      put(0);
      has_finished_ = true;
      flush();
      return true;
    case Verb::leave:
      close(false);
      return false;
    case Verb::reset:
      close(true);
      return false;
    case Verb::vanish:
      has_closed_ = true;
      end_->cut();
      return false;
    case Verb::answer:
      answers_pushes_ = true;
      resume_after(milliseconds(action.number));
      return false;
  }
  return true;
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

void Client::put(std::size_t bytes) {
  const std::size_t n = std::min(bytes, unsent_.size());
  outgoing_.append(unsent_, 0, n);
  unsent_.erase(0, n);
  watch_liveness();
  flush();
}

void Client::trickle() {
  if (state_ != State::connected || has_closed_) return;
  if (unsent_.empty()) {
    is_waiting_ = false;
    return go_on();
  }
  put(static_cast<std::size_t>(random_.between(1, 9)));
  world_.kernel.timeline.after(milliseconds(trickle_pause_), [this] { trickle(); });
}

void Client::flush() {
  while (!outgoing_.empty()) {
    const long n = end_->send(outgoing_);
    if (n < 0 && n != -EAGAIN) was_reset_ = true;  // told once, be it here
    if (n <= 0) return;
    const auto& ends = asked_ends_.ends;
    const auto done = std::upper_bound(ends.begin(), ends.end(), handed_);
    const std::size_t begin = done == ends.begin() ? 0 : *(done - 1);
    if (handed_ == begin) incomplete_since_ = world_.now();
    handed_ += static_cast<std::size_t>(n);
    last_handed_ = last_moved_ = world_.now();
    outgoing_.erase(0, static_cast<std::size_t>(n));
    if (done != ends.end() && handed_ >= *done) {
      slowest_request_ = std::max(slowest_request_, world_.now() - incomplete_since_);
      note_slow_request();
      incomplete_since_ = world_.now();
      if (!first_whole_at_) first_whole_at_ = world_.now();
    }
  }
  if (has_finished_ && !has_sent_fin_ && !end_->is_dead()) {
    has_sent_fin_ = true;  // shutdown(2) wakes its own side each time
    (void)end_->finish_sending();
  }
}

void Client::await(Moment patience) {
  if (expected_.empty() && outgoing_.empty()) return go_on();
  is_awaiting_ = true;
  resume_after(patience);
}

void Client::close(bool is_reset) {
  has_closed_ = true;
  end_->close(is_reset);
  on_end(is_reset);
}

}  // namespace simulation
