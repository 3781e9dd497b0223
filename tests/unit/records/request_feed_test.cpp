// SPDX-License-Identifier: MIT
#include "daemon/records/request_feed.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace reactord {
namespace {

using namespace std::chrono_literals;

const std::chrono::system_clock::time_point kNow{1'700'000'000'000'042us};

std::string quoted(std::string_view word, std::size_t max_bytes = 100) {
  std::string out;
  append_quoted(out, word, max_bytes);
  return out;
}

TEST_CASE("requests: a line each, told together, in the form of Redis' MONITOR") {
  RequestFeed feed;
  std::vector<std::string> told;
  CHECK_FALSE(feed.is_watched());
  feed.watch(3, [&](std::string_view lines, std::size_t count) {
    CHECK(count == 2);
    told.emplace_back(lines);
  });
  CHECK(feed.is_watched());
  feed.begin(kNow, "127.0.0.1:5");
  CHECK(feed.has_begun());
  const std::vector<std::string_view> set{"set", "a b", "\"x\"\n"};
  feed.add(set, 3);
  const std::vector<std::string_view> auth{"AUTH", "pw"};
  feed.add(auth, 1);
  const std::size_t bytes = feed.end();
  CHECK(feed.end() == 0);
  CHECK_FALSE(feed.has_begun());
  CHECK(bytes == 3 * told.at(0).size());
  REQUIRE(told.size() == 1);
  CHECK(told[0] ==
        "1700000000.000042 [0 127.0.0.1:5] \"set\" \"a b\" \"\\\"x\\\"\\n\"\n"
        "1700000000.000042 [0 127.0.0.1:5] \"AUTH\" \"(redacted)\"\n");
}

TEST_CASE("requests: words are quoted as Redis does") {
  CHECK(quoted("") == R"("")");
  CHECK(quoted("plain") == R"("plain")");
  CHECK(quoted(R"(a\b")") == R"("a\\b\"")");
  CHECK(quoted("\n\r\t\a\b") == R"("\n\r\t\a\b")");
  CHECK(quoted(std::string_view("\0\x7f\xc3", 3)) == R"("\x00\x7f\xc3")");
  CHECK(quoted("abcdef", 4) == "\"abcd... (2 more bytes)\"");
}

TEST_CASE("requests: a line is bounded, whatever the request") {
  RequestFeed feed;
  std::string told;
  feed.watch(1, [&](std::string_view lines, std::size_t) { told = lines; });
  feed.begin(kNow, "p");
  const std::string big(1 << 20, '\0');
  const std::vector<std::string_view> words{"a", big, "b", "c"};
  feed.add(words, words.size());
  feed.end();
  CHECK(told.size() < 5 * RequestFeed::kMaxLineBytes);
  CHECK(told.ends_with(" more bytes)\" \"... (2 more arguments)\"\n"));
}

TEST_CASE("requests: who is told may end the watch") {
  RequestFeed feed;
  int told = 0;
  feed.watch(1, [&](std::string_view, std::size_t) {
    feed.watch(0, {});
    ++told;
  });
  const std::vector<std::string_view> words{"ping"};
  for (int i = 0; i < 2; ++i) {
    feed.begin(kNow, "p");
    feed.add(words, 1);
    feed.end();
  }
  CHECK(told == 1);
  CHECK_FALSE(feed.is_watched());
}

TEST_CASE("requests: so many lines in a time, then a rest; what was left out is told") {
  RequestFeed feed;
  std::string told;
  feed.watch(2, [&](std::string_view lines, std::size_t) { told = lines; });
  const TimePoint begin{1h};
  const std::vector<std::string_view> words{"ping"};
  const auto batch = [&](std::size_t lines) {
    feed.begin(kNow, "p");
    for (std::size_t i = 0; i < lines; ++i) feed.add(words, 1);
    feed.end();
  };
  const auto batches = [&](std::size_t lines) {
    for (; lines > 500; lines -= 500) batch(500);
    batch(lines);
  };
  CHECK(feed.wants_lines(begin, 0));
  batches(RequestFeed::kMaxLinesPerWindow / 2 - 1);
  CHECK(feed.wants_lines(begin + 99ms, 1000));
  batch(1);
  CHECK_FALSE(feed.wants_lines(begin + 99ms, 1001));
  CHECK_FALSE(feed.wants_lines(begin + 99ms, 1400));
  CHECK(feed.wants_lines(begin + 100ms, 1501));
  batch(1);
  CHECK(told ==
        "1700000000.000042 [0 reactord] \"500 requests were left out\"\n"
        "1700000000.000042 [0 p] \"ping\"\n");
  batch(1);
  CHECK(told == "1700000000.000042 [0 p] \"ping\"\n");
  feed.watch(0, {});
  CHECK_FALSE(feed.wants_lines(begin + 1s, 2000));
}

TEST_CASE("requests: so many lines of a batch, however many watch") {
  RequestFeed feed;
  std::string told;
  std::size_t told_lines = 0;
  feed.watch(50, [&](std::string_view lines, std::size_t count) {
    told = lines;
    told_lines = count;
  });
  const std::vector<std::string_view> words{"ping"};
  for (const std::size_t lines : {1000u, 1u}) {
    feed.begin(kNow, "p");
    for (std::size_t i = 0; i < lines; ++i) feed.add(words, 1);
    feed.end();
    CHECK(told_lines == std::min(lines, RequestFeed::kMaxLinesPerBatch / 50));
  }
  CHECK(told.find("\"960 requests were left out\"") != std::string::npos);
}

}  // namespace
}  // namespace reactord
