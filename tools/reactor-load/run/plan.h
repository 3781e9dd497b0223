// SPDX-License-Identifier: MIT
// A scenario made ready to be played: requests encoded as far as they are constant, scripts as flat
// lists of instructions. Immutable while it is played, and shared by all threads.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "daemon/net/handshake.h"
#include "daemon/net/socket_address.h"
#include "protocol/buffers/buffer.h"
#include "tools/reactor-load/results/tally.h"
#include "tools/reactor-load/scenario/scenario.h"

namespace reactord::load {

/// A request on the wire: constant bytes, then perhaps a word that varies, and so on.
struct EncodedRequest {
  struct Segment {
    std::string constant;
    WordTemplate word;
    bool has_word = false;
    bool framed = false;  ///< the word has its length in front and a line end behind (RESP)
  };
  std::vector<Segment> segments;
  /// Bytes from the beginning of the last word's own encoding to the end, where that is constant.
  std::uint32_t constant_tail = 0;
  std::string trailer;  ///< behind everything: the end of a line
  Expectation expectation;
  std::uint32_t row = 0;  ///< of its group's commands
  std::size_t piece_bytes = 0;
  milliseconds every{0};

  struct Written {
    std::uint32_t bytes = 0;
    std::uint32_t tail = 0;  ///< of these, the last word's encoding and what follows it
  };
  /// Appends one. `scratch` is reused.
  Written write(Buffer& out, GeneratorState& state, std::string& scratch) const;
};

[[nodiscard]] EncodedRequest encode(const RequestTemplate& request, Wire wire);

/// The last word in the bytes of a tail.
[[nodiscard]] std::string_view argument_of(std::string_view tail, Wire wire);

enum class Op : std::uint8_t {
  send,  ///< request `index`
  think,
  connect,
  disconnect,
  leave,
  half_close,
  reset,
  await_replies,
  await_close,
  read_on,
  read_off,
  loop_begin,  ///< counter `index` = `count`
  loop_end,    ///< counter `index` - 1; to `target` unless it is 0
  choose,      ///< to one of choices[`index`]
  jump,        ///< to `target`
};

struct Instruction {
  Op op = Op::jump;
  std::uint32_t index = 0;
  std::uint32_t target = 0;
  std::int64_t count = 0;
  DurationRange pause;  ///< of think; of await_close, its patience
};

/// Targets by their weights, added up.
struct Choice {
  std::int64_t total = 0;
  std::vector<std::pair<std::int64_t, std::uint32_t>> below;
};

struct GroupPlan {
  Group group;
  std::vector<EncodedRequest> requests;
  std::vector<Instruction> program;
  std::vector<Choice> choices;
  std::uint32_t counters = 0;  ///< loops inside loops
  std::vector<std::string> labels;
  bool owes_replies = false;  ///< there is a request that expects one
};

struct Plan {
  Scenario scenario;
  SocketAddress address;
  std::shared_ptr<const HandshakeContext> handshakes;  ///< null: plain TCP
  std::vector<GroupPlan> groups;

  [[nodiscard]] Tally empty_tally() const;
};

[[nodiscard]] Plan make_plan(Scenario scenario, const SocketAddress& address);

}  // namespace reactord::load
