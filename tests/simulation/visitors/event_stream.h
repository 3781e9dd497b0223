// SPDX-License-Identifier: MIT
// The live page's stream of server-sent events, as a browser reads it (daemon/page/page_feeds.h):
// seconds with numbers, none of which is missing unless the history before it has told it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace simulation {

class EventStream {
 public:
  /// Takes what has come. Throws std::runtime_error where it is no such stream.
  void take(std::string_view bytes);

 private:
  void take_event(std::string_view event);

  std::string rest_;
  std::uint64_t number_ = 0;  ///< of the latest second
  bool has_history_ = false;  ///< in front of the next one
};

}  // namespace simulation
