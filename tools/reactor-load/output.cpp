// SPDX-License-Identifier: MIT
#include "tools/reactor-load/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "daemon/reactor/unique_fd.h"

namespace reactord::load {
namespace {

/// 0, or the errno of why not all was written.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

std::string cannot_write(std::string_view what, int error) {
  return fmt::format("cannot write {}: {}", what, std::strerror(error));
}

}  // namespace

void StandardOutput::write(std::string_view text) {
  if (error_ == 0) error_ = write_all(STDOUT_FILENO, text);
}

std::string StandardOutput::problem() const {
  return error_ == 0 || error_ == EPIPE ? "" : cannot_write("the output", error_);
}

void complain(std::string_view message) {
  static_cast<void>(write_all(STDERR_FILENO, fmt::format("reactor-load: {}\n", message)));
}

std::string save(const std::string& path, std::string_view text) {
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file) return cannot_write(path, errno);
  int error = write_all(file.get(), text);
  // Some file systems write, and find their quota used up, only now (close(2)).
  if (::close(file.release()) != 0 && error == 0) error = errno;
  return error == 0 ? "" : cannot_write(path, error);
}

std::string check_can_save(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  return file ? "" : cannot_write(path, errno);
}

}  // namespace reactord::load
