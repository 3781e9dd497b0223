// SPDX-License-Identifier: MIT
#include "daemon/limits/descriptor_limit.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "daemon/reactor/unique_fd.h"

namespace reactord {

namespace {

/// What comes and goes beside connections, or is opened later: epoll, the service manager's socket
/// and the journal's, the files of a reload (the configuration, the log, the database of groups),
/// its new sockets beside those that they replace, and one client at a time that is told that there
/// is no room.
constexpr std::int64_t kSpare = 16;

/// What a supervisor passes is less; the table is not worth a count.
constexpr std::int64_t kOpenAtStart = 256;

/// The kernel gives out the lowest free number: what was passed or opened at start is far below.
constexpr int kHighestCounted = 4096;

std::int64_t open_descriptors() {
  std::int64_t count = 0;
  for (int fd = 0; fd < kHighestCounted; ++fd)
    if (::fcntl(fd, F_GETFD) >= 0) ++count;
  return count;
}

/// Those to be opened: passed ones are open.
std::int64_t sockets_of(const Config& config) {
  std::int64_t count = 0;
  for (const ListenerSettings& listener : config.listeners)
    count += std::count_if(
        listener.addresses.begin(), listener.addresses.end(),
        [](const Endpoint& address) { return address.kind != Endpoint::Kind::systemd; });
  return count;
}

bool has_role(const Config& config, ListenerRole role) {
  return std::ranges::any_of(config.listeners,
                             [role](const ListenerSettings& each) { return each.role == role; });
}

/// That wait in a queue, of those that have ended too (daemon/keeping/): no descriptors of ours,
/// but the same limit is for them.
std::int64_t copies_of(const Config& config, std::int64_t connections) {
  return config.server.survive == Survive::crash ? connections : 0;
}

/// Who has places beside clients, where there is a listener for them. HTTP's own epoll is with it.
std::int64_t others_of(const Config& config) {
  std::int64_t count = 0;
  if (has_role(config, ListenerRole::admin)) count += config.server.max_admin_connections;
  if (has_role(config, ListenerRole::http)) count += config.server.max_http_connections + 1;
  return count;
}

}  // namespace

void reserve_descriptor_table(const Config& config) {
  const std::int64_t wanted = config.server.max_connections + kOpenAtStart + sockets_of(config) +
                              others_of(config) + kSpare;
  rlimit before{};
  if (::getrlimit(RLIMIT_NOFILE, &before) != 0) return;
  const rlim_t size = std::min(static_cast<rlim_t>(wanted), before.rlim_max);
  const rlimit raised{std::max(before.rlim_cur, size), before.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &raised) != 0) return;
  // Where it fails the table grows as it is needed.
  { const UniqueFd highest(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, static_cast<int>(size - 1))); }
  // What is raised for good is for who counts what is open.
  (void)::setrlimit(RLIMIT_NOFILE, &before);
}

DescriptorBudget::DescriptorBudget() : open_before_(open_descriptors()) {}

DescriptorLimit DescriptorBudget::raise_for(const Config& config, std::int64_t connections) const {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {0, connections};
  const auto others =
      static_cast<rlim_t>(open_before_ + sockets_of(config) + others_of(config) + kSpare);
  const rlim_t wanted = static_cast<rlim_t>(connections) + others;
  const rlim_t wanted_with_copies = wanted + static_cast<rlim_t>(copies_of(config, connections));
  if (limit.rlim_cur < wanted_with_copies) {
    rlimit raised = limit;
    raised.rlim_cur = std::min(wanted_with_copies, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  const rlim_t room = limit.rlim_cur > others ? limit.rlim_cur - others : 1;
  return {static_cast<std::int64_t>(limit.rlim_cur),
          static_cast<std::int64_t>(std::min<rlim_t>(room, static_cast<rlim_t>(connections)))};
}

std::string DescriptorBudget::check(const Config& config, std::int64_t connections) const {
  const DescriptorLimit limit = raise_for(config, connections);
  if (limit.possible_connections >= connections) return {};
  return fmt::format(
      "{} listening sockets leave descriptors for {} of {} connections (RLIMIT_NOFILE is {}): "
      "raise "
      "LimitNOFILE or ulimit -n, or restart, which lowers max_connections",
      sockets_of(config), limit.possible_connections, connections, limit.descriptors);
}

}  // namespace reactord
