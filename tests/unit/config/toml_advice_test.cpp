// SPDX-License-Identifier: MIT
// Mistakes that a parser of TOML stops at, and what people are told to write instead.
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/config/config_fixtures.h"

namespace reactord {
namespace {

TEST_CASE("mistakes in TOML's form are told what to write") {
  struct Row {
    std::string toml;
    std::string problem;
  };
  const Row rows[] = {
      // texts without quotes
      {"[log]\nlevel = debug\n", "2:9: a text stands in quotes: level = \"debug\""},
      {"[log]\nlevel = debug # all\n", "2:9: a text stands in quotes: level = \"debug\""},
      {"[deadlines]\nidle = ten\n", "2:8: a text stands in quotes: idle = \"ten\""},
      {"[deadlines]\nidle = 10s\n", "2:8: a text stands in quotes: idle = \"10s\""},
      {"[deadlines]\nidle = off", "2:8: a text stands in quotes: idle = \"off\""},
      {"[limits]\nmax_frame = 1MiB\n", "2:13: a text stands in quotes: max_frame = \"1MiB\""},
      {"[limits]\nmax_frame = 1 MiB\r\n", "2:13: a text stands in quotes: max_frame = \"1 MiB\""},
      {"[[listener]]\naddress = 127.0.0.1:7001\n",
       "2:11: a text stands in quotes: address = \"127.0.0.1:7001\""},
      {"a = " + std::string(1000, 'x'), "1:5: a text stands in quotes: a = \"...\""},
      {"[log]\nlevel = \"debug\n", "2:9: the closing quote of level is missing"},
      {"[log]\nlevel = 'debug\n", "2:9: the closing quote of level is missing"},
      {"[log]\ntarget = \"C:\\path\"\n",
       "2:10: a backslash in double quotes is written twice; or write target in single quotes"},
      // numbers and flags
      {"[[listener]]\nmode = 0600\n",
       "2:8: no number begins with 0; permission bits are a text: mode = \"0600\""},
      {"[server]\nmax_connections = 10,000\n",
       "2:19: a number has digits alone: max_connections = 10000"},
      {"[handlers.greet]\ntwice = yes\n",
       "2:9: write true or false in small letters, or a text in quotes: twice = \"yes\""},
      // lists
      {"[[listener]]\nallow = [10.0.0.0/8]\n",
       "2:9: the items of a list stand in quotes: allow = [\"...\", \"...\"]"},
      {"[[listener]]\nallow = [\"10.0.0.0/8\" \"::1\"]\n",
       "2:9: the items of a list are separated by commas: allow = [\"...\", \"...\"]"},
      {"[[listener]]\nallow = [\"10.0.0.0/8\"\nmode = \"0600\"\n",
       "3:1: Error while parsing array: expected comma or closing ']', saw 'm'"},
      // tables
      {"[listener]\nallow = []\n\n[[listener]]\n",
       "1:1: there may be several: write [[listener]] in double brackets"},
      {"[listener]\nallow = []\n\n[listener]\n",
       "1:1: there may be several: write [[listener]] in double brackets"},
      {"[[listener]]\nallow = []\n\n[listener]\n",
       "4:1: there may be several: write [[listener]] in double brackets"},
      {"[log]\nlevel = \"info\"\n[limits]\n[log]\n",
       "4:1: the table [log] begins in line 1 already: its keys go there"},
      {"[log\nlevel = \"info\"\n", "1:5: the brackets are not closed: write [log]"},
      {"[[listener]\nallow = []\n", "1:12: the brackets are not closed: write [[listener]]"},
      // keys
      {"[log]\nlevel = \"info\"\nlevel = \"debug\"\n", "3:9: level is set in line 2 already"},
      {"[log]\nlevel: \"info\"\n", "2:6: between a key and its value stands '=': level = ..."},
      {"[log]\nlevel \"info\"\n", "2:7: between a key and its value stands '=': level = ..."},
      {"[log]\nlevel =\n", "2:7: level has no value: write level = ..., or leave the line out"},
      // comments
      {"// all of it\n", "1:1: a comment begins with #"},
      {"; all of it\n", "1:1: a comment begins with #"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.toml);
    CHECK_EQ(test::problems_of(row.toml), row.problem);
  }
}

TEST_CASE("where nothing better is known, the parser's words stay") {
  for (const char* toml :
       {"a = {b = c}", "a = \"\"\"\n", "a = [\n1,\n,", "  = 5", "[a\"b]\n[a\"b]"}) {
    CAPTURE(toml);
    CHECK(test::problems_of(toml).find("Error while parsing") != std::string::npos);
  }
}

}  // namespace
}  // namespace reactord
