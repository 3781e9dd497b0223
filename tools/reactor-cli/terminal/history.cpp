// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/terminal/history.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "daemon/reactor/unique_fd.h"

namespace reactord::cli {
namespace {

// A thousand lines, the most that are kept, of 4 KiB.
constexpr off_t kMaxFileBytes = 4 << 20;

// The XDG Base Directory Specification: relative paths are to be ignored.
std::filesystem::path state_home() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') return state;
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/') return {};
  return std::filesystem::path(home) / ".local/state";
}

// Before libedit would create it for everybody. An existing one is left as it is, and not opened:
// it may be a FIFO.
void create_private(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
}

}  // namespace

HistoryFile history_file() {
  const std::filesystem::path home = state_home();
  if (home.empty()) return {};
  const std::filesystem::path folder = home / "reactor-cli";
  const mode_t old_mask = ::umask(077);
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  ::umask(old_mask);
  if (problem) return {};
  const std::string path = (folder / "history").string();
  create_private(path);
  if (is_fit_to_read(path)) return {path, ""};
  return {"", fmt::format("no history is kept: {} is not a file of at most {} MiB", path,
                          kMaxFileBytes >> 20)};
}

std::string editrc_file() {
  const char* file = std::getenv("EDITRC");
  if (file != nullptr) return file;
  const char* home = std::getenv("HOME");
  return home == nullptr ? "" : std::string(home) + "/.editrc";
}

bool is_fit_to_read(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         status.st_size <= kMaxFileBytes;
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
