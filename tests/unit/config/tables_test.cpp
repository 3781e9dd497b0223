// SPDX-License-Identifier: MIT
// What derives from the declared keys: the printed configuration, the settings, the changes.
#include "config/tables.h"
#include "config/print_config.h"
#include "config/reload.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "config/text/toml_text.h"
#include "tests/unit/config/config_fixtures.h"

namespace reactord {
namespace {

using test::good;
using test::handlers;
using test::text_of;

std::string changes_text(const Config& before, const Config& after) {
  std::string out;
  for (const Change& change : changes_between(before, after, handlers())) {
    out += change.path + ": '" + change.before + "' -> '" + change.after + "'";
    out += change.apply == Apply::restart ? " restart\n" : "\n";
  }
  return out;
}

TEST_CASE("the defaults, as settings") {
  CHECK_EQ(text_of(settings_of(default_config(handlers()), handlers())),
           R"(server.max_connections = 10000
server.max_admin_connections = 16
server.max_http_connections = 32
server.max_connections_per_address = 0
server.when_full = refuse
server.max_handshakes = 1000
server.workers = 4
server.max_offloaded = 1000
server.max_before_login = 1000
server.survive = no
limits.max_frame = 16MiB
limits.max_arguments = 1048576
limits.max_inline = 64KiB
limits.output_high_water = 1MiB
limits.max_buffer_memory = 256MiB
deadlines.handshake = 10s
deadlines.first_request = 60s
deadlines.login = 10s
deadlines.frame = 30s
deadlines.idle = off
deadlines.write_stall = 30s
deadlines.leave = off
deadlines.drain = 10s
deadlines.linger = 2s
log.level = info
log.target = stderr
log.format = text
log.slow_handler = 100ms
log.levels = 
log.access_sample = 0
log.access_target = stderr
log.access_max_per_second = 2000
log.access_arguments = false
slowlog.slower_than = 10ms
slowlog.deferred_slower_than = 1s
slowlog.max_requests = 128
latency.slow_turn = 10ms
listener.default.name = default
listener.default.address = 127.0.0.1:12345 [::1]:12345
listener.default.role = public
listener.default.framing = command
listener.default.handler = 
listener.default.inline_replies = plain
listener.default.allow = 
listener.default.proxy = 
listener.default.allow_commands = by_address
listener.default.require = nothing
listener.default.mode = 0660
listener.default.group = 
listener.default.backlog = 4096
handlers.greet.greeting = hello
handlers.greet.mood = calm
handlers.greet.twice = false
handlers.greet.pause = off
handlers.count.most = 4096
)");
}

TEST_CASE("every default is inside its own range") {
  const Config config = default_config(handlers());
  for (const ConfigTable& table : single_tables()) {
    for (const KeySpec& spec : table.keys) {
      CAPTURE(spec.name);
      Config copy = config;
      CHECK_EQ(spec.set(table.settings(copy), spec.get(table.view(config)), spec.range), "");
    }
  }
}

TEST_CASE("every key is declared once") {
  for (const auto keys :
       {server_keys(), listener_keys(), tls_keys(), limit_keys(), deadline_keys(), log_keys()}) {
    std::set<std::string_view> names;
    for (const KeySpec& spec : keys) {
      CAPTURE(spec.name);
      CHECK(names.insert(spec.name).second);
      CHECK_FALSE(spec.type.empty());
    }
  }
}

TEST_CASE("a printed configuration loads to the same") {
  const std::string_view texts[] = {
      "",
      "[server]\nmax_connections = 77\nwhen_full = 'wait'\n",
      "[[listener]]\nname = 'a'\naddress = 'systemd'\n"
      "[[listener]]\nname = 'b'\naddress = ['unix:/a \"b\" \\c', '10.0.0.1:0']\nframing = 'line'\n"
      "handler = 'plain'\nmode = '0600'\nallow = ['10.0.0.0/8', '::1']\n"
      "[[listener]]\naddress = 'unix:/only'\nallow_commands = ['public', 'admin']\n"
      "inline_replies = 'resp'\nbacklog = 1\n",
      "[[listener]]\naddress = '[::]:1'\nallow_commands = 'all'\n",
      "[[listener]]\naddress = '[::]:1'\n[listener.tls]\ncertificate = ['a.pem', 'b.pem']\n"
      "key = ['a.key', 'b.key']\nclient_ca = 'ca.pem'\nclient_auth = 'optional'\n"
      "min_version = '1.3'\nciphers = 'ECDHE+AESGCM'\n[[listener]]\naddress = 'unix:/a'\n",
      "[server]\nmax_admin_connections = 3\n"
      "[[listener]]\naddress = ['unix:/admin', '127.0.0.1:1']\nrole = 'admin'\ngroup = 'adm'\n",
      "[limits]\nmax_inline = 1001\nmax_frame = '1000KiB'\n[deadlines]\nidle = '1m30s'\ndrain = "
      "'15ms'\n"
      "first_request = 'off'\n[log]\nlevel = 'off'\ntarget = \"./\\\"a\\\\b\\u0007\\n\u00e9\"\n",
      "[handlers.greet]\ngreeting = \"tab\\t quote\\\" back\\\\ esc\\u001b del\\u007f c1\\u0085 "
      "nul\\u0000 \\r\\n\"\n"
      "mood = 'loud'\ntwice = true\npause = '250ms'\n[handlers.count]\nmost = 1\n",
  };
  for (const std::string_view toml : texts) {
    CAPTURE(toml);
    const Config config = good(toml);
    const std::string printed = print_config(config, handlers());
    CAPTURE(printed);
    const Config again = good(printed);
    CHECK_EQ(text_of(settings_of(again, handlers())), text_of(settings_of(config, handlers())));
    CHECK_EQ(changes_text(config, again), "");
    CHECK_EQ(print_config(again, handlers()), printed);
  }
}

TEST_CASE(
    "a key that config/reactord.toml does not have is printed with what its declaration says") {
  const std::string printed = print_config(default_config(handlers()), handlers());
  CAPTURE(printed);
  CHECK(printed.find("[handlers.greet]\n"
                     "# What is said first.\n"
                     "greeting = \"hello\"\n\n"
                     "# How it is said.\n"
                     "# [restart]\n"
                     "mood = \"calm\"\n\n") != std::string::npos);
}

TEST_CASE("a long allow-list prints an item a line, and loads") {
  std::string toml = "[[listener]]\naddress = '10.0.0.1:1'\nallow = [";
  for (int i = 0; i < 200; ++i) toml += "'10.0." + std::to_string(i) + ".0/24', ";
  const Config config = good(toml + "]\n");
  const std::string printed = print_config(config, handlers());
  CHECK_NE(printed.find("\n  \"10.0.199.0/24\",\n]"), std::string::npos);
  CHECK(good(printed).listeners[0].allow == config.listeners[0].allow);
}

TEST_CASE("printed lines are not wider than a terminal, and control characters do not reach it") {
  Config config = default_config(handlers());
  config.log.target = "/tmp/\x1b[31m\xff";
  const std::string printed = print_config(config, handlers());
  CHECK_EQ(printed.find('\x1b'), std::string::npos);
  CHECK_NE(printed.find("target = \"/tmp/\\u001B[31m\uFFFD\"\n"), std::string::npos);
  std::size_t start = 0;
  while (start < printed.size()) {
    const std::size_t end = printed.find('\n', start);
    REQUIRE_NE(end, std::string::npos);
    CHECK_LE(end - start, 100);
    start = end + 1;
  }
}

TEST_CASE("a change names its key, both values, and whether it needs a restart") {
  const Config before = good("");
  CHECK_EQ(changes_text(before, before), "");
  CHECK_EQ(changes_text(before, good("[server]\nmax_connections = 5\n[limits]\nmax_frame = '1MiB'\n"
                                     "[deadlines]\nidle = '1h'\n[handlers.greet]\nmood = 'loud'\n"
                                     "greeting = 'ho'\n")),
           "server.max_connections: '10000' -> '5'\n"
           "limits.max_frame: '16MiB' -> '1MiB'\n"
           "deadlines.idle: 'off' -> '1h'\n"
           "handlers.greet.greeting: 'hello' -> 'ho'\n"
           "handlers.greet.mood: 'calm' -> 'loud' restart\n");
}

TEST_CASE("listeners are matched by name") {
  const Config before = good(
      "[[listener]]\nname = 'a'\naddress = '10.0.0.1:1'\n[[listener]]\nname = 'b'\naddress = "
      "'10.0.0.1:2'\n");
  const Config after = good(
      "[[listener]]\nname = 'c'\naddress = ['10.0.0.1:3', 'unix:/c']\n"
      "[[listener]]\nname = 'a'\naddress = '10.0.0.1:4'\nallow = '10.0.0.0/8'\n");
  CHECK_EQ(changes_text(before, after),
           "listener.a.address: '10.0.0.1:1' -> '10.0.0.1:4'\n"
           "listener.a.allow: '' -> '10.0.0.0/8'\n"
           "listener.b: '10.0.0.1:2' -> 'no listener'\n"
           "listener.c: 'no listener' -> '10.0.0.1:3 unix:/c'\n");
  Config swapped = before;
  std::swap(swapped.listeners[0], swapped.listeners[1]);
  CHECK_EQ(changes_text(before, swapped), "");
}

TEST_CASE("a listener's TLS comes, goes and changes") {
  const std::string plain = "[[listener]]\nname = 'a'\naddress = '10.0.0.1:1'\n";
  const Config without = good(plain);
  const Config with = good(plain + "[listener.tls]\ncertificate = 'a.pem'\n");
  const Config other = good(plain + "[listener.tls]\ncertificate = 'b.pem'\n");
  CHECK_EQ(changes_text(without, with), "listener.a.tls: 'no TLS' -> 'a.pem'\n");
  CHECK_EQ(changes_text(with, without), "listener.a.tls: 'a.pem' -> 'no TLS'\n");
  CHECK_EQ(changes_text(with, other), "listener.a.tls.certificate: 'a.pem' -> 'b.pem'\n");
}

TEST_CASE("what a reload applies") {
  const std::set<std::string_view> needs_restart{"max_admin_connections", "max_http_connections",
                                                 "workers", "max_offloaded", "survive"};
  for (const auto keys :
       {server_keys(), listener_keys(), tls_keys(), limit_keys(), deadline_keys(), log_keys()}) {
    for (const KeySpec& spec : keys) {
      CAPTURE(spec.name);
      CHECK_EQ(spec.apply == Apply::restart, needs_restart.contains(spec.name));
    }
  }
}

TEST_CASE("TOML strings are escaped") {
  CHECK_EQ(toml_string("plain"), "\"plain\"");
  CHECK_EQ(toml_string("a\"b\\c\n\t\r"), R"("a\"b\\c\n\t\r")");
  CHECK_EQ(toml_string(std::string_view("\0\x1b\x7f", 3)), R"("\u0000\u001B\u007F")");
  CHECK_EQ(toml_string("\u00e9\u0085"), "\"\u00e9\\u0085\"");
  CHECK_EQ(shown(std::string(100, 'x')), "'" + std::string(64, 'x') + "...'");
  CHECK_EQ(shown("it's"), "'it\\'s'");
}

}  // namespace
}  // namespace reactord
