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
  CHECK(stats.counts() == ErrorStats::Counts{{"ERR", 3}, {"WRONGPASS", 1}});
}

TEST_CASE("error stats: codes that a handler makes up do not fill the memory") {
  ErrorStats stats;
  for (int i = 0; i < 1000; ++i) stats.count("CODE" + std::to_string(i) + " no");
  CHECK(stats.counts().size() == 128);
  stats.count("CODE0 no");
  CHECK(stats.counts().at("CODE0") == 2);
}

}  // namespace
}  // namespace reactord
