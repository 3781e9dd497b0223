// SPDX-License-Identifier: MIT
#include "tests/simulation/kernel/file_system.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace simulation {

Inode& FileSystem::make(const std::string& path, mode_t mode) {
  std::shared_ptr<Inode>& inode = inodes_[path];
  if (inode == nullptr)
    inode = std::make_shared<Inode>(Inode{.number = ++last_number_, .mode = mode & ~mask_});
  return *inode;
}

std::shared_ptr<Inode> FileSystem::find(const std::string& path) const {
  const auto found = inodes_.find(path);
  return found == inodes_.end() ? nullptr : found->second;
}

long FileSystem::open(const std::string& path, int flags, mode_t mode,
                      std::shared_ptr<OpenFile>& file) {
  const bool is_there = inodes_.contains(path);
  if (is_there && (flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) return -EEXIST;
  if (!is_there && (flags & O_CREAT) == 0) return -ENOENT;
  if (!is_there) make(path, S_IFREG | mode);
  const std::shared_ptr<Inode> inode = find(path);
  if (!S_ISREG(inode->mode)) return -ENXIO;
  file = std::make_shared<RegularFile>(*this, inode, flags);
  return 0;
}

long FileSystem::unlink(const std::string& path) {
  return inodes_.erase(path) > 0 ? 0 : -ENOENT;
}

struct stat FileSystem::status_of(const Inode& inode) {
  struct stat status {};
  status.st_dev = 1;
  status.st_ino = inode.number;
  status.st_mode = inode.mode;
  status.st_uid = inode.user;
  status.st_gid = inode.group;
  status.st_size = static_cast<off_t>(inode.content.size());
  return status;
}

mode_t FileSystem::set_mask(mode_t mask) {
  return std::exchange(mask_, mask);
}

long RegularFile::read(char* into, std::size_t size) {
  const std::string& content = inode_->content;
  const std::size_t n = std::min(size, content.size() - std::min(at_, content.size()));
  std::memcpy(into, content.data() + at_, n);
  at_ += n;
  return static_cast<long>(n);
}

/// Appends, whatever the flags: nothing here writes in another way. What somebody listens to is not
/// kept.
long RegularFile::write(const char* bytes, std::size_t size) {
  if ((flags_ & O_ACCMODE) == O_RDONLY) return -EBADF;
  if (files_.write_error != 0) return -files_.write_error;
  if (inode_->on_write)
    inode_->on_write({bytes, size});
  else
    inode_->content.append(bytes, size);
  return static_cast<long>(size);
}

long RegularFile::lock() {
  if (inode_->is_locked && !has_lock_) return -EWOULDBLOCK;
  inode_->is_locked = has_lock_ = true;
  return 0;
}

void RegularFile::on_last_close() {
  if (has_lock_) inode_->is_locked = false;
}

}  // namespace simulation
