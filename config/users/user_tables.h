// SPDX-License-Identifier: MIT
// The keys of [[user]], declared once, and what derives from them: the printed configuration,
// CONFIG GET, a reload's changes, and what must hold between users. No hash leaves here.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/check.h"
#include "config/config.h"
#include "config/reload.h"

namespace reactord {

[[nodiscard]] std::span<const KeySpec> user_keys();

[[nodiscard]] const UserSettings* find_user(const Config& config, std::string_view name);

/// The hashes in `text`, one a line; the problem, or "".
[[nodiscard]] std::string parse_password_lines(std::string_view text, PasswordSetting& setting);

/// The configuration itself has one of its hashes.
[[nodiscard]] bool has_hidden_password(const UserSettings& user);

void add_user_settings(std::vector<Setting>& out, const Config& config);
void add_user_changes(std::vector<Change>& out, const Config& before, const Config& after);
/// Appends what is wrong with the users, and with the listeners that require them.
void check_users(const Config& config, const KeyPlaces& places,
                 std::vector<ConfigProblem>& problems);

/// Printed in place of a password that stands in the configuration.
inline constexpr std::string_view kHidden = "hidden";

}  // namespace reactord
