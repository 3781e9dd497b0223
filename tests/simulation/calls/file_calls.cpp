// SPDX-License-Identifier: MIT
// open(2), read(2), write(2) and what else files are asked.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>

#include "tests/simulation/calls/call.h"

namespace simulation {
namespace {

long status_of_path(const Kernel& kernel, const char* path, struct stat* status) {
  const std::shared_ptr<Inode> inode = kernel.files.find(path);
  if (inode == nullptr) return -ENOENT;
  *status = FileSystem::status_of(*inode);
  return 0;
}

long write_to(Kernel& kernel, int fd, const void* bytes, std::size_t size) {
  OpenFile* file = kernel.process().descriptors.find(fd);
  if (file == nullptr) return -EBADF;
  ++kernel.progress;
  return file->write(static_cast<const char*>(bytes), size);
}

}  // namespace
}  // namespace simulation

using namespace simulation;

extern "C" {

int open(const char* path, int flags, ...) {
  SIMULATION_REAL(open);
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    va_end(rest);
  }
  if (!is_simulated()) return real_open(path, flags, mode);
  return simulate_interruptible<int>("open", flags, [&](Kernel& kernel) -> long {
    std::shared_ptr<OpenFile> file;
    const long problem = kernel.files.open(path, flags, mode, file);
    ++kernel.progress;
    return problem != 0 ? problem : kernel.process().descriptors.add(file);
  });
}

int close(int fd) {
  SIMULATION_REAL(close);
  if (!is_simulated()) return real_close(fd);
  return simulate<int>("close", fd, [&](Kernel& kernel) {
    ++kernel.progress;
    return kernel.process().descriptors.close(fd);
  });
}

ssize_t read(int fd, void* into, size_t size) {
  SIMULATION_REAL(read);
  if (!is_simulated()) return real_read(fd, into, size);
  return simulate_interruptible<ssize_t>("read", fd, [&](Kernel& kernel) -> long {
    OpenFile* file = kernel.process().descriptors.find(fd);
    if (file == nullptr) return -EBADF;
    ++kernel.progress;
    return file->read(static_cast<char*>(into), size);
  });
}

ssize_t write(int fd, const void* bytes, size_t size) {
  SIMULATION_REAL(write);
  if (!is_simulated()) return real_write(fd, bytes, size);
  return simulate_interruptible<ssize_t>(
      "write", fd, [&](Kernel& kernel) { return write_to(kernel, fd, bytes, size); });
}

int fcntl(int fd, int command, ...) {
  SIMULATION_REAL(fcntl);
  va_list rest;
  va_start(rest, command);
  const long argument = va_arg(rest, long);
  va_end(rest);
  if (!is_simulated()) return real_fcntl(fd, command, argument);
  return simulate<int>("fcntl", fd, [&](Kernel& kernel) -> long {
    const std::shared_ptr<OpenFile> file = kernel.process().descriptors.share(fd);
    if (file == nullptr) return -EBADF;
    if (command == F_DUPFD_CLOEXEC)
      return kernel.process().descriptors.add(file, static_cast<int>(argument));
    if (auto* memory = dynamic_cast<MemoryFile*>(file.get())) {
      if (command == F_GET_SEALS) return memory->seals;
      if (command == F_ADD_SEALS) memory->seals |= static_cast<int>(argument);
    }
    if (command == F_GETFL) return O_NONBLOCK;
    return command == F_GETFD ? FD_CLOEXEC : 0;
  });
}

int fstat(int fd, struct stat* status) noexcept {
  SIMULATION_REAL(fstat);
  if (!is_simulated()) return real_fstat(fd, status);
  return simulate<int>("fstat", fd, [&](Kernel& kernel) -> long {
    Descriptors& descriptors = kernel.process().descriptors;
    if (const auto* memory = descriptors.find_as<MemoryFile>(fd)) {
      *status = {};
      status->st_mode = S_IFREG | 0600;
      status->st_size = static_cast<off_t>(memory->size());
      return 0;
    }
    const auto* file = descriptors.find_as<RegularFile>(fd);
    if (file == nullptr) return -EBADF;
    *status = FileSystem::status_of(file->inode());
    return 0;
  });
}

int lstat(const char* path, struct stat* status) noexcept {
  SIMULATION_REAL(lstat);
  if (!is_simulated()) return real_lstat(path, status);
  return simulate<int>("lstat", 0,
                       [&](Kernel& kernel) { return status_of_path(kernel, path, status); });
}

/// Every folder is there, and may be written to.
int access(const char* path, int mode) noexcept {
  SIMULATION_REAL(access);
  if (!is_simulated()) return real_access(path, mode);
  return simulate<int>("access", mode, [&](Kernel& kernel) -> long {
    const bool is_folder = *path != '\0' && std::string_view(path).ends_with('/');
    return is_folder || kernel.files.find(path) != nullptr ? 0 : -ENOENT;
  });
}

int unlink(const char* path) noexcept {
  SIMULATION_REAL(unlink);
  if (!is_simulated()) return real_unlink(path);
  return simulate<int>("unlink", 0, [&](Kernel& kernel) { return kernel.files.unlink(path); });
}

mode_t umask(mode_t mask) noexcept {
  SIMULATION_REAL(umask);
  if (!is_simulated()) return real_umask(mask);
  return simulate<mode_t>("umask", mask, [&](Kernel& kernel) -> long {
    return static_cast<long>(kernel.files.set_mask(mask));
  });
}

int lchown(const char* path, uid_t user, gid_t group) noexcept {
  SIMULATION_REAL(lchown);
  if (!is_simulated()) return real_lchown(path, user, group);
  return simulate<int>("lchown", group, [&](Kernel& kernel) -> long {
    const std::shared_ptr<Inode> inode = kernel.files.find(path);
    if (inode == nullptr) return -ENOENT;
    inode->group = group;
    return 0;
  });
}

int fchmodat(int folder, const char* path, mode_t mode, int flags) noexcept {
  SIMULATION_REAL(fchmodat);
  if (!is_simulated()) return real_fchmodat(folder, path, mode, flags);
  return simulate<int>("fchmodat", mode, [&](Kernel& kernel) -> long {
    const std::shared_ptr<Inode> inode = kernel.files.find(path);
    if (inode == nullptr) return -ENOENT;
    inode->mode = (inode->mode & ~0777u) | mode;
    return 0;
  });
}

int flock(int fd, int operation) noexcept {
  SIMULATION_REAL(flock);
  if (!is_simulated()) return real_flock(fd, operation);
  return simulate<int>("flock", fd, [&](Kernel& kernel) -> long {
    auto* file = kernel.process().descriptors.find_as<RegularFile>(fd);
    return file == nullptr ? -EBADF : file->lock();
  });
}

/// Nothing of the machine that this runs on may be seen: no /proc, no control group.
std::FILE* fopen64(const char* path, const char* mode) {
  SIMULATION_REAL(fopen64);
  if (!is_simulated()) return real_fopen64(path, mode);
  errno = ENOENT;
  return nullptr;
}

ssize_t readlink(const char* path, char* into, size_t size) noexcept {
  SIMULATION_REAL(readlink);
  if (!is_simulated()) return real_readlink(path, into, size);
  return simulate<ssize_t>("readlink", 0, [](Kernel&) -> long { return -ENOENT; });
}

int isatty(int fd) noexcept {
  SIMULATION_REAL(isatty);
  if (!is_simulated()) return real_isatty(fd);
  return simulate<int>("isatty", fd, [](Kernel&) { return 0L; });
}

}  // extern "C"
