// SPDX-License-Identifier: MIT
// The RESP client's promise whatever its server sends, and however it is cut: each request that was
// not cancelled has one end, in order, and a reply that is told is exactly the one at its place in
// the stream. The first bytes of the input choose the cuts and who is cancelled.
#define DOCTEST_CONFIG_IMPLEMENT  // the fake service tells broken rules through it
#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/outgoing/resp_client.h"
#include "daemon/testing/fake_service.h"
#include "tests/fuzz/cut_up.h"
#include "tests/support/parse_stream.h"
#include "tests/support/scan_stream.h"
#include "tests/unit/support/scripted_connector.h"

namespace {

using namespace reactord;
using namespace std::chrono_literals;

constexpr std::size_t kRequests = 8;
constexpr std::size_t kChoiceBytes = 2;
constexpr ReplyLimits kLimits{
    .max_bytes = 100, .max_line_bytes = 24, .max_elements = 6, .max_depth = 3};

using Transcript = std::vector<std::string>;

const char* kind_of(bool is_reply, bool is_error) {
  if (!is_reply) return " none: ";
  return is_error ? " error: " : " reply: ";
}

/// What became of each request, and why the connection ended.
Transcript play(const std::vector<std::string_view>& pieces, std::uint8_t cancelled) {
  test::FakeService service;
  test::ConnectionScript script;
  Transcript transcript;
  RespClient client(service, {.address = "test:1", .reply_timeout = 100ms, .reply_limits = kLimits},
                    std::make_unique<test::ScriptedConnector>(script), [] { return 0.0; });
  client.on_state([&](bool is_connected, std::string_view why) {
    if (!is_connected) transcript.push_back("closed: " + std::string(why));
  });
  service.advance(0ms);
  script.succeed();
  const std::string_view words[] = {"PING"};
  for (std::size_t i = 0; i < kRequests; ++i) {
    const std::uint64_t ticket = client.request(words, [&, i](const RespResult& result) {
      const bool is_reply = result.status == RespResult::Status::replied;
      transcript.push_back(std::to_string(i) + kind_of(is_reply, result.is_error) +
                           std::string(is_reply ? result.bytes : result.problem));
    });
    if ((cancelled >> i & 1) != 0) client.cancel(ticket);
  }
  service.run_woken();
  test::StreamScript& server = script.connections.back();
  for (const std::string_view piece : pieces) {
    if (!service.is_watched(server.fd)) break;
    server.input.emplace_back(piece);
    service.fire(server.fd, {.readable = true});
  }
  service.advance(250ms);
  if (client.is_connected() && client.pending() > 0) transcript.emplace_back("still connected");
  return transcript;
}

void fail(const char* what, const Transcript& seen, const Transcript& other) {
  std::fprintf(stderr, "%s\n", what);
  for (const auto& line : seen) std::fprintf(stderr, "  seen:  %s\n", line.c_str());
  for (const auto& line : other) std::fprintf(stderr, "  other: %s\n", line.c_str());
  std::abort();
}

/// The replies that the parser finds, each where it belongs.
Transcript expected_replies(std::string_view bytes, std::uint8_t cancelled) {
  Transcript replies;
  ReplyParser parser(kLimits);
  std::size_t begin = 0;
  std::size_t end = 0;
  for (std::size_t i = 0; i < kRequests; ++i) {
    std::size_t consumed = 0;
    if (parser.parse(bytes.substr(end), consumed) != ReplyStatus::reply) break;
    end += consumed;
    const Reply::Kind kind = parser.take().kind;
    if (kind == Reply::Kind::push) break;
    if ((cancelled >> i & 1) == 0) {
      replies.push_back(std::to_string(i) + kind_of(true, kind == Reply::Kind::error) +
                        std::string(bytes.substr(begin, end - begin)));
    }
    begin = end;
  }
  return replies;
}

void require_right(const Transcript& seen, std::string_view bytes, std::uint8_t cancelled) {
  const Transcript expected = expected_replies(bytes, cancelled);
  if (seen.size() < expected.size() || !std::equal(expected.begin(), expected.end(), seen.begin()))
    fail("a request has not got its own reply", seen, expected);
  for (std::size_t i = expected.size(); i < seen.size(); ++i) {
    if (seen[i].substr(1, 6) != " none:" && !seen[i].starts_with("closed: "))
      fail("a reply that is none", seen, expected);
  }
  std::size_t ends = 0;
  for (const std::string& line : seen) {
    if (line[0] < '0' || line[0] > '9') continue;
    while (ends < kRequests && (cancelled >> ends & 1) != 0) ++ends;
    if (line[0] != static_cast<char>('0' + ends++)) fail("not one end each, in order", seen, {});
  }
  while (ends < kRequests && (cancelled >> ends & 1) != 0) ++ends;
  if (ends != kRequests) fail("a request has no end", seen, {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size <= kChoiceBytes) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + kChoiceBytes,
                               size - kChoiceBytes);
  const std::uint8_t cancelled = data[0] < 2 ? 0 : static_cast<std::uint8_t>(data[1] * 31u);
  const Transcript whole = play({bytes}, cancelled);
  require_right(whole, bytes, cancelled);
  const Transcript cut = play(reactord::test::cut_up(bytes, data[1]), cancelled);
  if (cut != whole) fail("the answer depends on the cuts", whole, cut);
  const Transcript single = play(test::one_byte_pieces(bytes), cancelled);
  if (single != whole) fail("the answer depends on the cuts", whole, single);
  return 0;
}
