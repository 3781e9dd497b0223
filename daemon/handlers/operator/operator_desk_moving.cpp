// SPDX-License-Identifier: MIT
// How messages and operators go on in another process: as text, which begins with numbers.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <utility>

#include "daemon/handlers/operator/operator_desk.h"

namespace reactord {

namespace {

using std::chrono::milliseconds;

/// Longer waits no message that another process has saved: a century, so that no sum overflows.
constexpr milliseconds kLongestWait = std::chrono::years(100);

/// The numbers that `state` begins with, a blank behind each.
template <class Number, std::size_t kMany>
bool take_numbers(std::string_view& state, std::array<Number, kMany>& numbers) {
  for (Number& number : numbers) {
    const auto [end, error] = std::from_chars(state.data(), state.data() + state.size(), number);
    if (error != std::errc() || end == state.data() + state.size() || *end != ' ') return false;
    state.remove_prefix(static_cast<std::size_t>(end - state.data()) + 1);
  }
  return true;
}

}  // namespace

/// Its number, how long it has waited, how long it may still (-1: for ever), whether its client has
/// finished, and its text.
std::string OperatorDesk::saved_message(std::uint64_t id) const {
  const WaitingMessage& message = waiting_.at(id);
  const TimePoint now = service_.now();
  const auto waited = std::chrono::floor<milliseconds>(now - message.arrived);
  const auto left =
      message.timeout ? std::chrono::ceil<milliseconds>(message.expires - now) : milliseconds(-1);
  return fmt::format("{} {} {} {} {}", id, waited.count(), left.count(),
                     message.has_finished ? 1 : 0, message.text);
}

bool OperatorDesk::resume_message(std::string_view state, HandlerContext& context) {
  std::array<std::int64_t, 4> numbers;
  if (!take_numbers(state, numbers)) return false;
  const auto [id, waited, left, has_finished] = numbers;
  if (id <= 0 || waiting_.contains(static_cast<std::uint64_t>(id))) return false;
  if (waited < 0 || left < -1 || std::max(waited, left) > kLongestWait.count()) return false;
  WaitingMessage& message = put(static_cast<std::uint64_t>(id), state, context);
  message.arrived = context.now() - milliseconds(waited);
  message.has_finished = has_finished != 0;
  if (left >= 0) time(message, milliseconds(left));
  return true;
}

std::string OperatorDesk::saved_seat(std::uint64_t client) const {
  const auto one = std::ranges::find(operators_, client, &Operator::client);
  if (one == operators_.end()) return {};
  return fmt::format("{} {} {} {} {}", last_id_, one->answered, one->dropped, one->untold,
                     one->name);
}

/// Four numbers and a name, which has no blanks (label_problem()).
bool OperatorDesk::resume(std::string_view state, HandlerContext& context) {
  if (state.empty()) return true;  // it has left its seat
  Operator one;
  one.client = context.client_id();
  std::array<std::uint64_t, 4> numbers;
  if (!take_numbers(state, numbers)) return false;
  const std::uint64_t last_id = numbers[0];
  one.answered = numbers[1];
  one.dropped = numbers[2];
  one.untold = numbers[3];
  const bool is_taken = std::ranges::find(operators_, state, &Operator::name) != operators_.end();
  if (state.empty() || is_taken || operators_.size() >= kMaxOperators) return false;
  one.name = state;
  one.pushes = context.subscribe();
  last_id_ = std::max(last_id_, last_id);
  take_seat(std::move(one), context);
  return true;
}

}  // namespace reactord
