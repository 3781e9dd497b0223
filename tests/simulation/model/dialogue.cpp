// SPDX-License-Identifier: MIT
#include "tests/simulation/model/dialogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <utility>

namespace simulation {

namespace {

std::string upper(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  });
  return word;
}

std::string joined(const std::vector<std::string>& words, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < words.size(); ++i) text += (i > from ? " " : "") + words[i];
  return text;
}

Expected exactly(const std::string& text) {
  return {.pattern = "=" + text};
}
Expected an_error(const std::string& beginning) {
  return {.pattern = "^!" + beginning};
}
Expected a_list() {
  return {.pattern = "?", .is_list = true};
}

}  // namespace

std::string ceil_of(std::string_view number) {
  return std::to_string(
      static_cast<long>(std::ceil(std::strtold(std::string(number).c_str(), nullptr))));
}

bool Expected::matches(std::string_view reply) const {
  const std::string_view text = std::string_view(pattern).substr(1);
  switch (pattern.front()) {
    case '=':
      return reply == text;
    case '^':
      return reply.starts_with(text);
    case '?':
      return !reply.starts_with('!');
    case '@':
      return reply.starts_with('!') || reply == fmt::format("re:{}", text);
    default:
      return true;
  }
}

std::string Dialogue::encode(const std::vector<std::string>& words, bool is_resp) const {
  if (framing_ == Framing::raw) return joined(words, 0);
  if (framing_ == Framing::line || !is_resp) return joined(words, 0) + "\r\n";
  std::string bytes = fmt::format("*{}\r\n", words.size());
  for (const std::string& word : words) bytes += fmt::format("${}\r\n{}\r\n", word.size(), word);
  return bytes;
}

Encoding Dialogue::spoken() const {
  if (framing_ == Framing::raw) return Encoding::raw;
  return has_spoken_resp_ ? Encoding::resp : Encoding::plain;
}

void Dialogue::ask(const std::vector<std::string>& words, bool is_resp,
                   std::vector<Expected>& expected) {
  if (is_resp && framing_ == Framing::command) has_spoken_resp_ = true;
  Expected answered = answer(words);
  answered.encoding = spoken();
  answered.request = joined(words, 0).substr(0, 60);
  if (framing_ == Framing::command && is_muted(words)) return;
  expected.push_back(std::move(answered));
}

void Dialogue::note_refused_login(std::deque<Expected>& expected) {
  for (std::size_t i = 1; i < expected.size(); ++i) {
    if (is_login(expected[i].request)) return;
    if (is_free(expected[i].request)) continue;
    expected[i].pattern = "=!NOAUTH Authentication required.";
    expected[i].is_list = false;
  }
  login_.forget();
}

/// CLIENT REPLY; what is not answered is served all the same.
bool Dialogue::is_muted(const std::vector<std::string>& words) {
  const std::string name = upper(words[0]);
  const bool is_reply = name == "CLIENT" && words.size() == 3 && upper(words[1]) == "REPLY";
  if (is_reply && !is_in_transaction_) {
    const std::string mode = upper(words[2]);
    if (mode == "ON") muted_ = Muted::no;
    if (mode == "OFF") muted_ = Muted::off;
    if (mode == "SKIP" && muted_ != Muted::off) muted_ = Muted::skip_next;
    return mode != "ON";
  }
  if (name == "RESET" && muted_ == Muted::off) muted_ = Muted::no;
  if (muted_ == Muted::skip_next) {
    muted_ = Muted::no;
    return true;
  }
  return muted_ == Muted::off;
}

Expected Dialogue::answer(const std::vector<std::string>& words) {
  if (framing_ == Framing::raw) return exactly(ceil_of(words[0]));
  if (framing_ == Framing::line) {
    const std::string message = joined(words, 0);
    return {.pattern = text_answers_ + message};
  }
  const std::string name = upper(words[0]);
  Expected expected = alone(name, words);
  return is_in_transaction_ || name == "EXEC" || name == "DISCARD" || name == "MULTI"
             ? answer_in_transaction(name, std::move(expected))
             : expected;
}

Expected Dialogue::answer_in_transaction(const std::string& name, Expected alone) {
  if (name == "MULTI") {
    if (is_in_transaction_) return an_error("ERR");
    is_in_transaction_ = true;
    queued_.clear();
    return exactly("OK");
  }
  if (!is_in_transaction_) return an_error(fmt::format("ERR {} without MULTI", name));
  if (name == "QUIT" || name == "RESET" || name == "DISCARD") {
    is_in_transaction_ = false;
    return name == "DISCARD" ? exactly("OK") : alone;
  }
  if (name != "EXEC") {
    queued_.push_back(alone.pattern);
    return exactly("QUEUED");
  }
  is_in_transaction_ = false;
  const bool is_known = std::all_of(queued_.begin(), queued_.end(),
                                    [](const std::string& each) { return each.front() == '='; });
  std::string all = "[";
  for (const std::string& each : queued_) all += (all.size() > 1 ? "|" : "") + each.substr(1);
  Expected replies = is_known ? exactly(all + "]") : a_list();
  replies.is_list = true;
  return replies;
}

/// Outside of a transaction.
Expected Dialogue::alone(const std::string& name, const std::vector<std::string>& words) {
  if (std::optional<std::string> answer = login_.answer(name, words))
    return {.pattern = std::move(*answer)};
  if (name == "PING") return exactly(words.size() > 1 ? words[1] : "PONG");
  if (name == "ECHO") return words.size() == 2 ? exactly(words[1]) : an_error("ERR wrong number");
  if (name == "TEXT") return {.pattern = text_answers_ + joined(words, 1)};
  if (name == "CEIL") {
    if (words.size() != 2) return an_error("ERR wrong number");
    return words[1] == "x" ? an_error("ERR") : exactly(ceil_of(words[1]));
  }
  if (name == "QUIT") {
    Expected quit = exactly("OK");
    quit.ends_connection = true;
    return quit;
  }
  if (name == "RESET") return exactly("RESET");
  if (name == "HELLO") return {.pattern = "^[server|reactord", .is_list = true};
  if (name == "CLIENT") return client_command(words);
  if (name == "INFO" || name == "COMMAND" || name == "HELP" || name == "CONFIG") {
    Expected list = a_list();
    list.is_list = words.size() < 2 || upper(words[1]) != "COUNT";
    return list;
  }
  if (name == "OPERATOR") return {.pattern = "*", .is_list = true};
  if (name == "RELOAD" || name == "DRAIN" || name == "LOG" || name == "SHUTDOWN")
    return {.pattern = "*", .is_list = name == "RELOAD"};
  return an_error("ERR unknown command");
}

Expected Dialogue::client_command(const std::vector<std::string>& words) {
  const std::string sub = words.size() > 1 ? upper(words[1]) : "";
  if (sub == "ID") return {.pattern = "?"};
  if (sub == "SETNAME" || sub == "REPLY") return exactly("OK");
  if (sub == "LIST") return a_list();
  if (sub == "KILL") return {.pattern = "*"};
  return {.pattern = "*", .is_list = true};
}

}  // namespace simulation
