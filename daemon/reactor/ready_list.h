// SPDX-License-Identifier: MIT
// Those who have more to do without an edge to wake them, in rounds: everybody who was on the list
// when a round began is served once before the next one begins, however many turns that takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace reactord {

/// Names who is meant; the loop hands back what it was given. Must not be reused for another
/// descriptor while events of the first may be under way (SlotTable's ids never are).
using Token = std::uint64_t;

class ReadyList {
 public:
  void add(Token token) { next_round_.push_back(token); }
  /// Room for so many in a round, and in the one to come.
  void reserve(std::size_t tokens) {
    next_round_.reserve(tokens);
    round_.reserve(tokens);
  }

  [[nodiscard]] bool empty() const { return next_round_.empty() && at_ == round_.size(); }

  /// Begins the next round, unless one is under way.
  void begin_round() {
    if (at_ == round_.size() && !next_round_.empty()) turn_over();
  }
  /// The next of the round; none once all were served.
  [[nodiscard]] std::optional<Token> take() {
    if (at_ == round_.size()) return std::nullopt;
    return round_[at_++];
  }

 private:
  void turn_over();

  std::vector<Token> next_round_;
  std::vector<Token> round_;
  std::size_t at_ = 0;
};

}  // namespace reactord
