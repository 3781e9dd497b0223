// SPDX-License-Identifier: MIT
// A lock beside a Unix socket's path, held while the socket is being opened. Between bind(2) and
// listen(2) a socket looks like one that was left behind: whoever holds the lock may judge.
#pragma once

#include <string>

#include "daemon/reactor/unique_fd.h"

namespace reactord {

class PathLock {
 public:
  /// Locks PATH.lock, without waiting.
  explicit PathLock(const std::string& path);
  PathLock(const PathLock&) = delete;
  PathLock& operator=(const PathLock&) = delete;
  /// Removes the file, if it was made for this.
  ~PathLock();

  /// 0: locked, or there is no folder in which a lock, or the socket, could be made. EWOULDBLOCK:
  /// somebody else holds it. Else why the lock that is there cannot be used.
  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void open();
  [[nodiscard]] bool is_still_there() const;

  std::string path_;
  UniqueFd file_;
  bool is_made_ = false;
  int error_ = 0;
};

}  // namespace reactord
