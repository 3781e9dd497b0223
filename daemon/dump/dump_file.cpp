// SPDX-License-Identifier: MIT
#include "daemon/dump/dump_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "daemon/reactor/unique_fd.h"

namespace reactord {

namespace {

/// False, with errno, where not all of it was.
bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// Others may write in /tmp, too: what they have put there is neither followed nor opened.
UniqueFd open_new(const std::string& path) {
  ::unlink(path.c_str());
  return UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
}

void move_on(std::string_view folder) {
  for (int age = kMaxDumps - 1; age > 0; --age)
    (void)::rename(dump_path(folder, age).c_str(), dump_path(folder, age + 1).c_str());
}

}  // namespace

std::string dump_folder() {
  for (const char* name : {"LOGS_DIRECTORY", "STATE_DIRECTORY", "RUNTIME_DIRECTORY", "TMPDIR"}) {
    const char* const value = std::getenv(name);
    if (value == nullptr || *value != '/') continue;
    const std::string_view folders = value;
    return std::string(folders.substr(0, folders.find(':')));
  }
  return "/tmp";
}

std::string dump_path(std::string_view folder, int age) {
  return fmt::format("{}/reactord-dump.{}.json", folder, age);
}

std::string write_dump(std::string_view folder, std::string_view text) {
  const std::string beside = fmt::format("{}/.reactord-dump.{}", folder, ::getpid());
  const UniqueFd file = open_new(beside);
  if (!file) return std::strerror(errno);
  if (!write_all(file.get(), text)) {
    const std::string problem = std::strerror(errno);
    ::unlink(beside.c_str());
    return problem;
  }
  move_on(folder);
  if (::rename(beside.c_str(), dump_path(folder, 1).c_str()) == 0) return {};
  const std::string problem = std::strerror(errno);
  ::unlink(beside.c_str());
  return problem;
}

}  // namespace reactord
