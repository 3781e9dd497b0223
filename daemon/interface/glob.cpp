// SPDX-License-Identifier: MIT
#include "daemon/interface/glob.h"

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
    : max_steps_(max_subject_bytes + 1) {
  // One step more than a subject has bytes: no subject matches, whatever follows.
  while (!pattern.empty() && steps_.size() < max_steps_) {
    if (pattern.front() == '*') {
      star_ = true;
      pattern.remove_prefix(std::min(pattern.find_first_not_of('*'), pattern.size()));
    } else {
      add_step(take_step(pattern));
    }
  }
}

void Glob::add_step(const ByteSet& bytes) {
  // "*?" and "?*" mean the same; the star is kept behind, where it joins the next one.
  const bool is_any = bytes.all();
  steps_.push_back({bytes, star_ && !is_any});
  star_ = star_ && is_any;
}

/// Goes back to the last star only: what an earlier one could still take, the last one can.
bool Glob::matches(std::string_view subject) const {
  if (steps_.size() > subject.size()) return false;
  std::size_t step = 0;
  std::size_t at = 0;
  std::size_t retry_step = 0;  // the step behind the last star, and where it was tried last
  std::size_t retry_at = 0;
  bool can_retry = false;
  while (true) {
    if (step == steps_.size() && (star_ || at == subject.size())) return true;
    if (step < steps_.size() && steps_[step].after_star && (!can_retry || retry_step != step)) {
      can_retry = true;
      retry_step = step;
      retry_at = at;
    }
    const bool fits =
        step < steps_.size() && at < subject.size() && steps_[step].bytes.test(index(subject[at]));
    if (fits) {
      ++step;
      ++at;
    } else if (can_retry && retry_at < subject.size()) {
      step = retry_step;
      at = ++retry_at;
    } else {
      return false;
    }
  }
}

}  // namespace reactord
