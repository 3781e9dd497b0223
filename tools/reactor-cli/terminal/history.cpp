// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/terminal/history.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace reactord::cli {
namespace {

// The XDG Base Directory Specification: relative paths are to be ignored.
std::filesystem::path state_home() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') return state;
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/') return {};
  return std::filesystem::path(home) / ".local/state";
}

}  // namespace

std::string history_file() {
  const std::filesystem::path home = state_home();
  if (home.empty()) return "";
  const std::filesystem::path folder = home / "reactor-cli";
  const mode_t old_mask = ::umask(077);
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  ::umask(old_mask);
  return problem ? "" : (folder / "history").string();
}

bool is_secret(std::string_view line) {
  std::string upper(line);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  // Anywhere in the line: HELLO takes AUTH as an option.
  return upper.find("AUTH") != std::string::npos || upper.find("PASS") != std::string::npos;
}

}  // namespace reactord::cli
