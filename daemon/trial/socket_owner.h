// SPDX-License-Identifier: MIT
// Who listens at an address that is taken, as far as /proc shows it.
#pragma once

#include <cstdint>

#include "daemon/net/socket_address.h"

namespace reactord {

enum class SocketOwner : std::uint8_t {
  nobody,
  ours,   ///< another process of this program's name, or one of that name that shows nothing
  other,  ///< none of that name
};

[[nodiscard]] SocketOwner owner_of(const SocketAddress& address);

}  // namespace reactord
