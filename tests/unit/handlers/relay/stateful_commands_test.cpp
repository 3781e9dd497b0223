// SPDX-License-Identifier: MIT
#include "daemon/handlers/relay/stateful_commands.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <vector>

namespace reactord {
namespace {

bool is_stateful(std::initializer_list<std::string_view> words) {
  const std::vector<std::string_view> all(words);
  return is_stateful_command(all.front()) || is_blocking_request(all);
}

TEST_CASE("stateful commands: by name, in any case") {
  for (const std::string_view name : {"MULTI", "watch", "Subscribe", "CLIENT", "BLPOP", "SELECT"})
    CHECK(is_stateful({name, "x"}));
  for (const std::string_view name : {"GET", "SET", "PUBLISH", "LPOP", "RESIZE", "MULTIPLY", "A"})
    CHECK_FALSE(is_stateful({name, "x"}));
}

TEST_CASE("stateful commands: XREAD and XREADGROUP where they wait") {
  CHECK(is_stateful({"XREAD", "COUNT", "1", "block", "0", "STREAMS", "s", "$"}));
  CHECK(is_stateful({"xreadgroup", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">"}));
  CHECK_FALSE(is_stateful({"XREAD", "COUNT", "1", "STREAMS", "s", "0"}));
  CHECK_FALSE(is_stateful({"GET", "block"}));
}

}  // namespace
}  // namespace reactord
