// SPDX-License-Identifier: MIT
#include "daemon/console/standard_descriptors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace reactord {
namespace {

bool is_closed(int fd) {
  return ::fcntl(fd, F_GETFD) < 0 && errno == EBADF;
}

}  // namespace

void occupy_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (!is_closed(fd)) continue;
    // Takes the lowest free number, which is `fd`. For reading alone: what is written there must
    // fail, not vanish. Inherited by children, as standard descriptors are.
    if (::open("/dev/null", O_RDONLY) < 0) {
      throw std::system_error(errno, std::generic_category(),
                              "a standard descriptor is closed, and /dev/null cannot be opened");
    }
  }
}

bool is_stderr_the_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

}  // namespace reactord
