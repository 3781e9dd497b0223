// SPDX-License-Identifier: MIT
// A handler that is configured by any number of [[NAME]] tables.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "config/print_config.h"
#include "config/reload.h"
#include "tests/unit/config/config_fixtures.h"

namespace reactord {
namespace {

struct Route {
  std::string to;
  std::int64_t weight = 1;
};
using Routes = std::vector<Route>;

constexpr KeySpec kRouteKeys[] = {
    key<&Route::to>("to", "Where it leads.", Apply::restart),
    key<&Route::weight>("weight", "How much of it.", Apply::reload, {.least = 1, .most = 9})};

const HandlerTableSpec kRoute{
    .name = "route",
    .keys = kRouteKeys,
    .make = [] { return std::shared_ptr<void>(std::make_shared<Routes>()); },
    .may_own_listener = false,
    .repeated = {
        .append = [](void* list) -> void* { return &static_cast<Routes*>(list)->emplace_back(); },
        .size = [](const void* list) { return static_cast<const Routes*>(list)->size(); },
        .at = [](const void* list, std::size_t i) -> const void* {
          return &static_cast<const Routes*>(list)->at(i);
        },
        .check =
            [](const void* one) {
              return static_cast<const Route*>(one)->to.empty() ? std::string("leads nowhere") : "";
            }}};
const std::vector<HandlerTableSpec> kHandlers{kRoute};

const Routes& routes_of(const Config& config) {
  return *static_cast<const Routes*>(handler_settings(config, "route"));
}

LoadedConfig parse(const std::string& toml) {
  return parse_config(toml, kHandlers);
}

Config loaded(const std::string& toml) {
  LoadedConfig result = parse(toml);
  REQUIRE_EQ(test::text_of(result.problems), "");
  return result.config;
}

const std::string kTwo = "[[route]]\nto = 'a'\n[[route]]\nto = 'b'\nweight = 3\n";

TEST_CASE("repeated tables: each is an element, in the order of the file; none is an empty list") {
  CHECK(routes_of(loaded("")).empty());
  const Config config = loaded(kTwo);
  REQUIRE(routes_of(config).size() == 2);
  CHECK(routes_of(config)[0].to == "a");
  CHECK(routes_of(config)[0].weight == 1);
  CHECK(routes_of(config)[1].weight == 3);
}

TEST_CASE("repeated tables: mistakes are told with their place") {
  CHECK_EQ(test::text_of(parse("[[route]]\nto = 'a'\nweight = 10\n").problems).find("3:"), 0);
  CHECK_NE(test::text_of(parse("[[route]]\n").problems).find("[[route]]: leads nowhere"),
           std::string::npos);
  CHECK_NE(test::text_of(parse("[route]\nto = 'a'\n").problems).find("double brackets"),
           std::string::npos);
  CHECK_NE(test::text_of(parse("[[rout]]\n").problems).find("did you mean 'route'"),
           std::string::npos);
  CHECK_NE(test::text_of(parse("[handlers.route]\n").problems).find("no handler 'route'"),
           std::string::npos);
}

TEST_CASE("repeated tables: there is a bound to their number") {
  std::string many;
  for (std::size_t i = 0; i < RepeatedTable::kMaxTables; ++i) many += "[[route]]\nto = 'a'\n";
  CHECK(routes_of(loaded(many)).size() == RepeatedTable::kMaxTables);
  CHECK_NE(
      test::text_of(parse(many + "[[route]]\nto = 'b'\n").problems).find("at most 64 [[route]]"),
      std::string::npos);
}

TEST_CASE("repeated tables: what is printed loads as the same, and CONFIG GET has each") {
  const Config config = loaded(kTwo);
  const Config again = loaded(print_config(config, kHandlers));
  CHECK_EQ(test::text_of(settings_of(again, kHandlers)),
           test::text_of(settings_of(config, kHandlers)));
  CHECK_NE(test::text_of(settings_of(config, kHandlers)).find("route.2.weight"), std::string::npos);
  CHECK_NE(print_config(loaded(""), kHandlers).find("# [[route]]\n"), std::string::npos);
}

TEST_CASE("repeated tables: a reload applies what it may, and more or less of them is a restart") {
  const Config before = loaded(kTwo);
  const Config other = loaded("[[route]]\nto = 'a'\nweight = 7\n[[route]]\nto = 'c'\nweight = 3\n");
  const std::vector<Change> changes = changes_between(before, other, kHandlers);
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].path == "route.1.weight");
  CHECK(changes[0].apply == Apply::reload);
  CHECK(changes[1].path == "route.2.to");
  CHECK(changes[1].apply == Apply::restart);
  const Config merged = merge_reloadable(before, other, kHandlers);
  CHECK(routes_of(merged)[0].weight == 7);
  CHECK(routes_of(merged)[1].to == "b");

  const Config fewer = loaded("[[route]]\nto = 'a'\nweight = 9\n");
  REQUIRE(changes_between(before, fewer, kHandlers).size() == 1);
  CHECK(changes_between(before, fewer, kHandlers)[0].apply == Apply::restart);
  CHECK(routes_of(merge_reloadable(before, fewer, kHandlers)).size() == 2);
  CHECK(routes_of(merge_reloadable(before, fewer, kHandlers))[0].weight == 1);
}

}  // namespace
}  // namespace reactord
