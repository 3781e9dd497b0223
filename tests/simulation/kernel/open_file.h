// SPDX-License-Identifier: MIT
// What a descriptor refers to. Results are those of the system call: a number, or an errno below 0.
#pragma once

#include <sys/epoll.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace simulation {

/// Is told when a file's readiness may have changed: an epoll instance's entry.
class Watcher {
 public:
  virtual ~Watcher() = default;
  /// The events that have come about; 0 is "look for yourself" (wake_up() without a key).
  virtual void on_wake(std::uint32_t events) = 0;
  /// No descriptor refers to the file any more.
  virtual void on_file_closed() = 0;
};

class OpenFile {
 public:
  OpenFile() = default;
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  virtual ~OpenFile() = default;

  /// What it is ready for: EPOLLIN and its like.
  [[nodiscard]] virtual std::uint32_t poll() = 0;
  [[nodiscard]] virtual long read(char* /*into*/, std::size_t /*size*/) { return -EINVAL; }
  [[nodiscard]] virtual long write(const char* /*bytes*/, std::size_t /*size*/) { return -EINVAL; }

  void wake(std::uint32_t events) {
    const std::vector<Watcher*> watchers = watchers_;
    for (Watcher* watcher : watchers) watcher->on_wake(events);
  }
  void add_watcher(Watcher& watcher) { watchers_.push_back(&watcher); }
  void remove_watcher(Watcher& watcher) { std::erase(watchers_, &watcher); }

  void add_descriptor() { ++descriptors_; }
  void remove_descriptor() {
    if (--descriptors_ > 0) return;
    const std::vector<Watcher*> watchers = watchers_;
    for (Watcher* watcher : watchers) watcher->on_file_closed();
    on_last_close();
  }

 protected:
  virtual void on_last_close() {}

 private:
  std::vector<Watcher*> watchers_;
  int descriptors_ = 0;
};

}  // namespace simulation
