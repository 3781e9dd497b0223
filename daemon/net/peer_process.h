// SPDX-License-Identifier: MIT
// Which process is at the other end of a Unix socket, as the kernel knows it since it has connected
// (unix(7), SO_PEERCRED).
#pragma once

#include <sys/types.h>

#include <optional>

namespace reactord {

struct PeerProcess {
  ::pid_t pid = 0;  ///< 0: it is not to be seen from here (pid_namespaces(7))
  ::uid_t uid = 0;
  ::gid_t gid = 0;
};

/// Nothing of a socket that is no Unix socket.
[[nodiscard]] std::optional<PeerProcess> peer_process_of(int fd) noexcept;

}  // namespace reactord
