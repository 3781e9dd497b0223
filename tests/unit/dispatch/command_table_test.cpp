// SPDX-License-Identifier: MIT
#include "daemon/dispatch/command_table.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace reactord;

namespace {

class Declares final : public Handler {
 public:
  explicit Declares(std::span<const CommandSpec> specs) : specs_(specs) {}
  [[nodiscard]] std::span<const CommandSpec> commands() const override { return specs_; }
  HandlerResult handle(const Request&, ReplyWriter&, HandlerContext&) override {
    return HandlerResult::replied;
  }

 private:
  std::span<const CommandSpec> specs_;
};

constexpr CommandSpec kSubcommands[] = {{.name = "list"}, {.name = "no-touch"}};
constexpr CommandSpec kSpecs[] = {{.name = "ping"},
                                  {.name = "pong"},
                                  {.name = "subscribers"},
                                  {.name = "subscriberz"},
                                  {.name = "client", .subcommands = kSubcommands}};

}  // namespace

TEST_CASE("command table: names are found in any case, and only whole") {
  Declares handler(kSpecs);
  CommandTable table;
  table.add(handler, "test");
  for (const CommandSpec& spec : kSpecs) {
    REQUIRE(table.find(spec.name) != nullptr);
    CHECK(table.find(spec.name)->spec->name == spec.name);
  }
  CHECK(table.find("PiNg")->spec == &kSpecs[0]);
  CHECK(table.find("SUBSCRIBERZ")->spec == &kSpecs[3]);
  for (const std::string_view other : {"", "pin", "pings", "subscribe", "subscribery", "p\x09ng",
                                       "PI\x0eG", "ping ", " ping", "clientlist"})
    CHECK(table.find(other) == nullptr);
  CHECK(table.find(std::string_view("ping\0", 5)) == nullptr);
  CHECK(table.find(std::string(1'000'000, 'p')) == nullptr);
}

TEST_CASE("command table: a name of any length differs from others in any letter") {
  const std::string_view letters = "abcdefghijkl";
  std::vector<CommandSpec> specs;
  for (std::size_t length = 1; length <= letters.size(); ++length)
    specs.push_back({.name = letters.substr(0, length)});
  Declares handler(specs);
  CommandTable table;
  table.add(handler, "test");
  for (const CommandSpec& spec : specs) {
    REQUIRE(table.find(spec.name) != nullptr);
    CHECK(table.find(spec.name)->spec == &spec);
    for (std::size_t changed = 0; changed < spec.name.size(); ++changed) {
      std::string other(spec.name);
      other[changed] = 'z';
      CHECK(table.find(other) == nullptr);
    }
  }
}

TEST_CASE("command table: subcommands, and the first command of a handler") {
  Declares handler(kSpecs);
  CommandTable table;
  table.add(handler, "test");
  const CommandEntry* client = table.find("client");
  REQUIRE(CommandTable::find_subcommand(*client, "LIST") != nullptr);
  CHECK(CommandTable::find_subcommand(*client, "LIST")->full_name == "client|list");
  CHECK(CommandTable::find_subcommand(*client, "lis") == nullptr);
  CHECK(table.first_of("test")->spec == &kSpecs[0]);
  CHECK(table.first_of("other") == nullptr);
  CHECK(table.specs().size() == 5);
}

TEST_CASE("command table: what cannot be served is refused when it is declared, by its names") {
  const auto problem_of = [](std::vector<CommandSpec> specs) -> std::string {
    Declares handler(specs);
    CommandTable table;
    try {
      table.add(handler, "test");
    } catch (const std::logic_error& error) {
      return error.what();
    }
    return "";
  };
  Declares handler(kSpecs);
  CommandTable table;
  table.add(handler, "test");
  CHECK_THROWS_WITH_AS(table.add(handler, "again"),
                       "handler 'again', command 'ping': the handler 'test' declares it, too",
                       std::logic_error);
  CHECK(problem_of({{.name = "Odd"}}) ==
        "handler 'test', command 'Odd': a name is lower-case letters, digits, '.', '-' and '_'");
  CHECK(problem_of({{.name = "few", .min_arguments = 2, .max_arguments = 1}}) ==
        "handler 'test', command 'few': it has more min_arguments than max_arguments");
  CHECK(problem_of({{.name = "text", .synopsis = "[message ...|x"}}) ==
        "handler 'test', command 'text': synopsis \"[message ...|x\": '[' is never closed");
  static constexpr CommandSpec kTwice[] = {{.name = "add"}, {.name = "add"}};
  CHECK(problem_of({{.name = "news", .subcommands = kTwice}}) ==
        "handler 'test', command 'news': it has the subcommand 'add' twice");
}
