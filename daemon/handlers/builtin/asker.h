// SPDX-License-Identifier: MIT
// Who asks for something that the log tells.
#pragma once

#include <fmt/format.h>

#include <string>

#include "daemon/interface/handler.h"

namespace reactord {

/// Peers of a Unix socket have no address of their own; their number tells them apart.
[[nodiscard]] inline std::string who_asks(const HandlerContext& context) {
  return fmt::format("{} (client {})", context.peer(), context.client_id());
}

}  // namespace reactord
