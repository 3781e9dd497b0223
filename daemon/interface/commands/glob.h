// SPDX-License-Identifier: MIT
// Matches names against patterns as Redis' commands take them: `*`, `?`, `[a-z]`, `[^x]`, `\x`.
// ASCII letters match without regard to case. Knows no command.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace reactord {

/// A pattern made ready for short subjects. Reading it takes time linear in the pattern and stops
/// as soon as no subject can match; what is kept is bounded by the longest subject. So a long
/// `*?*?` costs no more than its reading, however many subjects there are. Matching takes time
/// linear in the subject: all places of the pattern that could be reached are followed side by
/// side, a bit each.
class Glob {
 public:
  /// Callers refuse longer patterns, of all arguments together: this much is read in some 20
  /// microseconds, and no name here has a hundredth of it.
  static constexpr std::size_t kMaxPatternBytes = 16u << 10;

  /// Any pattern is one: as in Redis, a class or an escape that is cut off ends with the pattern.
  Glob(std::string_view pattern, std::size_t max_subject_bytes);

  /// `subject` has at most max_subject_bytes bytes.
  [[nodiscard]] bool matches(std::string_view subject) const;

  /// What is kept of the pattern: at most max_subject_bytes + 1 steps.
  [[nodiscard]] std::size_t steps() const { return steps_; }

 private:
  using ByteSet = std::bitset<256>;
  using Word = std::uint64_t;
  static constexpr std::size_t kWordBits = 64;

  void add_step(const ByteSet& bytes);
  void set_bit(std::vector<Word>& rows, std::size_t row, std::size_t step) const {
    rows[row * words_ + step / kWordBits] |= Word{1} << (step % kWordBits);
  }

  std::size_t max_steps_;
  std::size_t words_;  ///< of a row: a bit for each step and one for the end
  std::size_t steps_ = 0;
  bool star_ = false;  ///< seen behind the last step
  /// A row for each byte: the steps that it fits.
  std::vector<Word> fits_;
  /// The steps that a star stands in front of: any byte stays there.
  std::vector<Word> stays_;
};

}  // namespace reactord
