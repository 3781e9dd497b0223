// SPDX-License-Identifier: MIT
// A [[relay]] table: which commands are passed on, to whom, and how patiently.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "config/schema.h"

namespace reactord {

/// By what a request's backend is chosen.
enum class Choose : std::uint8_t {
  least_pending,  ///< who owes the fewest replies
  round_robin,
  hash,  ///< consistently by one of the arguments: each key has its backend
};

template <>
struct EnumWords<Choose> {
  static constexpr std::array kWords{EnumWord<Choose>{"least_pending", Choose::least_pending},
                                     EnumWord<Choose>{"round_robin", Choose::round_robin},
                                     EnumWord<Choose>{"hash", Choose::hash}};
};

struct RelaySettings {
  std::vector<std::string> commands;  ///< "*": what nobody else knows
  std::vector<std::string> backends;  ///< "10.0.0.7:6379", "unix:/run/resize.sock"
  Choose choose = Choose::least_pending;
  std::int64_t hash_argument = 1;  ///< as people count: the key of GET and SET
  std::chrono::milliseconds timeout{1000};
  std::chrono::milliseconds connect_timeout{1000};
  /// Of each backend: 40 clients with as much under way as one may have (dispatch/replies/).
  std::int64_t max_pending = 40'960;
  ByteCount max_pending_bytes{
      64u << 20};                  ///< of requests that it has not taken; four of the longest
  ByteCount max_reply{16u << 20};  ///< as limits.max_frame
  std::int64_t max_failures = 5;   ///< one may be chance, and a dead server has more soon
  std::chrono::milliseconds health{
      1000};  ///< between two PINGs; a second is soon enough for people

  /// What each backend is made with.
  [[nodiscard]] auto of_each_backend() const {
    return std::tuple(timeout, connect_timeout, max_pending, max_pending_bytes, max_reply,
                      max_failures, health);
  }
};

}  // namespace reactord
