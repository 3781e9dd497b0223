// SPDX-License-Identifier: MIT
// The daemon as handlers see it: its clients, settings, statistics and timers. Implemented by the
// daemon and by the tests' fake; a handler never sees a connection, a socket or the loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"
#include "daemon/interface/command_spec.h"

namespace reactord {

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
  std::string last_command;    ///< "client|list"; "NULL" before the first, as in Redis
};

struct InfoField {
  std::string name;
  std::string value;
};

/// A one-shot timer; destroying it cancels it. Its own callback may destroy it.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer() = default;
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

  // The daemon itself. `who` asks, for the log: "127.0.0.1:50000 (client 7)".
  /// The level of the log in force: "info".
  [[nodiscard]] virtual std::string log_level() const = 0;
  /// Changes it until it is changed here or in the file, or the process ends. The problem, or "".
  [[nodiscard]] virtual std::string set_log_level(std::string_view level, std::string_view who) = 0;
  /// Loads the configuration again, as SIGHUP does, and says later what became of it.
  virtual void reload(std::string_view who, std::function<void(const ReloadOutcome&)> answer) = 0;
  /// Whether new clients are refused; and from now on. Who is connected stays.
  [[nodiscard]] virtual bool is_draining() const = 0;
  virtual void set_draining(bool is_draining, std::string_view who) = 0;
  /// Ends the daemon as SIGTERM does, once the replies of this turn are sent.
  virtual void shut_down(std::string_view who) = 0;
};

}  // namespace reactord
