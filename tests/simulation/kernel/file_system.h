// SPDX-License-Identifier: MIT
// Files by their paths: the configuration, the log, the files of Unix sockets and their locks.
// There are no folders; whatever path is named, its folder is there.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "tests/simulation/kernel/open_file.h"

namespace simulation {

struct Inode {
  ino_t number = 0;
  mode_t mode = S_IFREG | 0644;
  uid_t user = 0;
  gid_t group = 0;
  std::string content{};
  bool is_locked = false;
  /// Told what was written to it.
  std::function<void(std::string_view)> on_write{};
};

class FileSystem {
 public:
  /// A file for reading and writing; makes it if it is not there.
  Inode& make(const std::string& path, mode_t mode);
  [[nodiscard]] std::shared_ptr<Inode> find(const std::string& path) const;
  [[nodiscard]] long open(const std::string& path, int flags, mode_t mode,
                          std::shared_ptr<OpenFile>& file);
  [[nodiscard]] long unlink(const std::string& path);
  [[nodiscard]] static struct stat status_of(const Inode& inode);
  [[nodiscard]] mode_t set_mask(mode_t mask);

  /// What writing to a file ends in, while it is not 0: ENOSPC.
  int write_error = 0;

 private:
  std::map<std::string, std::shared_ptr<Inode>> inodes_;
  ino_t last_number_ = 0;
  mode_t mask_ = 022;
};

class RegularFile final : public OpenFile {
 public:
  RegularFile(const FileSystem& files, std::shared_ptr<Inode> inode, int flags)
      : files_(files), inode_(std::move(inode)), flags_(flags) {}
  [[nodiscard]] std::uint32_t poll() override { return EPOLLIN | EPOLLOUT; }
  [[nodiscard]] long read(char* into, std::size_t size) override;
  [[nodiscard]] long write(const char* bytes, std::size_t size) override;
  [[nodiscard]] long lock();
  [[nodiscard]] const Inode& inode() const { return *inode_; }

 private:
  void on_last_close() override;

  const FileSystem& files_;
  std::shared_ptr<Inode> inode_;
  int flags_;
  std::size_t at_ = 0;
  bool has_lock_ = false;
};

}  // namespace simulation
