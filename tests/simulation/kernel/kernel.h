// SPDX-License-Identifier: MIT
// The simulated machine: puts time, descriptors, network, files, signals and threads together, with
// the faults that a seed has chosen. While one is active, the system calls of this process
// (calls/) are answered by it.
#pragma once

#include <csetjmp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tests/simulation/kernel/descriptors.h"
#include "tests/simulation/kernel/epoll.h"
#include "tests/simulation/kernel/file_system.h"
#include "tests/simulation/kernel/network/network.h"
#include "tests/simulation/kernel/network/socket.h"
#include "tests/simulation/kernel/process.h"
#include "tests/simulation/kernel/random.h"
#include "tests/simulation/kernel/service_manager.h"
#include "tests/simulation/kernel/threads.h"
#include "tests/simulation/kernel/timeline.h"
#include "tests/simulation/kernel/trace.h"
#include "tests/simulation/kernel/wake_ups.h"

namespace simulation {

/// How often things go wrong, in percent of the calls that they can befall. All of them end with
/// heal().
struct Faults {
  int interrupted = 0;     ///< EINTR, of whatever may be interrupted
  int accept_fails = 0;    ///< ENFILE, ENOBUFS, ENOMEM, ECONNABORTED, EPROTO
  int watch_fails = 0;     ///< EPOLL_CTL_ADD: ENOSPC, ENOMEM
  int socket_fails = 0;    ///< socket(2): ENFILE
  int thread_fails = 0;    ///< pthread_create(3): EAGAIN
  int spurious_edges = 0;  ///< of turns
  int frozen = 0;          ///< of turns: the process stands still for seconds while clients go on
  int disk_is_full = 0;    ///< not 0: writing to the log fails
  // Of what a connection outlives its process by:
  int memory_fails = 0;   ///< memfd_create(2): ENFILE, ENOMEM
  int passing_fails = 0;  ///< socketpair(2), and sending descriptors: ETOOMANYREFS, ENOBUFS
  int taking_fails = 0;   ///< receiving them: some are missing, as of EMFILE
  int manager_fails = 0;  ///< the service manager does not keep something, or is slow
};

class Kernel {
 public:
  Kernel(std::uint64_t seed, Moment start, std::FILE* trace_text);
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  ~Kernel();

  /// The one that answers system calls; null: Linux does.
  [[nodiscard]] static Kernel* active() { return active_; }
  void activate() { active_ = this; }
  static void deactivate() { active_ = nullptr; }

  /// The one whose code runs, or the latest.
  [[nodiscard]] Process& process() { return *process_; }
  [[nodiscard]] const Process& process() const { return *process_; }
  /// Another one, with what the manager has for it. The one before has ended.
  void begin_process();

  /// SIGKILL, so many system calls of its main thread from now on, or a moment later: its code goes
  /// no further than that, nothing of it is destroyed, and `death` is where the machine goes on.
  void kill_after(std::uint64_t calls);
  std::jmp_buf death;
  /// Told before; not where it is called off by a process that ends by itself.
  std::function<void()> on_killed;

  /// A system call takes time, and is traced; returns `result`.
  long note(std::string_view name, std::int64_t about, long result);
  /// Whether a fault of that likelihood happens now.
  [[nodiscard]] bool happens(int percent) { return percent > 0 && random_.chance(percent); }
  void heal();

  /// epoll_wait(2), which the daemon's loop calls once a turn, on the first instance that it made.
  [[nodiscard]] long wait_for_events(int fd, epoll_event* into, int most, int milliseconds);
  [[nodiscard]] long make_epoll();
  [[nodiscard]] long connect(Socket& socket, const Address& to);

  /// CLOCK_REALTIME is that much ahead of CLOCK_MONOTONIC.
  static constexpr Moment kEpoch{std::chrono::seconds(1'790'000'000)};

  Random& random() { return random_; }

  Timeline timeline;
  Trace trace;
  Network network;
  FileSystem files;
  ServiceManager manager;
  Threads threads;
  Faults faults;
  /// The daemon has come to the end of a turn, and is about to look for events.
  std::function<void()> on_turn;
  /// Bytes that were moved, connections that came or went, files that were read: what a turn is
  /// good for.
  std::uint64_t progress = 0;
  std::uint64_t turns = 0;
  /// The links of connections that the daemon opens.
  Link outgoing_link{};

 private:
  void begin_turn();
  [[nodiscard]] bool must_die() const {
    return dies_after_ > 0 && timeline.now() >= dies_at_latest_;
  }
  [[noreturn]] void die();

  static Kernel* active_;

  Random random_;
  std::unique_ptr<Process> process_;
  std::uint64_t dies_after_ = 0;  ///< so many calls; 0: not at all
  Moment dies_at_latest_{0};
};

}  // namespace simulation
