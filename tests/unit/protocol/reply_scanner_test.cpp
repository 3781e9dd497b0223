// SPDX-License-Identifier: MIT
// Where a reply ends. The parser (reply_parser.h) is the oracle: it takes the long way for all that
// the scanner may pass over at once.
#include "protocol/replies/reply_scanner.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/parse_stream.h"
#include "tests/support/scan_stream.h"
#include "tests/unit/support/failing_allocations.h"

namespace reactord {
namespace {

using namespace std::string_view_literals;
using test::parsed;
using test::scanned;
using test::ScanTranscript;

constexpr std::string_view kPieces[] = {"+OK\r\n",
                                        "-ERR no\r\n",
                                        ":-5\r\n",
                                        ":+5\r\n",
                                        "$5\r\nhello\r\n",
                                        "$0\r\n\r\n",
                                        "$-1\r\n",
                                        "*-1\r\n",
                                        "_\r\n",
                                        "#t\r\n",
                                        ",1.5\r\n",
                                        "(123456789012345678901\r\n",
                                        "=8\r\ntxt:some\r\n",
                                        "!5\r\nERR x\r\n",
                                        "*0\r\n",
                                        "*2\r\n",
                                        "*3\r\n*1\r\n",
                                        "%1\r\n",
                                        "~2\r\n",
                                        ">2\r\n",
                                        "|1\r\n",
                                        "|0\r\n",
                                        "*?\r\n",
                                        "%?\r\n",
                                        ".\r\n",
                                        "$?\r\n",
                                        ";3\r\nabc\r\n",
                                        ";0\r\n",
                                        "$3\r\nabcd\r\n",
                                        ":x\r\n",
                                        "hello\r\n",
                                        "\n",
                                        "\r\n",
                                        "\0"sv,
                                        "$99999999999999999999\r\n",
                                        "*9999999\r\n",
                                        "=3\r\nabc\r\n",
                                        "$2\r\n\r\n\r\n",
                                        "+\r\n",
                                        "-\r\n",
                                        ":\r\n",
                                        "$\r\n",
                                        "+no end\n",
                                        "$1x\r\n"};

std::vector<std::string_view> random_cuts(std::string_view bytes, std::mt19937& random) {
  std::vector<std::string_view> pieces;
  while (!bytes.empty()) {
    const std::size_t size = 1 + random() % std::min<std::size_t>(bytes.size(), 9);
    pieces.push_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return pieces;
}

TEST_CASE("the scanner and the parser agree on every stream, in every cut") {
  std::mt19937 random(7);  // the same streams in every run
  const ReplyLimits small{.max_bytes = 60, .max_line_bytes = 20, .max_elements = 6, .max_depth = 3};
  for (int round = 0; round < 6000; ++round) {
    const ReplyLimits limits = round % 2 == 0 ? ReplyLimits{} : small;
    std::string bytes;
    for (std::size_t count = 1 + random() % 8; count > 0; --count)
      bytes += kPieces[random() % std::size(kPieces)];
    if (random() % 8 == 0) bytes[random() % bytes.size()] = static_cast<char>(random() % 256);
    CAPTURE(bytes);
    const ScanTranscript expected = parsed({bytes}, limits);
    REQUIRE_EQ(scanned({bytes}, limits), expected);
    REQUIRE_EQ(scanned(random_cuts(bytes, random), limits), expected);
    REQUIRE_EQ(scanned(test::one_byte_pieces(bytes), limits), expected);
  }
}

TEST_CASE("errors and pushes are told from other replies") {
  const auto first = [](std::string_view bytes) {
    ReplyScanner scanner;
    std::size_t consumed = 0;
    REQUIRE(scanner.scan(bytes, consumed) == ReplyStatus::reply);
    CHECK(consumed == bytes.size());
    return (scanner.is_error()  ? "error"
            : scanner.is_push() ? "push"
                                : "reply") +
           std::string(1, scanner.type());
  };
  CHECK_EQ(first("-ERR no\r\n"), "error-");
  CHECK_EQ(first("!5\r\nERR x\r\n"), "error!");
  CHECK_EQ(first("|1\r\n+a\r\n-b\r\n-ERR no\r\n"), "error-");
  CHECK_EQ(first("*1\r\n-ERR inside\r\n"), "reply*");
  CHECK_EQ(first("|1\r\n-a\r\n-b\r\n:1\r\n"), "reply:");
  CHECK_EQ(first(">1\r\n-ERR inside\r\n"), "push>");
  CHECK_EQ(first("$?\r\n;1\r\na\r\n;0\r\n"), "reply$");
  CHECK_EQ(first("*?\r\n-a\r\n.\r\n"), "reply*");
}

TEST_CASE("a small reply keeps every limit exactly") {
  const ReplyLimits limits{.max_bytes = 12, .max_line_bytes = 8, .max_elements = 1, .max_depth = 1};
  for (const std::string_view bytes :
       {"+12345\r\n", "+123456\r\n", ":12345\r\n", ":123456\r\n", "$6\r\n123456\r\n",
        "$7\r\n1234567\r\n", "$5\r\n12345\r\n+1\r\n", "$000006\r\n", "$00001\r\na\r\n"}) {
    CAPTURE(bytes);
    CHECK_EQ(scanned({bytes}, limits), parsed({bytes}, limits));
    CHECK_EQ(scanned(test::one_byte_pieces(bytes), limits), parsed({bytes}, limits));
  }
  CHECK_EQ(scanned({"+123456\r\n"}, limits).back(), "a line of more than 8 bytes");
}

TEST_CASE("replies cost no allocation once a first of their kind has come") {
  ReplyScanner scanner;
  const std::vector<std::string_view> pieces = {
      "+OK\r\n",
      ":1\r\n",
      "$5\r\nhello\r\n",
      "*2\r\n$1\r\na\r\n*1\r\n:1\r\n",
      "+a line that is cut where it is too long for a short string",
      " of its own\r\n"};
  const auto play = [&] {
    for (std::string_view piece : pieces) {
      while (!piece.empty()) {
        std::size_t consumed = 0;
        if (scanner.scan(piece, consumed) == ReplyStatus::error) return false;
        piece.remove_prefix(consumed);
      }
    }
    return true;
  };
  REQUIRE(play());
  test::let_allocations_fail_here();
  test::fail_allocation(1, test::Failing::all_from_there);
  const bool is_good = play();
  CHECK_FALSE(test::stop_failing());
  CHECK(is_good);
}

}  // namespace
}  // namespace reactord
