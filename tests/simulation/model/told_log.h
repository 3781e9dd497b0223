// SPDX-License-Identifier: MIT
// What the daemon's log has told of connections: the end of each once, with a reason.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace simulation {

class ToldLog {
 public:
  /// What was written to the log: lines, perhaps in pieces.
  void take(std::string_view bytes);

 private:
  void take_line(std::string_view line);

  std::string rest_;
  std::set<std::uint64_t> ended_;
};

}  // namespace simulation
