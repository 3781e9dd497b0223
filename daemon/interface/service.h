// SPDX-License-Identifier: MIT
// The daemon as handlers see it: its clients, settings and statistics; timers, work beside the loop
// and descriptors of a handler's own. Implemented by the daemon and by the tests' fake; a handler
// never sees a connection, a socket or the loop.
//
// Everything here is for the loop's thread alone, and every callback comes from the loop, never
// within the call that asked for it. An exception of a callback is logged with the handler's name,
// and costs nothing else. Whoever destroys what it was given (Timer, Task, Watch) is not called any
// more; that is possible at any time, in its own callback, too.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"
#include "daemon/interface/command_spec.h"

namespace reactord {

class Diagnostics;
class Logins;

/// The loop's monotonic time, read once a turn.
using TimePoint = std::chrono::steady_clock::time_point;

/// One client connection, as CLIENT LIST shows it. The views are valid until the next call into
/// Service.
struct ClientFacts {
  std::uint64_t id = 0;  ///< as CLIENT ID tells it: never used twice
  std::string peer;      ///< "127.0.0.1:50000", "[::1]:50000", "unix:/run/reactord.sock"
  std::string local;
  int fd = -1;
  std::string_view listener;  ///< its name in the configuration
  /// Of the process at the other end of a Unix socket; -1 of others, and where it has gone.
  std::int64_t peer_pid = -1;
  std::int64_t peer_uid = -1;
  std::string_view user;  ///< "default" where nobody has logged in and need not; "" before
  std::string_view name;
  std::string_view library_name;
  std::string_view library_version;
  std::chrono::seconds age{0};
  std::chrono::seconds idle{0};
  int protocol = 2;
  std::size_t input_bytes = 0;   ///< received and not yet served
  std::size_t output_bytes = 0;  ///< replies not yet taken by the kernel
  std::size_t memory_bytes = 0;  ///< all that the connection holds
  bool pending = false;          ///< a request waits for its reply
  bool subscribed = false;       ///< receives pushes
  bool closing = false;
  std::uint64_t commands = 0;  ///< called so far
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;  ///< that the kernel has taken
  std::string last_command;      ///< "client|list"; "NULL" before the first, as in Redis
  /// What the loop has worked for it: from a batch's first call until its replies are sent.
  std::chrono::microseconds worked{0};
  std::chrono::microseconds latency{0};  ///< of all its requests together, from arrival to reply
  std::chrono::microseconds longest_latency{0};  ///< right to one percent
  std::string_view latest_error;                 ///< its code: "ERR"; "" before the first
};

struct InfoField {
  std::string name;
  std::string value;
};

/// Destroying it cancels it.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer() = default;
};

/// Work that was given to the workers. Destroying it drops the result: of work that has not begun
/// all is destroyed within that call; work that has begun runs to its end.
class Task {
 public:
  Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  virtual ~Task() = default;
};

/// What a descriptor is watched for. With neither, only its hang-up is told, once.
struct Interest {
  bool readable = true;
  bool writable = false;
  bool operator==(const Interest&) const = default;
};

/// What a watched descriptor has to tell.
struct FdEvent {
  bool readable = false;  ///< the peer has finished, too: read() then gives 0
  bool writable = false;
  /// Both directions are over, or an error waits (EPOLLHUP, EPOLLERR). `readable` and `writable`
  /// are told with it as far as there is interest, so that reading or writing finds out what it is.
  bool hung_up = false;
  bool woken = false;  ///< nothing of the descriptor: wake() has asked for it
};

/// A watched descriptor; to be destroyed before the descriptor is closed.
class Watch {
 public:
  Watch() = default;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  virtual ~Watch() = default;

  /// No system call where nothing changes. Throws std::system_error (ENOMEM alone).
  virtual void set_interest(Interest interest) = 0;
  /// One more call in this turn of the loop, once all that was ready has been served, or early in
  /// the next turn if this one is too late: `woken`. Once, however often it is asked for. For
  /// whoever collects output of several requests and sends it at once. Throws std::bad_alloc.
  virtual void wake() = 0;
};

enum class HandlerLogLevel : std::uint8_t { off, debug, info, warning };

/// What became of a reload.
struct ReloadOutcome {
  /// Each "FILE:line:column: what". If there are any, nothing has changed.
  std::vector<std::string> problems = {};
  /// Each "PATH changed from 'A' to 'B'".
  std::vector<std::string> applied = {};
  std::vector<std::string> needs_restart = {};
};

class Service {
 public:
  virtual ~Service() = default;

  /// One log record where no request is at hand (HandlerContext::log() has the peer). `message` is
  /// escaped and shortened.
  virtual void log(HandlerLogLevel level, std::string_view handler, std::string_view message) = 0;

  [[nodiscard]] virtual TimePoint now() const = 0;
  /// Calls back from the loop, once, not before `delay` has passed.
  [[nodiscard]] virtual std::unique_ptr<Timer> call_after(std::chrono::milliseconds delay,
                                                          std::function<void()> callback) = 0;
  /// Calls back each `interval` (at least 1 ms: a shorter one is that) until the timer is
  /// destroyed. A loop that is late skips what it has missed, and calls once.
  [[nodiscard]] virtual std::unique_ptr<Timer> call_every(std::chrono::milliseconds interval,
                                                          std::function<void()> callback) = 0;

