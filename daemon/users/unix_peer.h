// SPDX-License-Identifier: MIT
// Who is at the other end of a Unix socket, as the kernel knows it (unix(7), SO_PEERCRED), and the
// numbers of users and groups.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace reactord {

struct UnixPeer {
  ::uid_t uid;
  ::gid_t gid;
};

/// Nothing where the kernel knows it not: of other sockets.
[[nodiscard]] std::optional<UnixPeer> unix_peer_of(int fd);

/// Of a name, as the system has it (nsswitch.conf(5)), or of the digits of a number.
[[nodiscard]] std::optional<::uid_t> find_uid(const std::string& user);
[[nodiscard]] std::optional<::gid_t> find_gid(const std::string& group);

}  // namespace reactord
