// SPDX-License-Identifier: MIT
// What happens in one simulation, as text that can be read, kept and shortened: the configuration,
// the clients with what each does, the faults, the signals. A line each; times are milliseconds.
//
//   seed 42                                 the kernel's numbers, and each client's
//   boot 2147480                            seconds since the machine was started
//   listener http                           one that not every script has (listeners.h)
//   config limits max_inline = "1KiB"
//   fault interrupted 10                    percent; until `heal`
//   heal 20000
//   client 1 pipeliner commands 5           who, as what, at which listener, from when on
//     ask resp 100 PING x                   100 requests for `send`
//     send 0                                all of them at once
//   signal 30000 15
//   rest 90000                              by now everybody is served, or gone; 0: not looked at
//   stop 150000                             SIGTERM
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/kernel/kernel.h"

namespace simulation {

// X(name, does it have a number, does it have a text)
#define SIMULATION_VERBS(X)                                                                 \
  X(ask_resp, true, true)     /* so many requests as arrays; the words of one            */ \
  X(ask_line, true, true)     /* the same as lines                                       */ \
  X(ask_http, true, true)     /* the same by HTTP: a method, a path, header fields       */ \
  X(bytes, false, true)       /* what is no request, escaped                             */ \
  X(proxy_header, true, true) /* 1: it is right; whom it names, or "-", and its bytes */    \
  X(send, true, false)        /* so many bytes of what was asked; 0: all                 */ \
  X(trickle, true, false)     /* all of it, a few bytes at a time, with such a pause     */ \
  X(urgent, false, false)     /* all of it, the last byte marked as urgent               */ \
  X(wait, true, false)                                                                      \
  X(await, true, false) /* all replies, so long at most                            */       \
  X(stop_reading, false, false)                                                             \
  X(read_on, false, false)                                                                  \
  X(read_slowly, true, false) /* so many bytes every 10 ms                               */ \
  X(finish, false, false)     /* FIN; it goes on reading                                 */ \
  X(leave, false, false)      /* closes, whatever is still to come                       */ \
  X(reset, false, false)      /* RST                                                     */ \
  X(vanish, false, false)     /* its cable is pulled                                     */ \
  X(answer, true, false)      /* messages that are pushed to it, so long (an operator)   */

enum class Verb : std::uint8_t {
#define SIMULATION_VERB(name, has_number, has_text) name,
  SIMULATION_VERBS(SIMULATION_VERB)
#undef SIMULATION_VERB
};

struct Action {
  Verb verb;
  std::int64_t number = 0;
  std::string text = {};
};

struct ClientPlan {
  int number = 0;
  std::string persona;
  std::string listener;
  std::int64_t arrives = 0;
  std::vector<Action> actions;
};

struct SignalPlan {
  std::int64_t at = 0;
  int signal = 0;
};

struct Setting {
  std::string section;
  std::string line;
};

struct Script {
  std::uint64_t seed = 1;
  std::int64_t boot = 1000;
  std::vector<std::string> listeners;  ///< beside those of all scripts
  std::vector<Setting> settings;
  std::vector<std::pair<std::string, int>> faults;
  std::int64_t heal = 0;
  std::vector<ClientPlan> clients;
  std::vector<SignalPlan> signals;
  std::int64_t rest = 0;
  std::int64_t stop = 0;

  [[nodiscard]] std::string text() const;
  /// The problem is thrown as std::runtime_error: it names the line.
  [[nodiscard]] static Script parse(std::string_view text);
  /// The daemon's configuration file.
  [[nodiscard]] std::string config_text() const;
  /// What it combines: personas, settings, faults, kinds of stop.
  [[nodiscard]] std::vector<std::string> features() const;
  [[nodiscard]] bool has_listener(std::string_view name) const;
  /// The value of a setting, as it is written; empty if it is not there.
  [[nodiscard]] std::string value_of(std::string_view section, std::string_view key) const;
};

/// The fault of that name; null if there is none.
[[nodiscard]] int* find_fault(Faults& faults, std::string_view name);
[[nodiscard]] std::vector<std::string> fault_names();

}  // namespace simulation