  /// Runs `work` on one of the workers' threads (server.workers), beside everything else: it must
  /// touch nothing that others use without a lock, and neither this Service nor what HandlerContext
  /// gives. Then calls `done` from the loop, with the exception that `work` has thrown, or null.
  /// Both are destroyed by the loop, when `done` has returned, or once dropped work has ended.
  /// Null: too much is at work (server.max_offloaded), or the system gives no thread: answer BUSY.
  /// The daemon's stop waits for all of it, as long as deadlines.drain allows; work that hangs
  /// longer is left behind, and its handler is not destroyed. offload.h passes results.
  [[nodiscard]] virtual std::unique_ptr<Task> offload(
      std::function<void()> work, std::function<void(std::exception_ptr)> done) = 0;

  /// Watches a descriptor of the handler's, level-triggered: what is not used up is told again.
  /// Does not own it. Throws std::system_error: EPERM for a file, EEXIST where it is watched
  /// already, ENOSPC where too many are.
  [[nodiscard]] virtual std::unique_ptr<Watch> watch(int fd, Interest interest,
                                                     std::function<void(FdEvent)> callback) = 0;

  /// A callback that is under way costs more than some 20 microseconds, by so much: the turn ends
  /// the sooner. (Within a request HandlerContext::charge() says it of its connection.)
  virtual void charge(std::chrono::microseconds work) = 0;

  /// All commands of all handlers, sorted by name. Constant while the daemon runs.
  [[nodiscard]] virtual std::span<const CommandSpec* const> commands() const = 0;

  /// The settings in force (CONFIG GET), sorted by path.
  [[nodiscard]] virtual std::span<const Setting> settings() const = 0;

  /// INFO's sections in their order ("server", "clients", ...) and the fields of one of them.
  [[nodiscard]] virtual std::span<const std::string_view> info_sections() const = 0;
  virtual void append_info(std::string_view section, std::vector<InfoField>& fields) const = 0;

  /// Walks the clients: fills `facts` with the next one at or behind `cursor` (0 at first) and
  /// advances it; false at the end. Safe while clients come and go between calls.
  virtual bool next_client(std::uint32_t& cursor, ClientFacts& facts) const = 0;
  /// Fills `facts` with those of one client; false if there is none. Walks all of them here; an
  /// implementation that can look one up should.
  virtual bool find_client(std::uint64_t id, ClientFacts& facts) const {
    std::uint32_t cursor = 0;
    while (next_client(cursor, facts)) {
      if (facts.id == id) return true;
    }
    return false;
  }
  /// Closes a client once what it is owed is sent ("killed" in the log); false if there is none.
  virtual bool kill_client(std::uint64_t id) = 0;

  /// Users, and logging in: for the commands that do it.
  [[nodiscard]] virtual Logins& logins() = 0;
  /// What was slow: for the commands that tell it.
  [[nodiscard]] virtual Diagnostics& diagnostics() = 0;

  // The daemon itself. `who` asks, for the log: "127.0.0.1:50000 (client 7)".
  /// The level of the log in force: "info".
  [[nodiscard]] virtual std::string log_level() const = 0;
  /// Changes it until it is changed here or in the file, or the process ends. The problem, or "".
  [[nodiscard]] virtual std::string set_log_level(std::string_view level, std::string_view who) = 0;
  /// One in so many requests is logged, each where it is 1, none where it is 0; and from now on, as
  /// set_log_level().
  [[nodiscard]] virtual std::int64_t access_sample() const = 0;
  [[nodiscard]] virtual std::string set_access_sample(std::int64_t one_in,
                                                      std::string_view who) = 0;
  /// Which kinds of events have another level than their own, "connected = info", as log.levels has
  /// them; and from now on, as set_log_level().
  [[nodiscard]] virtual std::span<const std::string> log_levels() const = 0;
  [[nodiscard]] virtual std::string set_log_levels(std::vector<std::string> rules,
                                                   std::string_view who) = 0;
  /// Loads the configuration again, as SIGHUP does, and says later what became of it.
  virtual void reload(std::string_view who, std::function<void(const ReloadOutcome&)> answer) = 0;
  /// Whether new clients are refused; and from now on. Who is connected stays.
  [[nodiscard]] virtual bool is_draining() const = 0;
  virtual void set_draining(bool is_draining, std::string_view who) = 0;
  /// Why balancers should send their clients elsewhere: "DRAIN ON", "SIGTERM"; "" where they need
  /// not.
  [[nodiscard]] virtual std::string why_draining() const { return is_draining() ? "DRAIN ON" : ""; }
  /// From now on the requests of clients wait, those of administrators do not, until `length` has
  /// passed or resume_clients(). Nothing is lost; no deadline for clients' input runs meanwhile. A
  /// pause that would end later stays.
  virtual void pause_clients(std::chrono::milliseconds length, std::string_view who) = 0;
  virtual void resume_clients(std::string_view who) = 0;
  /// Hands over to the process that asks on this connection (`reactord --take-over`), which is
  /// nobody's client any more once the replies of this turn are sent. `format` is the newest of a
  /// state that it can read. Why not, or "".
  [[nodiscard]] virtual std::string hand_over(std::uint64_t client, std::int64_t format,
                                              std::string_view who) = 0;
  /// Ends the daemon as SIGTERM does, once the replies of this turn are sent.
  virtual void shut_down(std::string_view who) = 0;
};

}  // namespace reactord
