// SPDX-License-Identifier: MIT
#include "daemon/net/peer_process.h"

#include <sys/socket.h>

namespace reactord {

std::optional<PeerProcess> peer_process_of(int fd) noexcept {
  ucred peer{};
  ::socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return {};
  // What sockets of other families have.
  if (peer.uid == static_cast<::uid_t>(-1)) return {};
  return PeerProcess{peer.pid, peer.uid, peer.gid};
}

}  // namespace reactord
