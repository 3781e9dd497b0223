// SPDX-License-Identifier: MIT
#include "daemon/log/request_record.h"

#include <chrono>

#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

/// Left out where there is nothing to tell.
EventField unless_empty(std::string_view name, std::string_view value) {
  return {value.empty() ? std::string_view() : name, std::string(value)};
}

}  // namespace

void log_request(EventLog& events, const RequestRecord& request, std::size_t bytes_out,
                 TimePoint now, std::string_view error) noexcept {
  (void)has_memory_for([&] {
    const auto usec = std::chrono::duration_cast<std::chrono::microseconds>(now - request.began);
    events.log_request({{"peer", request.peer},
                        {"command", request.command},
                        {"usec", std::to_string(usec.count())},
                        {"client", std::to_string(request.client)},
                        unless_empty("client_name", request.client_name),
                        unless_empty("user", request.user),
                        {"listener", request.listener},
                        {"in", std::to_string(request.bytes_in)},
                        {"out", std::to_string(bytes_out)},
                        unless_empty("error", error),
                        unless_empty("traceparent", request.traceparent),
                        unless_empty("arguments", request.arguments)});
  });
}

}  // namespace reactord
