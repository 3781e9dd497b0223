// SPDX-License-Identifier: MIT
// What every declared handler, command and key has to keep to.
#include "daemon/interface/registry.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "daemon/interface/commands/command_set.h"
#include "daemon/testing/handler_bench.h"

namespace reactord {
namespace {

using test::HandlerBench;

bool is_lower_word(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(),
                                      [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

void check_spec(const CommandSpec& spec) {
  CAPTURE(spec.name);
  CHECK(is_lower_word(spec.name));
  CHECK_FALSE(spec.summary.empty());
  CHECK_FALSE(spec.summary.ends_with('.'));
  CHECK(spec.summary.size() <= 80);
  CHECK(spec.min_arguments <= spec.max_arguments);
  CHECK_FALSE(spec.since.empty());
  if (spec.rest_of_line) CHECK(spec.max_arguments == spec.min_arguments);
}

TEST_CASE("handlers have different names and tables of the same") {
  std::set<std::string_view> names;
  for (const HandlerEntry& entry : handler_entries()) {
    CAPTURE(entry.name);
    CHECK(names.insert(entry.name).second);
    CHECK_FALSE(entry.name.starts_with("test-"));  // those of the tests' own handlers
    CHECK(entry.table.name == entry.name);
  }
  CHECK(handler_tables().size() == handler_entries().size());
  CHECK(names.contains("ceil"));
  CHECK(names.contains("text"));
}

TEST_CASE("commands are declared once, each with its help") {
  const HandlerBench bench;
  std::set<std::string_view> names;
  for (const CommandSpec* command : bench.service.known_commands) {
    check_spec(*command);
    CHECK(names.insert(command->name).second);
    std::set<std::string_view> words;
    for (const CommandSpec& subcommand : command->subcommands) {
      check_spec(subcommand);
      CHECK(words.insert(subcommand.name).second);
      CHECK(subcommand.subcommands.empty());
    }
    CHECK(
        std::is_sorted(command->subcommands.begin(), command->subcommands.end(),
                       [](const CommandSpec& a, const CommandSpec& b) { return a.name < b.name; }));
  }
}

TEST_CASE("what client libraries send on connecting is public") {
  const HandlerBench bench;
  for (const std::string_view name : {"ceil",
                                      "text",
                                      "ping",
                                      "echo",
                                      "quit",
                                      "reset",
                                      "auth",
                                      "hello",
                                      "select",
                                      "info",
                                      "help",
                                      "command",
                                      "command|docs",
                                      "command|info",
                                      "command|count",
                                      "command|list",
                                      "client",
                                      "client|id",
                                      "client|info",
                                      "client|getname",
                                      "client|setname",
                                      "client|setinfo",
                                      "client|reply",
                                      "client|no-touch",
                                      "client|no-evict",
                                      "time",
                                      "role",
                                      "dbsize",
                                      "module|list",
                                      "acl|whoami",
                                      "cluster",
                                      "readonly"}) {
    CAPTURE(name);
    const CommandRef command = find_by_full_name(bench.service.commands(), name);
    REQUIRE(command);
    CHECK(command.spec().command_class == CommandClass::public_);
  }
}

TEST_CASE("what tells about others is introspection, what acts on them admin") {
  const HandlerBench bench;
  struct Row {
    std::string_view name;
    CommandClass command_class;
  };
  const Row rows[] = {
      {"client|list", CommandClass::introspection},
      {"acl|list", CommandClass::introspection},
      {"acl|users", CommandClass::introspection},
      {"config", CommandClass::introspection},
      {"config|get", CommandClass::introspection},
      {"slowlog", CommandClass::introspection},
      {"slowlog|get", CommandClass::introspection},
      {"latency", CommandClass::introspection},
      {"latency|latest", CommandClass::introspection},
      {"client|kill", CommandClass::admin},
      {"slowlog|reset", CommandClass::admin},
      {"latency|reset", CommandClass::admin},
      {"handover", CommandClass::admin},
      {"log", CommandClass::admin},
      {"log|level", CommandClass::admin},
      {"reload", CommandClass::admin},
      {"shutdown", CommandClass::admin},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const CommandRef command = find_by_full_name(bench.service.commands(), row.name);
    REQUIRE(command);
    CHECK(command.spec().command_class == row.command_class);
  }
}

TEST_CASE("a handler without settings is made without any") {
  for (const HandlerEntry& entry : handler_entries()) {
    CAPTURE(entry.name);
    CHECK((entry.table.make() == nullptr) == entry.table.keys.empty());
  }
}

TEST_CASE("commands are found by their words in any case, and by nothing longer") {
  const HandlerBench bench;
  const auto commands = bench.service.commands();
  CHECK(find_command(commands, "CeIl"));
  CHECK(find_command(commands, "Client", "LIST").full_name() == "client|list");
  CHECK_FALSE(find_command(commands, "ceil", "list"));
  CHECK_FALSE(find_command(commands, "cei"));
  CHECK_FALSE(find_command(commands, "ceill"));
  CHECK_FALSE(find_command(commands, ""));
  CHECK_FALSE(find_command(commands, std::string(1 << 20, 'x')));
  CHECK_FALSE(find_by_full_name(commands, "client|"));
  CHECK_FALSE(find_by_full_name(commands, "|list"));
}

}  // namespace
}  // namespace reactord
