// SPDX-License-Identifier: MIT
#include "config/toml/regular_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

namespace reactord {
namespace {

std::string errno_text(std::string_view what) {
  return fmt::format("{}: {}", what, std::generic_category().message(errno));
}

std::string cannot_be_opened() {
  const bool forbidden = errno == EACCES;
  std::string text = errno_text("cannot be opened");
  if (forbidden) text += fmt::format("; let user {} read it, and enter its folders", ::geteuid());
  return text;
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

/// Without O_NONBLOCK a FIFO would keep us waiting for a writer before fstat() can refuse it.
int open_for_reading(const std::string& path) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

/// Reads to the end, or until there is more than `max_bytes`. Returns the problem, or "".
std::string read_all(int fd, std::size_t max_bytes, std::string& out) {
  char chunk[16 * 1024];
  while (out.size() <= max_bytes) {
    const ssize_t bytes = ::read(fd, chunk, sizeof chunk);
    if (bytes == 0) return {};
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) return errno_text("cannot be read");
    out.append(chunk, static_cast<std::size_t>(bytes));
  }
  return {};
}

}  // namespace

std::string read_regular_file(const std::string& path, std::size_t max_bytes, std::string& out) {
  if (path.find('\0') != std::string::npos) return "cannot be opened: its path has a NUL byte";
  const FileDescriptor fd(open_for_reading(path));
  if (fd.get() < 0) return cannot_be_opened();
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_text("cannot be read");
  if (S_ISDIR(status.st_mode)) return "is a directory, not a file";
  if (!S_ISREG(status.st_mode)) return "is not a regular file";
  return read_all(fd.get(), max_bytes, out);
}

}  // namespace reactord
