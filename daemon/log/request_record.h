// SPDX-License-Identifier: MIT
// A request as the access log tells of it: what is known when it is called, kept until its reply is
// there. Knows no command and no connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/log/event_log.h"
#include "daemon/reactor/clock.h"

namespace reactord {

struct RequestRecord {
  std::string peer;
  std::uint64_t client = 0;
  std::string client_name = {};
  std::string user = {};
  std::string listener = {};
  std::string command = {};  ///< "client|list"; what is no command's name as it was sent
  std::string traceparent = {};
  std::string arguments = {};  ///< for people; empty where they are not to be shown
  std::size_t bytes_in = 0;
  TimePoint began{};
};

/// Its reply has so many bytes, or is to come no more; `error` is its code, "" for none. Costs the
/// record where there is no memory for it.
void log_request(EventLog& events, const RequestRecord& request, std::size_t bytes_out,
                 TimePoint now, std::string_view error) noexcept;

}  // namespace reactord
