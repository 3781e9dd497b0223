// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/completion/command_docs.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "protocol/replies/reply_parser.h"

namespace {

using namespace reactord;
using namespace reactord::cli;

std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

std::string entry(std::string_view key, std::string_view value) {
  return bulk(key) + bulk(value);
}

std::string argument(std::string_view name, std::string_view flag) {
  const std::string base = entry("name", name) + entry("type", "string");
  if (flag.empty()) return "%2\r\n" + base;
  return "%3\r\n" + base + bulk("flags") + "~1\r\n+" + std::string(flag) + "\r\n";
}

CommandDocs docs_of(const std::string& bytes) {
  ReplyParser parser;
  std::size_t consumed = 0;
  REQUIRE(parser.parse(bytes, consumed) == ReplyStatus::reply);
  return CommandDocs(parser.take());
}

CommandDocs sample() {
  const std::string list = "%1\r\n" + entry("summary", "Lists clients");
  const std::string kill = "%1\r\n" + entry("summary", "Ends clients");
  return docs_of("%4\r\n" + bulk("ceil") + "%2\r\n" + entry("summary", "Rounds up") +
                 bulk("arguments") + "*1\r\n" + argument("real", "") +                      //
                 bulk("client") + "%2\r\n" + entry("summary", "Clients") +                  //
                 bulk("subcommands") + "%2\r\n" + bulk("client|list") + list +              //
                 bulk("client|kill") + kill +                                               //
                 bulk("info") + "%2\r\n" + entry("summary", "Tells") + bulk("arguments") +  //
                 "*1\r\n" + argument("section", "optional") +                               //
                 bulk("ping") + "%0\r\n");
}

TEST_CASE("help lists commands with their arguments and says more of one") {
  const CommandDocs docs = sample();
  CHECK(docs.help() ==
        "ceil real       Rounds up\nclient          Clients\ninfo [section]  Tells\nping\n");
  CHECK(docs.help("CEIL") == "ceil real  Rounds up\n");
  CHECK(docs.help("client  list ") == "client list  Lists clients\n");
  CHECK(docs.help("client").find("client kill") != std::string::npos);
  CHECK(docs.help("nope") == "");
}

TEST_CASE("TAB completes a name, then shows its arguments") {
  const CommandDocs docs = sample();
  CHECK(docs.complete("ce").insert == "il ");
  CHECK(docs.complete("CE").insert == "IL ");
  CHECK(docs.complete("help ce").insert == "il ");
  CHECK(docs.complete("ceil ").lines == std::vector<std::string>{"ceil real  Rounds up"});
  CHECK(docs.complete("ceil 4.4").lines.size() == 1);
  CHECK(docs.complete("c").lines.size() == 2);
  CHECK(docs.complete("").lines.size() == 4);
  CHECK(docs.complete("client l").insert == "ist ");
  CHECK(docs.complete("client  ").lines.size() == 2);
  CHECK(docs.complete("nope ").lines.empty());
  CHECK(CommandDocs().complete("x").insert == "");
}

TEST_CASE("RESP2's flat lists are read too") {
  const CommandDocs docs =
      docs_of("*2\r\n" + bulk("ceil") + "*4\r\n" + entry("summary", "Up") + bulk("arguments") +
              "*1\r\n*4\r\n" + entry("name", "real") + entry("type", "string"));
  CHECK(docs.help() == "ceil real  Up\n");
}

TEST_CASE("tokens, choices and repetition are written as in Redis' manual") {
  const std::string one_of = "%3\r\n" + entry("name", "on") + entry("type", "oneof") +
                             bulk("arguments") + "*2\r\n%2\r\n" + entry("type", "pure-token") +
                             entry("token", "ON") + "%2\r\n" + entry("type", "pure-token") +
                             entry("token", "OFF");
  const std::string token =
      "%3\r\n" + entry("name", "n") + entry("type", "integer") + entry("token", "COUNT");
  const CommandDocs docs = docs_of("%1\r\n" + bulk("x") + "%1\r\n" + bulk("arguments") + "*3\r\n" +
                                   one_of + token + argument("name", "multiple"));
  CHECK(docs.help() == "x ON|OFF COUNT n name ...\n");
}

TEST_CASE("a long synopsis has its summary below") {
  const CommandDocs docs =
      docs_of("%2\r\n" + bulk("a") + "%1\r\n" + entry("summary", "Short") + bulk("b") + "%2\r\n" +
              entry("summary", "Long") + bulk("arguments") + "*1\r\n" +
              argument("a-name-that-is-longer-than-half-a-line", ""));
  CHECK(docs.help() == "a  Short\nb a-name-that-is-longer-than-half-a-line\n   Long\n");
}

TEST_CASE("hostile names are left out, hostile texts escaped and cut") {
  const CommandDocs docs =
      docs_of("%3\r\n" + bulk("\x1b[2J") + "%0\r\n" + bulk(std::string(1000, 'a')) + "%0\r\n" +
              bulk("ok") + "%2\r\n" + entry("summary", "\x1b]0;owned\a" + std::string(5000, 'x')) +
              bulk("arguments") + "*1\r\n" + argument("\x1b[31m", ""));
  const std::string help = docs.help();
  CHECK(help.find('\x1b') == std::string::npos);
  CHECK(help.find('\a') == std::string::npos);
  CHECK(help.size() < 600);
  CHECK(help.starts_with("ok "));
}

TEST_CASE("replies of any other kind are no documentation") {
  for (const char* bytes : {"-ERR unknown command\r\n", ":1\r\n", "*1\r\n:1\r\n", "$-1\r\n",
                            "*2\r\n*0\r\n*0\r\n", "%1\r\n+a|b|c\r\n%0\r\n"}) {
    CAPTURE(bytes);
    CHECK(docs_of(bytes).empty());
  }
}

}  // namespace
