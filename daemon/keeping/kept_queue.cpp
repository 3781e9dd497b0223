// SPDX-License-Identifier: MIT
#include "daemon/keeping/kept_queue.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace reactord {

namespace {

/// Most kernels give less (net.core.wmem_max), which is room for 100,000 connections.
constexpr int kWantedBytes = 1 << 20;

}  // namespace

std::string KeptQueue::open() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return fmt::format("socketpair: {}", std::strerror(errno));
  kept_end_ = UniqueFd(ends[0]);
  our_end_ = UniqueFd(ends[1]);
  (void)::setsockopt(our_end_.get(), SOL_SOCKET, SO_SNDBUF, &kWantedBytes, sizeof kWantedBytes);
  return {};
}

/// Empty, whoever else has the end that was to be kept.
void KeptQueue::close() noexcept {
  while (kept_end_ && drop_oldest()) continue;
  kept_end_.reset();
  our_end_.reset();
}

bool KeptQueue::put(std::span<const int> table_and_sockets) noexcept {
  return send_with_fds_once(our_end_.get(), ".", table_and_sockets);
}

bool KeptQueue::drop_oldest() noexcept {
  return drop_message(kept_end_.get());
}

}  // namespace reactord
