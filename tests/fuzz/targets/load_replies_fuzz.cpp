// SPDX-License-Identifier: MIT
// Any bytes as the answer to the load generator's requests, on each of its wires: what it counts,
// and what it says is wrong, does not depend on the cuts. Its scanner of replies finds the ends
// that the client's parser finds. The first byte of the input chooses the wire, the second the
// cuts.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/replies/reply_parser.h"
#include "tests/fuzz/cut_up.h"
#include "tests/fuzz/require.h"
#include "tests/support/parse_stream.h"
#include "tools/reactor-load/run/conversation.h"
#include "tools/reactor-load/scenario/scenario_loader.h"

namespace {

using namespace reactord;
using namespace reactord::load;
using test::require;
using test::require_same;

using Pieces = std::vector<std::string_view>;

Plan plan_of(std::string_view wire, bool is_hostile) {
  const std::string toml = "[run]\nprotocol = \"" + std::string(wire) +
                           "\"\n[[group]]\nloops = 1\n" + (is_hostile ? "hostile = true\n" : "") +
                           "steps = [{ send = \"ECHO abc\", expect = \"echo\" }, "
                           "{ send = \"CEIL 4.40\", expect = \"ceil\" }, "
                           "{ send = \"PING\", expect = \"exact:PONG\" }" +
                           (wire == "raw" ? "]\n"
                                          : ", { send = \"NO\", expect = \"error:ERR*\" }, "
                                            "{ send = \"ANY\", expect = \"any\" }, "
                                            "{ send = \"LIKE\", expect = \"like:a*c\" }]\n");
  LoadedScenario loaded = parse_scenario(toml, "x", "");
  for (const std::string& problem : loaded.problems) require(false, problem.c_str());
  return make_plan(std::move(loaded.scenario), SocketAddress::ipv4({127, 0, 0, 1}, 1));
}

/// Of what is no reply, and of bytes without a frame, as much is shown as has come.
std::string text_of(const Failure& failure, Wire wire) {
  const bool is_whole = failure.kind == "wrong reply" && wire != Wire::raw;
  return failure.kind + " " + std::to_string(failure.position) + " '" + failure.expected + "' '" +
         (is_whole ? failure.got : "") + "'";
}

std::string text_of(const Tally& tally, Wire wire) {
  const GroupTally& group = tally.groups[0];
  std::string text = "surplus " + std::to_string(group.surplus) + ", broken " +
                     std::to_string(group.broken) + ", unmatched " +
                     std::to_string(group.unmatched_bytes_in);
  for (const CommandTally& command : group.commands)
    text += ", " + command.label + " " + std::to_string(command.replies) + " of them " +
            std::to_string(command.wrong) + " wrong";
  for (const Failure& failure : tally.failures) text += "\n" + text_of(failure, wire);
  return text;
}

/// Figures that are used again: their histograms are large.
struct Ears {
  explicit Ears(Plan made) : plan(std::move(made)), tally(plan.empty_tally()) {}

  Ledger ledger() {
    tally.failures.clear();
    GroupTally& group = tally.groups[0];
    group.surplus = group.broken = group.unmatched_bytes_in = 0;
    for (CommandTally& command : group.commands) command.replies = command.wrong = 0;
    return {&tally, &group, &recent, &scratch};
  }

  Plan plan;
  Tally tally;
  Histogram recent;
  std::string scratch;
};

/// All requests are sent twice, then the bytes come.
std::string heard(Ears& ears, const Pieces& pieces) {
  const GroupPlan& group = ears.plan.groups[0];
  const Wire wire = ears.plan.scenario.wire;
  Conversation talk(group, wire, ears.ledger());
  talk.begin({1, 1});
  GeneratorState state{Rng(1), 1, 0, {}};
  const auto requests = static_cast<std::uint32_t>(group.requests.size());
  for (std::uint32_t i = 0; i < 2 * requests; ++i) talk.write(i % requests, state);
  talk.stamp(TimePoint{});
  talk.sent(talk.unsent().size());
  for (const std::string_view piece : pieces) {
    const std::vector<char> copy(piece.begin(), piece.end());
    const Heard heard = talk.receive({copy.data(), copy.size()}, TimePoint{});
    if (heard != Heard::fine) return "ended: " + text_of(ears.tally, wire);
  }
  return "owed " + std::to_string(talk.owed()) + ": " + text_of(ears.tally, wire);
}

void check_conversation(std::string_view bytes, unsigned wire, unsigned cut) {
  static Ears wires[] = {Ears(plan_of("resp", false)), Ears(plan_of("line", false)),
                         Ears(plan_of("raw", false)), Ears(plan_of("resp", true))};
  Ears& ears = wires[wire % 4];
  const std::string whole = heard(ears, {bytes});
  require_same(whole, heard(ears, test::cut_up(bytes, cut)), "what is heard depends on the cuts");
  require_same(whole, heard(ears, test::one_byte_pieces(bytes)), "... on single bytes");
}

/// The ends of replies as the load generator's scanner finds them, with their beginnings.
std::string scanned(const Pieces& pieces) {
  load::ReplyScanner scanner;
  std::string text;
  std::string waiting;
  for (const std::string_view piece : pieces) {
    waiting += piece;
    while (!waiting.empty()) {
      const std::vector<char> copy(waiting.begin(), waiting.end());
      ReplyView reply;
      const ScanStatus status = scanner.scan({copy.data(), copy.size()}, reply);
      if (status == ScanStatus::broken) return text + "broken";
      if (status == ScanStatus::need_more) break;
      text += std::to_string(reply.raw.size()) + (reply.is_error() ? " error" : "") +
              (reply.is_push() ? " push\n" : "\n");
      waiting.erase(0, reply.raw.size());
    }
  }
  return text;
}

/// The same of the client's parser. It reads more closely: where it finds an error, the other may
/// not.
std::string parsed(std::string_view bytes) {
  ReplyParser parser;
  std::string text;
  while (!bytes.empty()) {
    std::size_t consumed = 0;
    const ReplyStatus status = parser.parse(bytes, consumed);
    if (status != ReplyStatus::reply) break;
    const Reply::Kind kind = parser.take().kind;
    text += std::to_string(consumed) + (kind == Reply::Kind::error ? " error" : "") +
            (kind == Reply::Kind::push ? " push\n" : "\n");
    bytes.remove_prefix(consumed);
  }
  return text;
}

void check_scanner(std::string_view bytes, unsigned cut) {
  const std::string whole = scanned({bytes});
  require_same(whole, scanned(test::cut_up(bytes, cut)), "replies depend on the cuts");
  require_same(whole, scanned(test::one_byte_pieces(bytes)), "replies depend on single bytes");
  const bool has_streamed = bytes.find('?') != bytes.npos;  // which it does not know
  const std::string close = parsed(bytes);
  if (!has_streamed && !whole.starts_with(close)) require_same(close, whole, "other replies");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostBytes = 600;
  if (size < 3 || size > kMostBytes) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  check_conversation(bytes, data[0], data[1]);
  check_scanner(bytes, data[1]);
  return 0;
}
