// SPDX-License-Identifier: MIT
// From an address in the configuration to a socket that listens there: opened, or adopted from
// those that were passed. Knows what a [[listener]] wants, and no rules, connections or loop.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/net/listening_socket.h"
#include "daemon/systemd/notify.h"

namespace reactord {

[[nodiscard]] SocketAddress socket_address(const Endpoint& endpoint);

/// What the file of a listener's Unix sockets is to be; the problem, or "".
[[nodiscard]] std::string unix_file_of(const ListenerSettings& settings, UnixFileOptions& options);

/// `is_beside_ours`: as ListenOptions has it.
[[nodiscard]] ListenResult open_endpoint(const Endpoint& endpoint, const ListenerSettings& settings,
                                         bool is_beside_ours);

/// Whether the listener can do without this address where the machine lacks its family.
[[nodiscard]] bool may_be_left_out(const Endpoint& endpoint, const ListenerSettings& settings);

/// The problem with a passed socket, or "".
[[nodiscard]] std::string check_passed(int fd, const ListenerSettings& settings);
[[nodiscard]] std::string no_socket_passed(const ListenerSettings& settings);
[[nodiscard]] std::string nobody_wants_passed(const std::string& name);

}  // namespace reactord
