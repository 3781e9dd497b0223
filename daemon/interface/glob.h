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
/// as soon as no subject can match; what is kept is bounded by the longest subject. So a megabyte
/// of
/// `*?*?` costs no more than its reading, however many subjects there are.
class Glob {
 public:
  /// Callers refuse longer patterns: this much is read in about a millisecond.
  static constexpr std::size_t kMaxPatternBytes = 1u << 20;

  /// Any pattern is one: as in Redis, a class or an escape that is cut off ends with the pattern.
  Glob(std::string_view pattern, std::size_t max_subject_bytes);

  /// `subject` has at most max_subject_bytes bytes. Takes at most steps() * subject.size() time.
  [[nodiscard]] bool matches(std::string_view subject) const;

  /// What is kept of the pattern: at most max_subject_bytes + 1 steps.
  [[nodiscard]] std::size_t steps() const { return steps_.size(); }

 private:
  using ByteSet = std::bitset<256>;

  /// Matches one byte, after any number of them if a star stands in front.
  struct Step {
    ByteSet bytes;
    bool after_star = false;
  };

  void add_step(const ByteSet& bytes);

  std::vector<Step> steps_;
  std::size_t max_steps_;
  bool star_ = false;  ///< seen behind the last step
};

}  // namespace reactord
