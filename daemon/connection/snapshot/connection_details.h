// SPDX-License-Identifier: MIT
// What a connection is doing, in words and numbers, for a dump of the daemon's state: what CLIENT
// LIST does not tell. Lengths alone, no contents.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace reactord {

struct ConnectionDetails {
  std::string_view state;  ///< "open": as in the diagram of connection.h
  std::string_view input;  ///< "flowing", "draining", "ended_by_fin", ...
  std::string_view kept;   ///< of its input: "nothing", "part_of_frame", "frames"
  bool may_receive = false;
  bool may_send = false;
  bool is_scheduled = false;
  bool is_held_back = false;  ///< by a limit
  bool is_paused = false;     ///< by CLIENT PAUSE
  bool is_fin_announced = false;
  bool is_logging_in = false;  ///< it has to, and has not
  std::size_t owed_replies = 0;
  std::size_t subscriptions = 0;
  std::size_t input_capacity = 0;  ///< of its private buffers
  std::size_t output_capacity = 0;
  std::size_t session_bytes = 0;

  struct Deadline {
    std::string_view kind;
    std::chrono::milliseconds left{0};  ///< below 0: it has passed, and is about to be judged
  };
  std::optional<Deadline> input_deadline;
  std::optional<Deadline> output_deadline;
};

}  // namespace reactord
