// SPDX-License-Identifier: MIT
// The service manager, as far as a daemon's connections depend on it: its store of descriptors
// (systemd's service.c, sd_pid_notify_with_fds(3)). The daemon's messages are read one after the
// other, a moment later; what is refused is refused in silence, and closed. What is stored is given
// to each process that starts, and stays until it is taken out.
//
// Modelled where libsystemd is called, and not as bytes at $NOTIFY_SOCKET, which is not set: what
// is told beside (READY=1, STATUS=) goes nowhere.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/kernel/files_on_their_way.h"
#include "tests/simulation/kernel/random.h"
#include "tests/simulation/kernel/timeline.h"

namespace simulation {

class ServiceManager {
 public:
  /// FileDescriptorStoreMax=, as in systemd/reactord.service.
  static constexpr std::size_t kMostStored = 4;

  ServiceManager(Timeline& timeline, Random random) : timeline_(timeline), random_(random) {}

  /// FDSTORE=1. `is_polled`: taken out by itself once it hangs up (FDPOLL=1, the default).
  void store(const std::string& name, std::shared_ptr<OpenFile> file, bool is_polled);
  /// FDSTOREREMOVE=1.
  void remove(const std::string& name);
  /// When all has been read that was told so far.
  [[nodiscard]] Moment reads_until() const { return reads_until_; }
  /// It is busy for so long.
  void be_slow(Moment pause);

  using Stored = std::pair<std::string, std::shared_ptr<OpenFile>>;
  /// What a process that starts is given.
  [[nodiscard]] std::vector<Stored> stored() const;
  /// The service was stopped, not restarted.
  void clear() { store_.clear(); }

 private:
  struct Entry {
    std::string name;
    bool is_polled;
    FilesOnTheirWay file;
  };

  [[nodiscard]] Moment next_read();
  void take_out_hung_up();

  Timeline& timeline_;
  Random random_;
  std::list<Entry> store_;
  Moment reads_until_{0};
};

}  // namespace simulation
