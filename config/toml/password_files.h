// SPDX-License-Identifier: MIT
// Passwords' hashes that stand in a file of their own, or in one of systemd's credentials
// (systemd.exec(5), LoadCredential=).
#pragma once

#include <string>

#include "config/users/user_settings.h"

namespace reactord {

/// Reads what `setting.from` names; the problem, or "".
[[nodiscard]] std::string read_password(PasswordSetting& setting);

}  // namespace reactord
