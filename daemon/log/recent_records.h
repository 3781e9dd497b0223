// SPDX-License-Identifier: MIT
// The latest records of the log, for a dump of the daemon's state: as they were told, but for what
// handlers say, of which the length is kept, since clients' messages may be in it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/log/event_text.h"
#include "daemon/log/events.h"

namespace reactord {

class RecentRecords {
 public:
  static constexpr std::size_t kMaxRecords = 64;
  /// Of each; what is beyond is left out.
  static constexpr std::size_t kMaxTextBytes = 512;

  struct Record {
    std::int64_t time_ms = 0;  ///< since 1970
    Event event{};
    std::string text = {};  ///< printable; keeps its memory for the next one
  };

  /// `text` is the record's (event_text).
  void note(std::int64_t time_ms, Event event, std::string_view text, EventFields fields);
  /// Calls `visit(record)` for each, oldest first.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t i = noted_ - std::min(noted_, kMaxRecords); i < noted_; ++i)
      visit(records_[i % kMaxRecords]);
  }

 private:
  std::array<Record, kMaxRecords> records_{};
  std::size_t noted_ = 0;
};

}  // namespace reactord
