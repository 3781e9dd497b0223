// SPDX-License-Identifier: MIT
#include "daemon/interface/commands/glob.h"

#include <doctest/doctest.h>

#include <string>

namespace reactord {
namespace {

constexpr std::size_t kMaxSubject = 64;

bool matches(std::string_view pattern, std::string_view subject) {
  return Glob(pattern, kMaxSubject).matches(subject);
}

/// The definition, by trying everything; for `*`, `?` and letters alone.
bool matches_slowly(std::string_view pattern, std::string_view subject) {
  if (pattern.empty()) return subject.empty();
  if (pattern.front() == '*') {
    return matches_slowly(pattern.substr(1), subject) ||
           (!subject.empty() && matches_slowly(pattern, subject.substr(1)));
  }
  if (subject.empty()) return false;
  const bool fits = pattern.front() == '?' || pattern.front() == subject.front();
  return fits && matches_slowly(pattern.substr(1), subject.substr(1));
}

TEST_CASE("stars and question marks") {
  CHECK(matches("", ""));
  CHECK_FALSE(matches("", "a"));
  CHECK(matches("*", ""));
  CHECK(matches("*", "limits.max_frame"));
  CHECK(matches("limits.*", "limits.max_frame"));
  CHECK(matches("*frame", "limits.max_frame"));
  CHECK(matches("*max*", "limits.max_frame"));
  CHECK_FALSE(matches("limits.*", "log.level"));
  CHECK(matches("l?g.level", "log.level"));
  CHECK_FALSE(matches("?", ""));
  CHECK(matches("*?", "a"));
  CHECK(matches("?*", "a"));
  CHECK_FALSE(matches("*?*?", "a"));
  CHECK(matches("*ab", "aab"));
  CHECK(matches("a*b*c", "a-b-b-c"));
  CHECK_FALSE(matches("a*b*c", "a-c-b"));
}

TEST_CASE("letters match without regard to case") {
  CHECK(matches("LOG.Level", "log.level"));
  CHECK(matches("[L]og", "log"));
  CHECK(matches("[A-M]og", "log"));
  CHECK_FALSE(matches("@", "`"));
}

TEST_CASE("classes") {
  CHECK(matches("[abc]", "b"));
  CHECK_FALSE(matches("[abc]", "d"));
  CHECK(matches("[a-c]x", "bx"));
  CHECK(matches("[c-a]x", "bx"));
  CHECK(matches("[^a-c]", "d"));
  CHECK_FALSE(matches("[^a-c]", "b"));
  CHECK(matches("[a\\]]", "]"));
  CHECK(matches("[\\a-c]", "-"));
  CHECK_FALSE(matches("[]", "a"));
  CHECK(matches("[^]", "a"));
  CHECK(matches("[ab", "a"));
  CHECK_FALSE(matches("[", "["));
  CHECK(matches("a[0-9]*z", "a7middle-z"));
}

TEST_CASE("escapes") {
  CHECK(matches("\\*", "*"));
  CHECK_FALSE(matches("\\*", "a"));
  CHECK(matches("\\?\\[", "?["));
  CHECK(matches("a\\\\", "a\\"));
  CHECK(matches("\\", "\\"));
}

TEST_CASE("every short pattern means what the definition says") {
  const std::string_view letters = "ab*?";
  const std::string_view subject_letters = "ab";
  for (unsigned p = 0; p < 1024; ++p) {  // five letters of four
    std::string pattern;
    for (unsigned i = 0; i < 5; ++i) pattern += letters[(p >> (2 * i)) & 3];
    for (unsigned s = 0; s < 64; ++s) {  // up to six letters of two
      std::string subject;
      for (unsigned i = 0; i < s % 7; ++i) subject += subject_letters[(s >> i) & 1];
      CAPTURE(pattern);
      CAPTURE(subject);
      REQUIRE(matches(pattern, subject) == matches_slowly(pattern, subject));
    }
  }
}

TEST_CASE("patterns and subjects of several machine words") {
  constexpr std::size_t kLong = 1000;
  const std::string subject = std::string(300, 'a') + 'b' + std::string(300, 'a');
  CHECK(Glob(subject, kLong).matches(subject));
  CHECK(Glob(std::string(300, '?') + "b*", kLong).matches(subject));
  CHECK_FALSE(Glob(std::string(301, '?') + "b*", kLong).matches(subject));
  CHECK(
      Glob("*" + std::string(128, 'a') + "b" + std::string(64, 'a') + "*", kLong).matches(subject));
  CHECK_FALSE(Glob("*b*b*", kLong).matches(subject));
}

TEST_CASE("what is kept of a pattern is bounded by the subject") {
  std::string stars_and_marks;
  for (int i = 0; i < 1 << 18; ++i) stars_and_marks += "*?*?";
  CHECK(Glob(stars_and_marks, kMaxSubject).steps() == kMaxSubject + 1);
  CHECK_FALSE(matches(stars_and_marks, std::string(kMaxSubject, 'a')));

  const std::string stars(1 << 20, '*');
  CHECK(Glob(stars, kMaxSubject).steps() == 0);
  CHECK(matches(stars, "anything"));

  std::string ranges = "[";
  for (int i = 0; i < 1 << 18; ++i) ranges += std::string("\x01-\xfe", 3);
  CHECK(Glob(ranges, kMaxSubject).steps() == 1);
  CHECK(matches(ranges, "a"));
  CHECK_FALSE(matches(ranges, "\xff"));
}

}  // namespace
}  // namespace reactord
