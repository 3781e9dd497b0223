// SPDX-License-Identifier: MIT
#include "daemon/process/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace reactord {

namespace {

/// For what is no connection: standard streams, epoll, signals, the log, a configuration being
/// reloaded, listeners, and one client at a time that is told that there is no room.
constexpr rlim_t kOtherDescriptors = 32;

}  // namespace

DescriptorLimit raise_descriptor_limit(std::int64_t connections, std::int64_t reserved) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {0, connections};
  const rlim_t others = kOtherDescriptors + static_cast<rlim_t>(reserved);
  const rlim_t wanted = static_cast<rlim_t>(connections) + others;
  if (limit.rlim_cur < wanted) {
    rlimit raised = limit;
    raised.rlim_cur = std::min(wanted, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  const rlim_t room = limit.rlim_cur > others ? limit.rlim_cur - others : 1;
  return {static_cast<std::int64_t>(limit.rlim_cur),
          static_cast<std::int64_t>(std::min<rlim_t>(room, static_cast<rlim_t>(connections)))};
}

}  // namespace reactord
