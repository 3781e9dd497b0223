// SPDX-License-Identifier: MIT
// The cache as its clients see it, without a daemon, on a clock that the test turns.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <reactord/testing/handler_bench.h>

#include <chrono>
#include <string>

reactord::HandlerEntry cache_handler();  // cache.cpp

namespace {

using namespace std::chrono_literals;
using reactord::test::HandlerBench;

std::string push(const std::string& change, const std::string& key) {
  const auto bulk = [](const std::string& text) {
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  };
  return ">3\r\n" + bulk("keychange") + bulk(change) + bulk(key);
}

TEST_CASE("a key lives until its end, and not a moment longer") {
  HandlerBench bench(cache_handler());
  CHECK(bench.send("SET a 1 PX 100") == "+OK\r\n");
  bench.service.advance(99ms);
  CHECK(bench.send("GET a") == "$1\r\n1\r\n");
  CHECK(bench.send("TTL a") == ":1\r\n");
  CHECK(bench.send("PTTL a") == ":1\r\n");
  bench.service.advance(1ms);
  CHECK(bench.send("GET a") == "$-1\r\n");
  CHECK(bench.send("TTL a") == ":-2\r\n");
  CHECK(bench.send("SET a 2") == "+OK\r\n");
  CHECK(bench.send("TTL a") == ":-1\r\n");
}

TEST_CASE("setting anew replaces value and end") {
  HandlerBench bench(cache_handler());
  bench.send("SET a 1 EX 1");
  bench.send("SET a 2");
  bench.service.advance(2s);
  CHECK(bench.send("GET a") == "$1\r\n2\r\n");
  CHECK(bench.send("SET a 1 EX 0").starts_with("-ERR invalid expire time"));
  CHECK(bench.send("SET a 1 KEEPTTL").starts_with("-ERR syntax error"));
}

TEST_CASE("what was not asked for longest goes first, and what is too large never comes") {
  HandlerBench bench(cache_handler(), {{"max_memory", "1KiB"}, {"max_value", "2KiB"}});
  for (const char* key : {"a", "b", "c"}) bench.request({"SET", key, std::string(50, 'x')});
  bench.send("GET a");
  bench.request({"SET", "d", std::string(50, 'x')});
  CHECK(bench.send("EXISTS a c d") == ":3\r\n");
  CHECK(bench.send("EXISTS b") == ":0\r\n");
  CHECK(bench.request({"SET", "e", std::string(1000, 'x')}).starts_with("-OOM "));
  CHECK(bench.send("EXISTS a c d") == ":3\r\n");
}

TEST_CASE("watchers hear of what others do, until they leave") {
  HandlerBench bench(cache_handler());
  auto& watcher = bench.connect();
  CHECK(bench.send(watcher, "WATCHKEY a").starts_with("-ERR WATCHKEY needs HELLO 3"));
  watcher.session().set_protocol(3);
  watcher.port.encoding = reactord::ReplyEncoding::resp3;
  CHECK(bench.send(watcher, "WATCHKEY a") == "+OK\r\n");
  bench.send("SET a 1 PX 10");
  CHECK(watcher.take_output() == push("set", "a"));
  bench.service.advance(100ms);  // a slice of the timer comes to it, and nobody asks
  CHECK(watcher.take_output() == push("expired", "a"));
  bench.send("SET b 1");
  CHECK(watcher.take_output() == "");
  watcher.leave();
  bench.send("SET a 1");
  CHECK(watcher.take_output() == "");
  CHECK(bench.send("CACHESTATUS").ends_with("$7\r\nwatched\r\n:0\r\n"));
}

TEST_CASE("whoever reads too slowly is told that it has missed something, once it reads") {
  HandlerBench bench(cache_handler());
  auto& watcher = bench.connect();
  watcher.session().set_protocol(3);
  watcher.port.encoding = reactord::ReplyEncoding::resp3;
  bench.send(watcher, "WATCHKEY a");
  watcher.port.push_result = reactord::PushResult::dropped;
  bench.send("SET a 1");
  CHECK(watcher.take_output() == "");
  watcher.port.push_result = reactord::PushResult::queued;
  bench.service.advance(100ms);
  CHECK(watcher.take_output() == push("missed", ""));
  bench.send("DEL a");
  CHECK(watcher.take_output() == push("deleted", "a"));
}

}  // namespace
