// SPDX-License-Identifier: MIT
// What the model knows of the simulation beside single clients: the settings that are in force,
// what has been done to the daemon, and what its log has told.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tests/simulation/daemon.h"
#include "tests/simulation/kernel/kernel.h"
#include "tests/simulation/script/script.h"

namespace simulation {

/// What becomes of requests beyond a [[limit]]; `nothing` where none limits them.
enum class BeyondLimit : std::uint8_t { nothing, refused, slowed, closed };

/// As the configuration has them; 0: off.
struct Rules {
  Moment first_request{std::chrono::seconds(60)};
  Moment frame{std::chrono::seconds(30)};
  Moment idle{0};
  Moment write_stall{std::chrono::seconds(30)};
  Moment leave{0};
  Moment drain{std::chrono::seconds(10)};
  Moment linger{std::chrono::seconds(2)};
  std::int64_t max_connections = 10'000;
  std::int64_t per_address = 0;
  BeyondLimit beyond_limit = BeyondLimit::nothing;  ///< of the listener "commands"
  std::int64_t limited_connections = 0;
  bool has_connection_rate = false;
  std::int64_t request_rate = 0;  ///< a second; 0: none
  std::int64_t request_burst = 0;
  Moment handshake{std::chrono::seconds(10)};
  bool are_handshakes_few = false;  ///< max_handshakes may be reached
  Moment login{std::chrono::seconds(10)};
  std::int64_t max_before_login = 1000;
  int connections_of_user = 2;  ///< by the [[limit]] of the listener "login"
  bool is_memory_short = false;
  bool is_text_for_operators = false;
  int max_visitors = 32;  ///< of HTTP
  bool are_visitors_few = false;
};
[[nodiscard]] Rules rules_of(const Script& script);

/// What one client, by its address, was answered in a time.
struct Served {
  std::int64_t count = 0;
  Moment since{0};
};

class World {
 public:
  World(Kernel& simulated, const Script& played)
      : kernel(simulated),
        script(played),
        rules(rules_of(played)),
        is_restart_at_risk_(is_restart_at_risk()) {}

  [[nodiscard]] Moment now() const { return kernel.timeline.now(); }
  [[nodiscard]] bool is_stopping() const { return stopping_since.has_value(); }
  [[nodiscard]] bool has_fault(std::string_view name) const;
  /// Somebody tells the daemon to stop. It goes on as ever for deadlines.leave, unless DRAIN has
  /// sent clients elsewhere already, or it is told again.
  void tell_to_stop();
  /// Somebody restarts it: until the next process serves.
  void tell_to_restart();
  void note_serving();
  /// It was killed, and another one is started.
  void note_killed();
  [[nodiscard]] bool is_restarting() const { return is_restarting_; }
  /// Whoever is handed over may be lost where a call fails that it depends on.
  [[nodiscard]] bool may_lose_at_restart() const { return has_restarted && is_restart_at_risk_; }
  /// Standing still for a while makes the daemon late, whatever it does.
  [[nodiscard]] bool may_be_late() const { return has_fault("frozen"); }

  Kernel& kernel;
  const Script& script;
  Rules rules;
  DaemonView daemon;
  std::optional<Moment> stopping_since;
  std::function<void()> on_stop;
  std::optional<Moment> told_to_stop_at;  ///< by a signal
  int times_told_to_stop = 0;             ///< by a signal or SHUTDOWN: the second ends it at once
  bool has_restarted = false;
  bool has_crashed = false;
  Moment served_since{0};          ///< by this process
  bool has_killed = false;         ///< CLIENT KILL was sent by somebody
  bool has_drain_expired = false;  ///< while somebody was slow (play.cpp)
  bool has_drained = false;        ///< DRAIN was
  int clients_that_came = 0;       ///< and have not gone, as they see it
  int most_clients = 0;
  std::map<std::uint32_t, Served> served{};
  std::map<std::string, int, std::less<>> logins{};  ///< of each user, that were asked for
  int logouts = 0;                                   ///< likewise, by RESET
  int visitors = 0;                                  ///< of HTTP, those that connect included
  int most_visitors = 0;
  std::map<std::uint32_t, int> from_address{};  ///< now, those that connect included
  std::map<std::uint32_t, int> most_from_address{};

 private:
  void note_stop();
  [[nodiscard]] bool is_restart_at_risk() const;

  bool is_restarting_ = false;
  bool is_restart_at_risk_;
};

}  // namespace simulation
