// SPDX-License-Identifier: MIT
#include "daemon/interface/commands/glob.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace reactord {
namespace {

using ByteSet = std::bitset<256>;

constexpr std::size_t index(char c) {
  return static_cast<unsigned char>(c);
}

char other_case(char c) {
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_letter ? static_cast<char>(c ^ 0x20) : c;
}

/// Collects a class. Ranges are kept as their ends until all are known, so that each costs the same
/// however wide it is.
class ByteClass {
 public:
  void add_range(char first, char last) {
    const auto [low, high] = std::minmax({index(first), index(last)});
    ++changes_[low];
    --changes_[high + 1];
  }

  [[nodiscard]] ByteSet bytes() const {
    ByteSet bytes;
    std::int64_t ranges = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      ranges += changes_[i];
      if (ranges == 0) continue;
      bytes.set(i);
      bytes.set(index(other_case(static_cast<char>(i))));
    }
    return bytes;
  }

 private:
  std::array<std::int64_t, 257> changes_{};  // ranges that begin at a byte, less those that ended
};

char take(std::string_view& pattern) {
  const char c = pattern.front();
  pattern.remove_prefix(1);
  return c;
}

/// Takes a byte, escaped or not.
char take_literal(std::string_view& pattern) {
  const char c = take(pattern);
  return c == '\\' && !pattern.empty() ? take(pattern) : c;
}

/// Reads a class behind its '['.
ByteSet take_class(std::string_view& pattern) {
  ByteClass collected;
  const bool negated = pattern.starts_with('^');
  if (negated) take(pattern);
  while (!pattern.empty() && pattern.front() != ']') {
    const bool is_escaped = pattern.front() == '\\';
    const char first = take_literal(pattern);
    char last = first;
    if (!is_escaped && pattern.size() >= 2 && pattern.front() == '-') {
      take(pattern);
      last = take(pattern);
    }
    collected.add_range(first, last);
  }
  if (!pattern.empty()) take(pattern);
  return negated ? ~collected.bytes() : collected.bytes();
}

ByteSet take_step(std::string_view& pattern) {
  if (pattern.front() == '?') {
    take(pattern);
    return ByteSet().set();
  }
  if (pattern.front() == '[') {
    take(pattern);
    return take_class(pattern);
  }
  const char c = take_literal(pattern);
  return ByteSet().set(index(c)).set(index(other_case(c)));
}

}  // namespace

Glob::Glob(std::string_view pattern, std::size_t max_subject_bytes)
    : max_steps_(max_subject_bytes + 1),
      words_(max_steps_ / kWordBits + 1),
      fits_(ByteSet().size() * words_),
      stays_(words_) {
  // One step more than a subject has bytes: no subject matches, whatever follows.
  while (!pattern.empty() && steps_ < max_steps_) {
    if (pattern.front() == '*') {
      star_ = true;
      pattern.remove_prefix(std::min(pattern.find_first_not_of('*'), pattern.size()));
    } else {
      add_step(take_step(pattern));
    }
  }
  if (star_) set_bit(stays_, 0, steps_);
}

void Glob::add_step(const ByteSet& bytes) {
  // "*?" and "?*" mean the same; the star is kept behind, where it joins the next one.
  const bool is_any = bytes.all();
  if (star_ && !is_any) set_bit(stays_, 0, steps_);
  star_ = star_ && is_any;
  for (std::size_t byte = 0; byte < bytes.size(); ++byte)
    if (bytes.test(byte)) set_bit(fits_, byte, steps_);
  ++steps_;
}

/// Shift-And (Baeza-Yates and Gonnet): bit i of `reached` says that the first i steps fit what was
/// read.
bool Glob::matches(std::string_view subject) const {
  if (steps_ > subject.size()) return false;
  std::array<Word, 4> few{1};
  std::vector<Word> many;
  if (words_ > few.size()) (many = std::vector<Word>(words_)).front() = 1;
  Word* const reached = many.empty() ? few.data() : many.data();
  for (const char c : subject) {
    const Word* const fits = &fits_[index(c) * words_];
    Word carried = 0;
    for (std::size_t i = 0; i < words_; ++i) {
      const Word moved = reached[i] & fits[i];
      reached[i] = (moved << 1) | carried | (reached[i] & stays_[i]);
      carried = moved >> (kWordBits - 1);
    }
  }
  return (reached[steps_ / kWordBits] >> (steps_ % kWordBits) & 1) != 0;
}

}  // namespace reactord
