// SPDX-License-Identifier: MIT
// What a handler did wrong, in the words of the daemon's log.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/dispatch/replies/reply_rules.h"

namespace reactord::test {

[[nodiscard]] std::string fault_text(const Breach& breach, std::string_view call);

}  // namespace reactord::test
