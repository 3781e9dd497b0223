// SPDX-License-Identifier: MIT
#include "daemon/net/path_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace reactord {

namespace {

/// Each further one means that another process has just removed the file that we had opened.
constexpr int kTries = 10;

int lock_at_once(int fd) noexcept {
  int locked = 0;
  do {
    locked = ::flock(fd, LOCK_EX | LOCK_NB);
  } while (locked != 0 && errno == EINTR);
  return locked == 0 ? 0 : errno;
}

}  // namespace

PathLock::PathLock(const std::string& path) : path_(path + ".lock") {
  for (int i = 0; i < kTries; ++i) {
    open();
    if (!file_ && error_ == ENOENT) continue;  // removed in between
    if (!file_) return;
    if (error_ = lock_at_once(file_.get()); error_ != 0) {
      file_.reset();
      return;
    }
    if (is_still_there()) return;
  }
  file_.reset();
  error_ = EWOULDBLOCK;  // others come and go there all the time
}

PathLock::~PathLock() {
  if (file_ && is_made_) ::unlink(path_.c_str());
}

void PathLock::open() {
  constexpr int kFlags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
  file_ = UniqueFd(::open(path_.c_str(), kFlags | O_CREAT | O_EXCL, 0600));
  is_made_ = static_cast<bool>(file_);
  if (file_) return;
  const bool is_there = errno == EEXIST;
  if (!is_there) return;  // bind(2) will say what is wrong with the folder
  file_ = UniqueFd(::open(path_.c_str(), kFlags));
  error_ = file_ ? 0 : errno;
}

bool PathLock::is_still_there() const {
  struct stat ours {};
  struct stat theirs {};
  return ::fstat(file_.get(), &ours) == 0 && ::lstat(path_.c_str(), &theirs) == 0 &&
         ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

}  // namespace reactord
