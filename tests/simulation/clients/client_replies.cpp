// SPDX-License-Identifier: MIT
// What a client is answered: reads it, and holds it against what it may expect.
#include <fmt/format.h>

#include <exception>
#include <utility>

#include "tests/simulation/clients/client.h"
#include "tests/simulation/model/verdict.h"

namespace simulation {

void Client::parse() {
  while (!received_.empty() && state_ == State::connected && parse_one()) continue;
  if (expected_.empty()) stop_awaiting();
}

/// False where the next reply is not whole.
bool Client::parse_one() {
  if (is_refused_) return received_.clear(), false;
  if (replies_ == 0 && parse_refusal()) return true;
  const Expected* next = expected_.empty() ? nullptr : &expected_.front();
  if (next == nullptr && is_farewell_) return received_.clear(), false;
  if (parse_raw_last_words()) return true;
  if (next != nullptr && next->encoding == Encoding::raw) return parse_raw(*next);
  try {
    const Encoding encoding = next != nullptr ? next->encoding : dialogue_.spoken();
    const std::optional<ReadReply> reply =
        read_reply(received_, encoding, next != nullptr && next->is_list);
    if (!reply) return false;
    received_.erase(0, reply->bytes);
    reply->is_push ? on_push(reply->text) : on_reply(reply->text);
    return true;
  } catch (const std::exception& problem) {
    fail("replies",
         fmt::format("{} got what is no reply: {}: {:.200}", name(), problem.what(), received_));
  }
}

/// Before it has said anything, the daemon does not know how it speaks.
bool Client::parse_refusal() {
  if (may_be_refused_as_proxy(received_)) {
    last_words_ = std::exchange(received_, {});
    is_refused_ = true;
    return true;
  }
  for (const std::string_view beginning :
       {"-ERR max number", "-ERR this server takes", "(error) ERR max number", "ERR max number",
        "(error) ERR this server takes", "ERR this server takes", "-LIMIT too many connections",
        "-LIMIT too many new connections"}) {
    if (!received_.starts_with(beginning) || received_.find("of your user") != received_.npos)
      continue;
    if (!may_be_refused())
      fail("limits", fmt::format("{} was refused without need: {:.100}", name(), received_));
    last_words_ = std::exchange(received_, {});
    is_refused_ = true;
    return true;
  }
  return false;
}

/// Nothing tells them from a reply there but their words.
bool Client::parse_raw_last_words() {
  if (dialogue_.spoken() != Encoding::raw) return false;
  const bool has_begun = last_words_.starts_with("!ERR the server ");
  if (has_begun) return last_words_ += std::exchange(received_, {}), true;
  if (!received_.starts_with("ERR the server ")) return false;
  on_reply("!" + std::exchange(received_, {}));
  return true;
}

bool Client::parse_raw(const Expected& expected) {
  const std::string_view wanted = std::string_view(expected.pattern).substr(1);
  if (received_.size() < wanted.size() && wanted.starts_with(received_)) return false;
  const bool is_exact = expected.pattern.front() == '=';
  const std::string reply = is_exact ? received_.substr(0, wanted.size()) : received_;
  received_.erase(0, is_exact ? reply.size() : received_.size());
  on_reply(reply);
  return true;
}

void Client::on_reply(const std::string& text) {
  last_heard_ = world_.now();
  if (!first_heard_) first_heard_ = last_heard_;
  if (is_refused_by_limit(text)) {
    if (beyond_limit_ == BeyondLimit::closed) last_words_ = text;
    return note_reply();
  }
  if (is_refused_as_user(text)) return note_reply();
  // Before what may be any error: an operator's answer.
  if (is_last_word(text)) {
    last_words_ = text;
    return;
  }
  if (!expected_.empty() && expected_.front().matches(text)) {
    check_id(text);
    check_header();
    check_peer(text);
    note_login(text);
    count_served();
    return note_reply();
  }
  fail("replies", expected_.empty()
                      ? fmt::format("{} got a reply that it did not ask for: {:.200}", name(), text)
                      : fmt::format("{} asked '{}', expected {:.200}, got {:.200}", name(),
                                    expected_.front().request, expected_.front().pattern, text));
}

/// Whatever process serves it.
void Client::check_id(const std::string& text) {
  if (expected_.front().request != "CLIENT ID" || text == "QUEUED" || text[0] == '!') return;
  if (id_.empty()) id_ = text;
  if (id_ != text) fail("client id", fmt::format("{} was {}, and is {} now", name(), id_, text));
}

/// Whoever was left in the backlog may have begun long before the daemon could see it.
void Client::note_reply() {
  if (may_wait_in_backlog()) {
    incomplete_since_ = world_.now();
    slowest_request_ = Moment{0};
  }
  ++replies_;
  expected_.pop_front();
}

void Client::on_push(const std::string& text) {
  if (!answers_pushes_) return;
  constexpr std::string_view kMessage = ">[operator|message|";
  if (!text.starts_with(kMessage)) return;
  const std::size_t end = text.find('|', kMessage.size());
  const std::string id = text.substr(kMessage.size(), end - kMessage.size());
  const std::string message = text.substr(text.rfind('|') + 1, text.size() - text.rfind('|') - 2);
  ask({Verb::ask_resp, 1, fmt::format("OPERATOR REPLY {} re:{}", id, message)}, true);
  put(unsent_.size());
}

}  // namespace simulation
