// SPDX-License-Identifier: MIT
// TOML in, exact problems out, each with its line and column.
#include "config/toml/loader.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/config/config_fixtures.h"

namespace reactord {
namespace {

using test::good;
using test::handlers;
using test::ProblemRow;
using test::problems_of;

TEST_CASE("an empty text is the defaults") {
  const std::string defaults = test::text_of(settings_of(default_config(handlers()), handlers()));
  for (const std::string_view toml :
       {"", "\n\n", "# nothing\n", "\xef\xbb\xbf", "[server]\n[handlers]\n", "listener = []\n"}) {
    CAPTURE(toml);
    CHECK_EQ(test::text_of(settings_of(good(toml), handlers())), defaults);
  }
}

TEST_CASE("every key reaches its member") {
  const Config config = good(R"(
[server]
max_connections = 3
max_admin_connections = 4
max_connections_per_address = 2
when_full = "wait"
[[listener]]
name = "web.1"
address = ["0.0.0.0:80", "unix:/run/a.sock"]
inline_replies = "resp"
allow = ["10.0.0.0/8", "::1"]
allow_commands = ["public"]
mode = "0600"
group = "adm"
backlog = 7
[[listener]]
address = "[::1]:9"
framing = "line"
handler = "greet"
[[listener]]
address = "127.0.0.1:9"
role = "admin"
[limits]
max_frame = "1MiB"
max_arguments = 9
max_inline = "1KiB"
output_high_water = "2KiB"
max_buffer_memory = "1MiB"
[deadlines]
first_request = "1s"
frame = "2s"
idle = "3s"
write_stall = "off"
drain = "5s"
linger = "60ms"
[log]
level = "debug"
target = "/var/log/reactord.log"
[handlers.greet]
greeting = "ho"
mood = "loud"
twice = true
[handlers.plain]
)");
  CHECK_EQ(config.server.max_connections, 3);
  CHECK_EQ(config.server.max_admin_connections, 4);
  CHECK_EQ(config.server.max_connections_per_address, 2);
  CHECK(config.server.when_full == WhenFull::wait);
  REQUIRE_EQ(config.listeners.size(), 3);
  const ListenerSettings& first = config.listeners[0];
  CHECK_EQ(first.name, "web.1");
  CHECK_EQ(first.line, 7);
  REQUIRE_EQ(first.addresses.size(), 2);
  CHECK_EQ(to_string(first.addresses[1]), "unix:/run/a.sock");
  CHECK(first.inline_replies == InlineReplies::resp);
  CHECK_EQ(first.allow.size(), 2);
  CHECK(first.allow_commands == AllowedCommands{false, true, false, false});
  CHECK_EQ(first.mode.bits, 0600);
  CHECK_EQ(first.group, "adm");
  CHECK_EQ(first.backlog, 7);
  CHECK(first.role == ListenerRole::open);
  const ListenerSettings& second = config.listeners[1];
  CHECK_EQ(second.name, "listener2");
  CHECK_EQ(second.line, 16);
  CHECK(second.framing == ListenerFraming::line);
  CHECK_EQ(second.handler, "greet");
  CHECK(config.listeners[2].role == ListenerRole::admin);
  CHECK_EQ(config.limits.max_frame.bytes, 1u << 20);
  CHECK_EQ(config.limits.max_arguments, 9);
  CHECK_EQ(config.limits.max_inline.bytes, 1024);
  CHECK_EQ(config.limits.output_high_water.bytes, 2048);
  CHECK_EQ(config.limits.max_buffer_memory.bytes, 1u << 20);
  CHECK_EQ(config.deadlines.first_request.count(), 1000);
  CHECK_EQ(config.deadlines.frame.count(), 2000);
  CHECK_EQ(config.deadlines.idle.count(), 3000);
  CHECK_EQ(config.deadlines.write_stall.count(), 0);
  CHECK_EQ(config.deadlines.drain.count(), 5000);
  CHECK_EQ(config.deadlines.linger.count(), 60);
  CHECK(config.log.level == LogLevel::debug);
  CHECK_EQ(config.log.target, "/var/log/reactord.log");
  const auto& greet = *static_cast<test::GreetSettings*>(config.handlers.at("greet").get());
  CHECK_EQ(greet.greeting, "ho");
  CHECK(greet.mood == test::Mood::loud);
  CHECK(greet.twice);
  const auto& count = *static_cast<test::CountSettings*>(config.handlers.at("count").get());
  CHECK_EQ(count.most, 4096);
}

TEST_CASE("a syntax error is the one problem, with its place") {
  for (const ProblemRow& row :
       {ProblemRow{"[server\n", "1:8: "}, ProblemRow{"a = 1\nb = \"x\n", "2:5: "},
        ProblemRow{"[server]\nmax_connections = 1\nmax_connections = 2\n", "3:"},
        ProblemRow{"a = nope", "1:"}, ProblemRow{"\n\n  = 5", "3:3: "},
        ProblemRow{"nonsense = 1\n[lim\n", "2:"}}) {
    CAPTURE(row.toml);
    const LoadedConfig loaded = parse_config(row.toml, handlers());
    CHECK_EQ(loaded.problems.size(), 1);
    const std::string text = test::text_of(loaded.problems);
    CHECK_MESSAGE(text.starts_with(row.problems), text);
  }
}

TEST_CASE("what the parser repeats of the file stays in the problem's line, and no terminal's") {
  const std::string key(100, 'k');  // too long for any advice
  CHECK(problems_of(key + " = [[t\n") ==
        "1:107: Error while parsing boolean: expected 'true', saw 't\\n'");
  for (const char* const value : {"[[t\n", "[[t\x1b]0;x\x07\n", "[[t\u009b1m\n", "\x7f"}) {
    CAPTURE(value);
    const std::string problems = problems_of(key + " = " + value);
    CHECK(problems.find_first_of("\n\x1b\x07\x7f") == problems.npos);
    CHECK(problems.find("\u009b") == problems.npos);
  }
}

TEST_CASE("unknown tables and keys come with the nearest known one") {
  const ProblemRow rows[] = {
      {"[sever]\nx = 1\n", "1:2: unknown table 'sever'; did you mean 'server'?"},
      {"[[listeners]]\n", "1:3: unknown table 'listeners'; did you mean 'listener'?"},
      {"[wholly.other]\n", "1:2: unknown table 'wholly'"},
      {"[server]\nmax_conections = 1\n",
       "2:1: unknown key 'max_conections' in [server]; did you mean 'max_connections'?"},
      {"server.max_conections = 1\n",
       "1:8: unknown key 'max_conections' in [server]; did you mean 'max_connections'?"},
      {"[server]\nbanana = 1\n", "2:1: unknown key 'banana' in [server]"},
      {"[server]\nmax_frame = \"1MiB\"\n",
       "2:1: unknown key 'max_frame' in [server]; it belongs in [limits]"},
      {"max_frame = \"1MiB\"\n",
       "1:1: unknown key 'max_frame' above the first table; it belongs in [limits]"},
      {"backlog = 5\n",
       "1:1: unknown key 'backlog' above the first table; it belongs in [[listener]]"},
      {"[[listener]]\nadress = \"systemd\"\n",
       "1:1: listener.address: a listener needs an address, such as address = \"127.0.0.1:12345\"\n"
       "2:1: unknown key 'adress' in [[listener]]; did you mean 'address'?"},
      {"[handlers.gret]\n", "1:11: there is no handler 'gret'; did you mean 'greet'?"},
      {"[handlers.greet]\ngreting = 'x'\n",
       "2:1: unknown key 'greting' in [handlers.greet]; did you mean 'greeting'?"},
      {"[handlers.plain]\nx = 1\n", "2:1: unknown key 'x' in [handlers.plain]"},
      {"[handlers.greet.deeper]\n", "1:17: unknown key 'deeper' in [handlers.greet]"},
      {"\"\\u001b[31m\" = 1\n", "1:1: unknown key '\\u001B[31m' above the first table"},
  };
  test::check_rows(rows);
}

TEST_CASE("wrong types") {
  const ProblemRow rows[] = {
      {"server = 5\n",
       "1:1: expected the table [server], found an integer: write [server] on a line of its own "
       "and its "
       "keys below"},
      {"handlers = 'x'\n",
       "1:1: expected the table [handlers], found a text: write [handlers] on a line of its own "
       "and its "
       "keys below"},
      {"[handlers]\ngreet = 5\n", "2:1: expected the table [handlers.greet], found an integer"},
      {"[listener]\naddress = 'systemd'\n",
       "1:2: expected [[listener]] in double brackets, because there may be several; found a "
       "table"},
      {"listener = [1]\n",
       "1:1: expected [[listener]] in double brackets, because there may be several; found a list"},
      {"[server]\nmax_connections = \"10\"\n",
       "2:19: server.max_connections: expected an integer, found the text '10'"},
      {"[server]\nmax_connections = 1.5\n",
       "2:19: server.max_connections: expected integer, found a number with a point"},
      {"[server]\nwhen_full = 1979-05-27\n",
       "2:13: server.when_full: expected one of refuse, wait, found a date"},
      {"[limits.max_frame]\n", "1:1: limits.max_frame: expected size, found a table"},
      {"[limits]\nmax_frame = [\"1KiB\", \"2KiB\"]\n",
       "2:13: limits.max_frame: expected a size such as \"64KiB\", found a list"},
      {"[log]\nlevel = true\n",
       "2:9: log.level: expected one of \"trace\", \"debug\", \"info\", \"warning\", \"error\", "
       "\"off\", "
       "found true"},
      {"[[listener]]\naddress = [\"systemd\", 5,\n  []]\nname = 'a'\n",
       "2:23: listener.address: a list has texts in quotes alone, found an integer\n"
       "3:3: listener.address: a list has texts in quotes alone, found a list"},
  };
  test::check_rows(rows);
}

TEST_CASE("values out of range") {
  const ProblemRow rows[] = {
      {"[server]\nmax_connections = 0\n",
       "2:19: server.max_connections: 0 is out of range, which is from 1 to 1000000: each needs a "
       "descriptor, of which the kernel gives one process 1048576"},
      {"[limits]\nmax_frame = \"1GiB\"\n",
       "2:13: limits.max_frame: 1GiB is out of range, which is from 1KiB to 512MiB: a connection's "
       "buffer must stay well below 2GiB"},
      {"[limits]\nmax_arguments = 7\n",
       "2:17: limits.max_arguments: 7 is out of range, which is from 8 to 16777216: HELLO with all "
       "of "
       "its options has 7"},
      {"[deadlines]\nidle = 10\n",
       "2:8: deadlines.idle: 10 has no unit: write \"10s\" or \"10ms\""},
      {"[deadlines]\ndrain = \"off\"\n",
       "2:9: deadlines.drain: this cannot be off: from 10ms to 1h"},
      {"[log]\ntarget = \"\"\n", "2:10: log.target: must not be empty"},
      {"[log]\nlevel = \"warn\"\n",
       "2:9: log.level: expected one of \"trace\", \"debug\", \"info\", \"warning\", \"error\", "
       "\"off\", "
       "found 'warn'; did you mean 'warning'?"},
      {"[handlers.greet]\nmood = \"lowd\"\n",
       "2:8: handlers.greet.mood: expected one of \"calm\", \"loud\", found 'lowd'; did you mean "
       "'loud'?"},
  };
  test::check_rows(rows);
}

TEST_CASE("all semantic problems at once, in the order of the file") {
  CHECK_EQ(
      problems_of("[zebra]\n[server]\nwhen_full = 5\nmax_connections = -1\n"
                  "[[listener]]\nhandler = \"x\"\n[deadlines]\nidle = \"x\"\n[log]\n"
                  "target = \"stdout\"\n"),
      "1:2: unknown table 'zebra'\n"
      "3:13: server.when_full: expected one of \"refuse\", \"wait\", found the integer 5\n"
      "4:19: server.max_connections: -1 is out of range, which is from 1 to 1000000: each needs a "
      "descriptor, of which the kernel gives one process 1048576\n"
      "5:1: listener.address: a listener needs an address, such as address = \"127.0.0.1:12345\"\n"
      "6:1: listener.handler has no effect here: a command listener has no handler of its own: "
      "each request names its command\n"
      "8:8: deadlines.idle: expected a duration such as \"10s\" or \"500ms\", found 'x'\n"
      "10:10: log.target: expected \"stderr\" or the path of a file, found 'stdout'; a file in the "
      "working directory is written with './' before its name");
}

TEST_CASE("problems are bounded") {
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "key" + std::to_string(i) + " = 1\n";
  const LoadedConfig loaded = parse_config(many, handlers());
  REQUIRE_EQ(loaded.problems.size(), 101);
  CHECK_EQ(loaded.problems.back().message, "and 4900 more problems");
  std::string listeners;
  for (int i = 0; i < 1000; ++i) listeners += "[[listener]]\naddress = \"127.0.0.1:0\"\n";
  CHECK_EQ(problems_of(listeners), "129:1: there are more than 64 listeners");
}

TEST_CASE("a problem names the file, and the place where there is one") {
  CHECK_EQ(to_string(ConfigProblem{12, 3, "is odd"}, "a.toml"), "a.toml:12:3: is odd");
  CHECK_EQ(to_string(ConfigProblem{0, 0, "is odd"}, "a.toml"), "a.toml: is odd");
}

TEST_CASE("columns count characters") {
  CHECK_EQ(problems_of("[server]\n\"é\" = 1\n"), "2:1: unknown key 'é' in [server]");
  CHECK_EQ(problems_of("[handlers]\ngreet = {greeting = \"éé\", x = 1}\n"),
           "2:27: unknown key 'x' in [handlers.greet]");
  CHECK_EQ(problems_of("# é\n# éé\xff\n"), "2:5: the byte 0xff is not UTF-8");
}

TEST_CASE("what is not UTF-8 is refused where it begins") {
  for (const std::string bad : {"\xff", "\xc0\x80", "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                "\xe2\x82", "\x80", "\xf0\x80\x80\x80"}) {
    CAPTURE(bad);
    const LoadedConfig loaded = parse_config("# ok\n#" + bad, handlers());
    REQUIRE_EQ(loaded.problems.size(), 1);
    CHECK_EQ(loaded.problems[0].line, 2);
    CHECK_EQ(loaded.problems[0].column, 2);
  }
  CHECK_EQ(problems_of("# \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf\n"), "");
}

std::string repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST_CASE("pathological texts end in one problem") {
  const std::string texts[] = {
      repeat("[", 100'000),
      "a = " + repeat("[", 100'000),
      "a = " + repeat("{a = ", 100'000),
      repeat("a.", 500'000) + "a = 1",
      "[" + repeat("a.", 500'000) + "a]",
      "[[" + repeat("a.", 500'000) + "a]]",
      repeat("\"a\" . ", 100'000) + "a = 1",
      repeat("'#'.", 100'000) + "a = 1",
      "x = \"\"\"\"#\"\"\"\"\"\n" + repeat("a.", 100'000) + "a = 1",
      "a = " + repeat("{" + repeat("a.", 30) + "a = [", 250),
      "a = \"" + std::string(100'000, 'x'),
      "[&",
      "[",
      "[[",
      "a",
      "\"",
      "'''",
      "a = \"\\",
      std::string("a = 1\0b = 2", 11),
      std::string(1000, '\0'),
  };
  for (const std::string& text : texts) {
    CAPTURE(text.substr(0, 40));
    const LoadedConfig loaded = parse_config(text, handlers());
    CHECK_EQ(loaded.problems.size(), 1);
  }
}

TEST_CASE("dots outside keys are not counted") {
  CHECK_EQ(problems_of("# " + repeat("a.", 100) + "\n[handlers.greet]\ngreeting = \"" +
                       repeat(".", 90) + "\"\n"),
           "");
  CHECK_EQ(problems_of("[handlers.greet]\ngreeting = '''\n'" + repeat(".", 40) + "\\'''''\n"), "");
  CHECK_EQ(problems_of("[handlers.greet]\ngreeting = \"\"\"\n\\\"" + repeat(".", 40) + "\"\"\"\n"),
           "");
}

}  // namespace
}  // namespace reactord
