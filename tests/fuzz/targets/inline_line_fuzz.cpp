// SPDX-License-Identifier: MIT
// Inline lines of any bytes: the splitter finds the words that Redis' rules, written down here once
// more, find; the parser of a connection finds the same however the line is cut; and what was
// escaped, put in quotes, is read back as it was. The first byte of the input chooses the cuts and
// how many words may be.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/escape.h"
#include "protocol/framing/inline_line.h"
#include "tests/fuzz/cut_up.h"
#include "tests/fuzz/require.h"
#include "tests/support/parse_stream.h"

namespace {

using namespace reactord;
using test::require;
using test::require_same;

constexpr std::size_t kManyWords = 1000;

/// As Redis' sdssplitargs() does it, a byte a step.
class Reference {
 public:
  Reference(std::string_view line, std::size_t most) : line_(line), most_(most) {}

  /// "ok", "unbalanced" or "too many", and the words with a bar behind each.
  std::string run() {
    while (true) {
      while (at_ < line_.size() && is_between_words()) ++at_;
      if (at_ == line_.size()) return "ok " + words_;
      if (count_++ == most_) return "too many";
      if (!take_word()) return "unbalanced";
      words_ += '|';
    }
  }

 private:
  bool is_between_words() const {
    const bool is_telnets_enter = line_[at_] == '\0' && at_ > 0 && line_[at_ - 1] == '\r';
    return is_telnets_enter || std::string_view(" \t\n\v\f\r").find(line_[at_]) != line_.npos;
  }

  bool take_word() {
    for (; at_ < line_.size(); ++at_) {
      const char byte = line_[at_];
      if (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r') return true;
      if (byte == '"' || byte == '\'') return take_quoted(byte);
      words_ += byte;
    }
    return true;
  }

  bool take_quoted(char quote) {
    for (++at_; at_ < line_.size(); ++at_) {
      if (line_[at_] == quote) {
        ++at_;
        return at_ == line_.size() ||
               std::string_view(" \t\n\v\f\r").find(line_[at_]) != line_.npos;
      }
      if (line_[at_] == '\\' && at_ + 1 < line_.size() && (quote == '"' || line_[at_ + 1] == '\''))
        take_escape();
      else
        words_ += line_[at_];
    }
    return false;
  }

  void take_escape() {
    constexpr std::string_view kHex = "0123456789abcdef0123456789ABCDEF";
    constexpr std::string_view kLetters = "nrtba";
    constexpr std::string_view kMeant = "\n\r\t\b\a";
    const char letter = line_[++at_];
    if (letter == 'x' && at_ + 2 < line_.size()) {
      const std::size_t high = kHex.find(line_[at_ + 1]);
      const std::size_t low = kHex.find(line_[at_ + 2]);
      if (high != kHex.npos && low != kHex.npos) {
        words_ += static_cast<char>(high % 16 * 16 + low % 16);
        at_ += 2;
        return;
      }
    }
    const std::size_t known = kLetters.find(letter);
    words_ += known == kLetters.npos ? letter : kMeant[known];
  }

  std::string_view line_;
  std::size_t most_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
  std::string words_;
};

struct Split {
  SplitStatus status = SplitStatus::ok;
  std::vector<std::string> words;
};

Split split(std::string_view line, std::size_t most) {
  std::vector<std::string_view> words;
  std::string decoded;
  const SplitStatus status = split_inline(line, most, words, decoded);
  require(words.size() <= most, "more words than may be");
  return {status, {words.begin(), words.end()}};
}

std::string text_of(const Split& split) {
  if (split.status == SplitStatus::unbalanced_quotes) return "unbalanced";
  if (split.status == SplitStatus::too_many_arguments) return "too many";
  std::string text = "ok ";
  for (const std::string& word : split.words) text += word + '|';
  return text;
}

void check_first_word(std::string_view line, const Split& all) {
  const FirstWord first = split_first_word(line);
  if (all.status != SplitStatus::ok || all.words.empty()) return;
  const bool has_quotes = first.word.empty() || first.word.find_first_of("\"'") != line.npos;
  if (!has_quotes) require_same(all.words[0], first.word, "the first word is another one");
  if (first.has_rest) require(line.ends_with(first.rest), "the rest is not the line's");
}

/// A line of its own for a connection, in pieces.
void check_parser(std::string_view line, unsigned cut) {
  if (line.empty() || line.front() == '*' || line.find('\n') != line.npos) return;
  const std::string stream = std::string(line) + "\n";
  const ParserLimits limits;
  const test::Transcript whole = test::play(Framing::command, limits, {stream}, test::AtEnd::open);
  const test::Transcript pieces =
      test::play(Framing::command, limits, test::cut_up(stream, cut), test::AtEnd::open);
  require(whole == pieces, "what a line is depends on how it was cut");
  require(whole.size() <= 1, "a line is more than one request");
}

std::string in_double_quotes(std::string_view word) {
  std::string quoted = "\"";
  for (const char byte : escaped(word, word.size())) {
    if (byte == '"') quoted += '\\';
    quoted += byte;
  }
  return quoted + '"';
}

/// Each word can be written down, and is read as it was.
void check_quotes(std::string_view bytes) {
  std::string line;
  std::vector<std::string> words;
  while (!bytes.empty()) {
    words.emplace_back(bytes.substr(0, bytes.find('\n')));
    bytes.remove_prefix(std::min(words.back().size() + 1, bytes.size()));
    line += in_double_quotes(words.back()) + ' ';
  }
  const Split read = split(line, kManyWords * kManyWords);
  require(read.status == SplitStatus::ok && read.words == words,
          "what was put in quotes is read as something else");
  require(std::all_of(line.begin(), line.end(),
                      [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; }),
          "a control character stays as it is");
  require_same(text_of(read), Reference(line, kManyWords * kManyWords).run(),
               "the reference reads other words in quotes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  // A copy of exactly its size, so that a sanitizer sees overreads.
  const std::vector<char> copy(data + 1, data + size);
  const std::string_view line(copy.data(), copy.size());
  const std::size_t few = data[0] % 8;
  const Split all = split(line, kManyWords);
  require_same(Reference(line, kManyWords).run(), text_of(all), "other words");
  require_same(Reference(line, few).run(), text_of(split(line, few)), "other words of a few");
  check_first_word(line, all);
  check_parser(line, data[0]);
  check_quotes(line);
  return 0;
}
