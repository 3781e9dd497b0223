// SPDX-License-Identifier: MIT
#include "config/toml/password_files.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

#include "config/secrets/secret_text.h"
#include "config/text/toml_text.h"
#include "config/toml/regular_file.h"
#include "config/users/user_tables.h"

namespace reactord {
namespace {

/// As many hashes as a user may have, and room for line ends.
constexpr std::size_t kMaxFileBytes = 4096;

std::string path_of(std::string_view from) {
  const std::string_view name = from.substr(from.find(':') + 1);
  if (!from.starts_with("credential:")) return std::string(name);
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder == nullptr ? std::string() : fmt::format("{}/{}", folder, name);
}

}  // namespace

std::string read_password(PasswordSetting& setting) {
  const std::string path = path_of(setting.from);
  if (path.empty())
    return fmt::format(
        "{}: systemd has passed no credentials: the service needs LoadCredential= of that name",
        shown(setting.from));
  std::string text;
  std::string problem = read_regular_file(path, kMaxFileBytes, text);
  if (problem.empty() && text.size() > kMaxFileBytes)
    problem = fmt::format("is larger than {} bytes", kMaxFileBytes);
  if (!problem.empty()) {
    wipe(text);
    return fmt::format("{} {}", shown(path), problem);
  }
  problem = parse_password_lines(text, setting);
  wipe(text);
  return problem.empty() ? problem : fmt::format("{}: {}", shown(path), problem);
}

}  // namespace reactord
