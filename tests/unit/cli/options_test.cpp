// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/command_line/options.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "tools/reactor-cli/command_line/duration.h"
#include "tools/reactor-cli/command_line/failure.h"

namespace {

using namespace reactord::cli;
using namespace std::chrono_literals;

Options parse(const std::vector<const char*>& words) {
  std::vector<const char*> line = {"reactor-cli"};
  for (const char* word : words) line.push_back(word);
  return parse_options(static_cast<int>(line.size()), line.data());
}

std::string command(const std::vector<const char*>& words) {
  std::string shown;
  for (const std::string& word : parse(words).command) shown += '<' + word + '>';
  return shown;
}

std::string usage_error(const std::vector<const char*>& words) {
  try {
    static_cast<void>(parse(words));
  } catch (const Failure& failure) {
    CHECK(failure.code() == ExitCode::usage);
    return failure.what();
  }
  return "";
}

TEST_CASE("durations have a unit and bounds") {
  CHECK(parse_duration("500ms") == 500ms);
  CHECK(parse_duration("2s") == 2s);
  CHECK(parse_duration("1m") == 1min);
  CHECK(parse_duration("24h") == 24h);
  CHECK(parse_duration("0") == 0ms);
  for (const char* bad : {"", "5", "s", "-1s", "+1s", "1.5s", "1 s", "1S", "25h", "99999999999s",
                          "4294967295h", "2s ", "0x1s"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration(bad).has_value());
  }
  CHECK(format_duration(500ms) == "500ms");
  CHECK(format_duration(90s) == "90s");
  CHECK(format_duration(2min) == "2m");
}

TEST_CASE("URIs name a TCP endpoint or a Unix socket") {
  struct Row {
    const char* uri;
    Endpoint endpoint;
  };
  const Row rows[] = {
      {"tcp://localhost:80", {"localhost", 80, ""}},
      {"tcp://localhost", {"localhost", 12345, ""}},
      {"tcp://10.0.0.1:65535/", {"10.0.0.1", 65535, ""}},
      {"tcp://[::1]:6379", {"::1", 6379, ""}},
      {"tcp://[fe80::1%eth0]", {"fe80::1%eth0", 12345, ""}},
      {"unix:/run/r.sock", {"", 0, "/run/r.sock"}},
      {"unix:///run/r.sock", {"", 0, "/run/r.sock"}},
      {"unix:r.sock", {"", 0, "r.sock"}},
      {"redis://h", {"h", 6379, ""}},
      {"redis://h:7/0", {"h", 7, ""}},
      {"redis://[::1]:7/", {"::1", 7, ""}},
      {"redis://:pass@h:7", {"h", 7, "", "", "pass"}},
      {"redis://pass@h", {"h", 6379, "", "", "pass"}},
      {"redis://me:p%40s%3A@h", {"h", 6379, "", "me", "p@s:"}},
      {"tls://h", {"h", 12345, "", "", "", true}},
      {"tls://[::1]:80", {"::1", 80, "", "", "", true}},
      {"rediss://me:pass@h", {"h", 6379, "", "me", "pass", true}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.uri);
    Endpoint endpoint;
    CHECK(parse_uri(row.uri, endpoint) == "");
    CHECK(endpoint == row.endpoint);
  }
  const std::string long_path = "unix:/" + std::string(107, 'x');
  for (const char* bad : {"",
                          "localhost:80",
                          "http://x",
                          "tcp://",
                          "tcp://:80",
                          "tcp://h:",
                          "tcp://h:0",
                          "tcp://h:65536",
                          "tcp://h:8o",
                          "tcp://::1:80",
                          "tcp://[::1",
                          "tcp://[::1]80",
                          "tcp://[]:1",
                          "unix:",
                          "unix://",
                          long_path.c_str(),
                          "rediss://",
                          "rediss://h/1",
                          "tls://h:0",
                          "redis://",
                          "redis://h/1",
                          "redis://@h",
                          "redis://u:@h",
                          "redis://p%4@h"}) {
    CAPTURE(bad);
    Endpoint endpoint;
    CHECK(parse_uri(bad, endpoint) != "");
  }
  Endpoint endpoint;
  CHECK(parse_uri("tcp://h:\x1b[2J\r", endpoint) == "'\\x1b[2J\\r' is not a port (1 to 65535)");
  CHECK(parse_uri("redis://h/\n", endpoint) ==
        "a database is asked for ('/\\n'), and there are none here");
}

TEST_CASE("endpoints are written as they are read") {
  CHECK(to_string({"127.0.0.1", 12345, ""}) == "127.0.0.1:12345");
  CHECK(to_string({"::1", 12345, ""}) == "[::1]:12345");
  CHECK(to_string({"", 0, "/run/r"}) == "unix:/run/r");
  CHECK(to_string({"", 0, "//run/r"}) == "unix:////run/r");  // which is read as that path
}

TEST_CASE("without options the default endpoints are tried") {
  const Options options = parse({});
  REQUIRE(options.endpoints.size() == 2);
  CHECK(to_string(options.endpoints[0]) == "127.0.0.1:12345");
  CHECK(to_string(options.endpoints[1]) == "[::1]:12345");
  CHECK(options.timeout == 5s);
  CHECK_FALSE(options.timeout_given);
  CHECK(options.command.empty());
}

TEST_CASE("all that follows the command's name is the command's") {
  CHECK(command({"ceil", "-0.5"}) == "<ceil><-0.5>");
  CHECK(command({"--port", "7", "text", "--help", "--json"}) == "<text><--help><--json>");
  CHECK(command({"--json", "--", "--odd", "--"}) == "<--odd><-->");
  CHECK(command({"--port=7", "-"}) == "<->");
  CHECK(command({"text", ""}) == "<text><>");
}

TEST_CASE("options say what is wrong with them and what is accepted") {
  struct Row {
    std::vector<const char*> words;
    const char* part;
  };
  const Row rows[] = {
      {{"--timeout", "5"}, "--timeout '5': expected a whole number and a unit"},
      {{"--timeout", "0"}, "--timeout 0"},
      {{"-s", "/x.sock", "ping"}, "-s: a Unix socket is --uri unix:PATH"},
      {{"--user", "me", "ping"}, "--user needs a password: put it into REACTORCLI_AUTH"},
      {{"--token", "ping"}, "--token needs 'hash'"},
      {{"-p", "7", "-n", "1", "ping"}, "-n: there are no databases"},
      {{"--stat", "--latency"}, "one thing at a time"},
      {{"--stat", "chat"}, "one thing at a time"},
      {{"--stat", "ping"}, "who watches sends no command"},
      {{"--latency", "-i", "9ms"}, "expected 10ms or more"},
      {{"--latency", "-n", "0"}, "--rounds '0': expected a whole number from 1"},
      {{"--latency", "--framing", "line"}, "figures need --framing resp"},
      {{"--intrinsic-latency", "0"}, "expected more than nothing"},
      {{"--intrinsic-latency", "soon"}, "--intrinsic-latency 'soon': expected a whole number"},
      {{"--latency-history"}, "write --latency -i 15"},
      {{"-h", "127.0.0.1", "ping"}, "-h is --help here: write --host 127.0.0.1"},
      {{"--cacert", "ca.pem", "ping"}, "need --tls, or --uri tls://HOST:PORT"},
      {{"--tls", "--key", "k.pem", "ping"}, "--key needs --cert"},
      {{"--insecure", "ping"}, "--insecure: who is not checked can be anybody"},
      {{"-x"}, "-x needs a COMMAND"},
      {{"-r", "2", "-i", "-1", "ping"}, "--interval '-1'"},
      {{"-r", "2", "-i", "90000", "ping"}, "--interval '90000'"},
      {{"--framing", "line", "--uri", "redis://:p@h", "x"}, "a password needs --framing resp"},
      {{"--interval", "x", "--repeat", "2", "ping"}, "--interval 'x'"},
      {{"--interval", "1s", "ping"}, "--interval needs --repeat"},
      {{"--repeat", "0", "ping"}, "--repeat '0': expected a whole number from 1"},
      {{"--repeat", "-1", "ping"}, "--repeat '-1'"},
      {{"--repeat", "2"}, "need a COMMAND"},
      {{"--repeat"}, "--repeat"},
      {{"--port", "0"}, "--port '0': expected 1 to 65535"},
      {{"--framing", "http"}, "expected resp, line or raw"},
      {{"--uri", "ftp://x"}, "expected tcp://HOST:PORT, tls://HOST:PORT, unix:PATH"},
      {{"--uri", "unix:/x", "--host", "h"}, "--uri names"},
      {{"--json", "--framing", "raw", "x"}, "--json"},
      {{"--no-such"}, "--no-such"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.part);
    const std::string error = usage_error(row.words);
    CHECK_MESSAGE(error.find(row.part) != std::string::npos, error);
    CHECK(error.find("--help") != std::string::npos);
  }
}

TEST_CASE("what redis-cli's users type") {
  CHECK(to_string(parse({"-p", "7000", "ping"}).endpoints[0]) == "127.0.0.1:7000");
  const Options repeated = parse({"-r", "3", "-i", "0.25", "ping"});
  CHECK(repeated.repeat == 3);
  CHECK(repeated.interval == 250ms);
  CHECK(parse({"-r", "3", "-i", "2", "ping"}).interval == 2s);
  CHECK(parse({"-r", "3", "--interval", "2ms", "ping"}).interval == 2ms);
  CHECK(parse({"-x", "text"}).last_from_input);
  CHECK_FALSE(parse({"text", "-x"}).last_from_input);
  CHECK(command({"ceil", "-a"}) == "<ceil><-a>");
  CHECK(parse({"-h"}).information == parse({"--help"}).information);
}

TEST_CASE("a password comes from the environment where the address has none") {
  REQUIRE(::setenv("REACTORCLI_AUTH", "secret", 1) == 0);
  CHECK(parse({"ping"}).endpoints[1].password == "secret");
  CHECK(parse({"--uri", "redis://me:own@h", "ping"}).endpoints[0].password == "own");
  CHECK(parse({"--user", "me", "ping"}).endpoints[1].user == "me");
  CHECK(parse({"--user", "me", "ping"}).endpoints[1].password == "secret");
  CHECK(parse({"--admin", "ping"}).endpoints[0].password == "");
  CHECK(parse({"--admin", "--user", "me", "ping"}).endpoints[0].password == "secret");
  CHECK(parse({"-a", "typed", "ping"}).endpoints[0].password == "typed");
  CHECK(parse({"--pass", "typed", "--uri", "redis://me:own@h", "ping"}).endpoints[0].password ==
        "typed");
  CHECK(parse({"--framing", "line", "x"}).endpoints[0].password == "");
  REQUIRE(::unsetenv("REACTORCLI_AUTH") == 0);
  CHECK(parse({"ping"}).endpoints[0].password == "");
}

TEST_CASE("the help fits one screen of 80 by 24") {
  const std::string help = parse({"--help"}).information;
  std::size_t lines = 0;
  for (std::size_t at = 0; at < help.size(); ++lines) {
    const std::size_t end = help.find('\n', at);
    CHECK(end - at <= 80);
    at = end + 1;
  }
  CHECK(lines <= 23);  // the shell's next prompt takes one
}

TEST_CASE("operator and chat are modes when nothing but options follows") {
  CHECK(parse({"operator"}).mode == Mode::operate);
  CHECK(parse({"operator"}).command.empty());
  CHECK(parse({"operator"}).endpoints ==
        std::vector<Endpoint>{{"", 0, "/run/reactord/admin.sock"}});
  CHECK(parse({"--port", "7", "operator", "--name", "bob", "--json"}).name == "bob");
  CHECK(parse({"--port", "7", "operator"}).endpoints[0] == Endpoint{"127.0.0.1", 7, ""});
  CHECK(parse({"chat", "--framing", "raw"}).mode == Mode::chat);
  CHECK(parse({"chat", "--framing", "raw"}).framing == Framing::raw);
  CHECK(parse({"chat"}).endpoints[0] == Endpoint{"127.0.0.1", 12345, ""});
  CHECK(parse({"operator", "list"}).mode == Mode::requests);
  CHECK(command({"operator", "list"}) == "<operator><list>");
  CHECK(parse({"OPERATOR"}).mode == Mode::requests);
  CHECK(parse({"--", "text", "chat"}).mode == Mode::requests);
  CHECK(parse({"operator", "--help"}).information.find("operator [--uri") != std::string::npos);
  CHECK(parse({"chat", "--help"}).information.find("reactor-cli chat") != std::string::npos);
  CHECK(usage_error({"--framing", "line", "operator"}).find("resp") != std::string::npos);
  CHECK(usage_error({"--name", "bob", "chat"}).find("--name") != std::string::npos);
  CHECK(usage_error({"--repeat", "2", "chat"}).find("COMMAND") != std::string::npos);
}

}  // namespace
