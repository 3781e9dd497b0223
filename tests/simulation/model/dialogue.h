// SPDX-License-Identifier: MIT
// What one client may expect: from the requests that it sends, in their order, the replies, by the
// wire's specification (protocol/README.md) and what the commands say of themselves.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/model/login.h"
#include "tests/simulation/model/reply_reader.h"

namespace simulation {

/// What a reply must look like: "=TEXT" exactly, "^TEXT" in its beginning, "@TEXT" an operator's
/// answer to that or an error, "?" anything but an error, "*" anything.
struct Expected {
  std::string pattern;
  Encoding encoding = Encoding::plain;
  bool is_list = false;
  std::string request = {};  ///< for people
  bool ends_connection = false;

  [[nodiscard]] bool matches(std::string_view reply) const;
};

class Dialogue {
 public:
  enum class Framing : std::uint8_t { command, line, raw };

  /// `text_answers`: how TEXT is answered: "=" by the message itself, "@" by an operator.
  /// `must_log_in`: at the listener "login".
  Dialogue(Framing framing, std::string text_answers, bool must_log_in)
      : framing_(framing), text_answers_(std::move(text_answers)), login_(must_log_in) {}

  /// The bytes of a request.
  [[nodiscard]] std::string encode(const std::vector<std::string>& words, bool is_resp) const;
  /// The request was sent: what is expected of it is added, if anything is.
  void ask(const std::vector<std::string>& words, bool is_resp, std::vector<Expected>& expected);
  /// What is read between replies: pushes come in the encoding that is spoken.
  [[nodiscard]] Encoding spoken() const;
  /// A login that was right has been refused all the same: what was asked behind it is nobody's.
  void note_refused_login(std::deque<Expected>& expected);

 private:
  enum class Muted : std::uint8_t { no, skip_next, off };

  [[nodiscard]] Expected answer(const std::vector<std::string>& words);
  [[nodiscard]] Expected answer_in_transaction(const std::string& name, Expected alone);
  [[nodiscard]] Expected alone(const std::string& name, const std::vector<std::string>& words);
  [[nodiscard]] Expected client_command(const std::vector<std::string>& words);
  [[nodiscard]] bool is_muted(const std::vector<std::string>& words);

  Framing framing_;
  std::string text_answers_;
  Login login_;
  bool has_spoken_resp_ = false;
  bool is_in_transaction_ = false;
  std::vector<std::string> queued_;  ///< the patterns of what EXEC will answer
  Muted muted_ = Muted::no;
};

/// What CEIL answers to a number with a fraction; for numbers of a few digits.
[[nodiscard]] std::string ceil_of(std::string_view number);

}  // namespace simulation
