// SPDX-License-Identifier: MIT
// Patterns of any bytes against any text: the daemon's and the load generator's give the answer
// that is found here by following every way through the pattern at once, and what is kept of a
// pattern stays within its bound. The first byte of the input is the length of the pattern.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/interface/commands/glob.h"
#include "tests/fuzz/require.h"
#include "tools/reactor-load/check/expectation.h"

namespace {

using reactord::test::require;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

/// One place of a pattern that stands for a byte: where the next place is, and whether it fits.
struct Place {
  std::size_t next;
  bool fits;
};

class Reference {
 public:
  explicit Reference(std::string_view pattern) : pattern_(pattern) {}

  /// `places` has the beginnings of all steps that may come next.
  bool matches(std::string_view text) const {
    std::vector<bool> places(pattern_.size() + 1);
    places[0] = true;
    pass_stars(places);
    for (const char c : text) {
      std::vector<bool> next(places.size());
      for (std::size_t i = 0; i < pattern_.size(); ++i)
        if (places[i]) step(i, c, next);
      places = next;
      pass_stars(places);
    }
    return places.back();
  }

 private:
  /// A star may stand for nothing.
  void pass_stars(std::vector<bool>& places) const {
    for (std::size_t i = 0; i < pattern_.size(); ++i)
      if (places[i] && pattern_[i] == '*') places[i + 1] = true;
  }

  void step(std::size_t i, char c, std::vector<bool>& next) const {
    if (pattern_[i] == '*') next[i] = true;
    if (pattern_[i] == '*') return;
    const Place place = at(i, c);
    if (place.fits) next[place.next] = true;
  }

  Place at(std::size_t i, char c) const {
    if (pattern_[i] == '?') return {i + 1, true};
    if (pattern_[i] == '[') return in_class(i + 1, c);
    if (pattern_[i] == '\\' && i + 1 < pattern_.size()) ++i;
    return {i + 1, lower(pattern_[i]) == lower(c)};
  }

  /// One that is cut off ends with the pattern.
  Place in_class(std::size_t i, char c) const {
    const bool is_negated = i < pattern_.size() && pattern_[i] == '^';
    if (is_negated) ++i;
    bool fits = false;
    while (i < pattern_.size() && pattern_[i] != ']') {
      const bool is_escaped = pattern_[i] == '\\';
      if (is_escaped && i + 1 < pattern_.size()) ++i;
      char first = pattern_[i++];
      char last = first;
      if (!is_escaped && i + 1 < pattern_.size() && pattern_[i] == '-') {
        last = pattern_[i + 1];
        i += 2;
      }
      fits = fits || is_between(first, last, lower(c)) || is_between(first, last, upper(c));
    }
    return {std::min(i + 1, pattern_.size()), fits != is_negated};
  }

  static bool is_between(char first, char last, char c) {
    const auto [low, high] =
        std::minmax({static_cast<unsigned char>(first), static_cast<unsigned char>(last)});
    return low <= static_cast<unsigned char>(c) && static_cast<unsigned char>(c) <= high;
  }

  std::string_view pattern_;
};

/// Stars and question marks alone, and case counts: row by row, a byte of the pattern each.
bool matches_by_table(std::string_view text, std::string_view pattern) {
  std::vector<bool> fits(text.size() + 1);  // the pattern so far, and so much of the text
  fits[0] = true;
  for (const char p : pattern) {
    std::vector<bool> next(fits.size());
    for (std::size_t i = 0; i <= text.size(); ++i)
      next[i] = p == '*' ? fits[i] || (i > 0 && next[i - 1])
                         : i > 0 && fits[i - 1] && (p == '?' || p == text[i - 1]);
    fits = next;
  }
  return fits.back();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostBytes = 400;
  if (size < 1 || size > kMostBytes) return 0;
  const std::vector<char> copy(data + 1, data + size);
  const std::string_view bytes(copy.data(), copy.size());
  const std::string_view pattern = bytes.substr(0, data[0]);
  const std::string_view text = bytes.substr(pattern.size());
  const bool expected = Reference(pattern).matches(text);
  for (const std::size_t most : {text.size(), text.size() + 1, std::size_t{300}}) {
    if (text.size() > most) continue;
    const reactord::Glob glob(pattern, most);
    require(glob.steps() <= most + 1, "more is kept of a pattern than any text has bytes");
    require(glob.matches(text) == expected, "a glob matches, or does not");
  }
  require(reactord::load::matches_pattern(text, pattern) == matches_by_table(text, pattern),
          "the load generator's pattern matches, or does not");
  return 0;
}
