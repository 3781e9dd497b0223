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

TEST_CASE("error stats: codes that a handler makes up do not fill the memory") {
  ErrorStats stats;
  for (int i = 0; i < 1000; ++i) stats.count("CODE" + std::to_string(i) + " no");
  CHECK(stats.counts().size() == 128);
  stats.count("CODE0 no");
  CHECK(stats.counts().at("CODE0").errors == 2);
  CHECK(stats.count("CODE1000 no") == 0);
  CHECK(stats.code_of(0).empty());
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
