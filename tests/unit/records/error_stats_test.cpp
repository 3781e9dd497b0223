// SPDX-License-Identifier: MIT
#include "daemon/records/error_stats.h"

#include <doctest/doctest.h>

#include <string>

namespace reactord {
namespace {

TEST_CASE("error stats: the code is counted, in whichever encoding it was sent") {
  ErrorStats stats;
  for (const char* const error : {"-ERR no\r\n", "(error) ERR no\n", "ERR no", "WRONGPASS\r\n"})
    stats.count(error);
  CHECK(stats.counts() == ErrorStats::Counts{{"ERR", {3, 1}}, {"WRONGPASS", {1, 2}}});
}

TEST_CASE("error stats: codes that somebody makes up do not fill the memory") {
  ErrorStats stats;
  for (int i = 0; i < 1000; ++i) stats.count("CODE" + std::to_string(i) + " no");
  CHECK(stats.counts().size() == 129);
  stats.count("CODE0 no");
  CHECK(stats.counts().at("CODE0").errors == 2);
  CHECK(stats.counts().at("(other)").errors == 1000 - 128);
  CHECK(stats.code_of(stats.count("CODE1000 no")) == "(other)");
  CHECK(stats.code_of(0).empty());
}

TEST_CASE("error stats: what does not look like a code is none") {
  ErrorStats stats;
  const std::string longest(32, 'X');
  for (const std::string& code : {std::string("A_b-9.c"), longest}) {
    CAPTURE(code);
    CHECK(stats.code_of(stats.count("-" + code + " no\r\n")) == code);
  }
  for (const std::string& code :
       {longest + 'X', std::string("a\"b"), std::string("a\\b"), std::string("\xc3\xa9"),
        std::string("a{b"), std::string("a\0b", 3), std::string(), std::string("(other)")}) {
    CAPTURE(code);
    CHECK(stats.code_of(stats.count("-" + code + " no\r\n")) == "(other)");
  }
  CHECK(stats.counts().size() == 3);
}

TEST_CASE("error stats: a code has a number, by which it is found") {
  ErrorStats stats;
  const ErrorStats::Number err = stats.count("-ERR no\r\n");
  const ErrorStats::Number wrong = stats.count("WRONGPASS");
  CHECK(err != wrong);
  CHECK(stats.count("ERR other") == err);
  CHECK(stats.code_of(err) == "ERR");
  CHECK(stats.code_of(wrong) == "WRONGPASS");
}

}  // namespace
}  // namespace reactord
