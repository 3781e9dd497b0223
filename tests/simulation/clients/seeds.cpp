// SPDX-License-Identifier: MIT
#include "tests/simulation/clients/seeds.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <iterator>
#include <string_view>
#include <utility>

#include "tests/simulation/clients/login_personas.h"
#include "tests/simulation/clients/personas.h"
#include "tests/simulation/clients/proxy_personas.h"
#include "tests/simulation/clients/requests.h"
#include "tests/simulation/visitors/visitor_personas.h"

namespace simulation {

namespace {

bool limit_refuses(const Script& script) {
  return script.value_of("[limit]", "action") != "\"slow\"" &&
         !(script.value_of("[limit]", "request_rate") + script.value_of("[limit]", "byte_rate"))
              .empty();
}

void choose_clients(Script& script, Random& random) {
  const bool is_for_operators = !script.value_of("handlers.text", "mode").empty();
  const std::span<const Persona> all = personas();
  const std::int64_t count = random.chance(80) ? random.between(1, 12) : random.between(10, 40);
  const bool may_refuse = limit_refuses(script);
  for (int number = 1; number <= count; ++number) {
    const Persona& drawn = random.pick(all);
    // With a request that was refused, nobody knows what the next ones are answered.
    const Persona& persona = may_refuse && drawn.has_state ? all.front() : drawn;
    ClientPlan plan;
    plan.number = number;
    plan.persona = persona.name;
    plan.listener = persona.listener != nullptr ? persona.listener
                    : random.chance(20)         ? "unix"
                                                : "commands";
    plan.arrives = random.chance(60) ? random.between(0, 50) : random.between(0, 8000);
    plan.actions = persona.make(random);
    if (!script.value_of("limits", "max_frame").empty())
      std::erase_if(plan.actions, [](const Action& action) {
        return action.text.starts_with("ECHO y*") && action.text.size() > 11;
      });
    // A list of which the first element may be an error cannot be told from an error by lines.
    if (plan.persona == "transaction" && is_for_operators)
      for (Action& action : plan.actions)
        if (action.verb == Verb::ask_line) action.verb = Verb::ask_resp;
    script.clients.push_back(std::move(plan));
  }
}

std::string milliseconds(Random& random, std::int64_t least, std::int64_t most) {
  return fmt::format("\"{}ms\"", random.between(least, most));
}

void set(Script& script, const char* section, const char* key, const std::string& value) {
  script.settings.push_back({section, fmt::format("{} = {}", key, value)});
}

/// Rates by which all is served before a script's rest begins, with the longest pipelines.
void choose_request_limit(Script& script, Random& random) {
  constexpr const char* kActions[] = {"\"slow\"", "\"slow\"", "\"refuse\"", "\"close\""};
  set(script, "[limit]", "action", random.pick(kActions));
  const bool has_bytes = random.chance(50);
  if (has_bytes)
    set(script, "[limit]", "byte_rate", fmt::format("\"{}KiB/s\"", random.between(200, 2000)));
  if (has_bytes && random.chance(60)) return;
  set(script, "[limit]", "request_rate", fmt::format("\"{}/s\"", random.between(300, 3000)));
  if (random.chance(30))
    set(script, "[limit]", "request_burst", std::to_string(random.between(1, 50)));
}

void choose_connection_limit(Script& script, Random& random) {
  const bool has_rate = random.chance(50);
  if (has_rate)
    set(script, "[limit]", "connection_rate", fmt::format("\"{}/s\"", random.between(1, 20)));
  if (!has_rate || random.chance(40))
    set(script, "[limit]", "connections", std::to_string(random.between(1, 4)));
  set(script, "[limit]", "exempt", "[\"unix\"]");
}

void choose_limit(Script& script, Random& random) {
  set(script, "[limit]", "listeners", "[\"commands\"]");
  const bool has_connections = random.chance(40);
  if (has_connections) choose_connection_limit(script, random);
  if (!has_connections || random.chance(40)) choose_request_limit(script, random);
  if (random.chance(15)) set(script, "[limit]", "dry_run", "true");
}

void choose_settings(Script& script, Random& random) {
  set(script, "log", "level", random.chance(80) ? "\"debug\"" : "\"warning\"");
  set(script, "deadlines", "first_request", milliseconds(random, 3000, 8000));
  set(script, "deadlines", "frame", milliseconds(random, 3000, 8000));
  set(script, "deadlines", "write_stall", milliseconds(random, 3000, 8000));
  if (random.chance(30)) set(script, "deadlines", "idle", milliseconds(random, 3000, 9000));
  if (random.chance(30)) set(script, "deadlines", "linger", milliseconds(random, 20, 4000));
  if (random.chance(20))
    set(script, "server", "max_connections", std::to_string(random.between(1, 8)));
  if (random.chance(20)) set(script, "deadlines", "leave", milliseconds(random, 10, 4000));
  if (random.chance(20)) set(script, "server", "when_full", "\"wait\"");
  if (random.chance(15))
    set(script, "server", "max_connections_per_address", std::to_string(random.between(1, 4)));
  if (random.chance(40))
    set(script, "limits", "output_high_water", random.chance(50) ? "\"1KiB\"" : "\"20KiB\"");
  if (random.chance(15)) {
    set(script, "limits", "max_frame", "\"16KiB\"");
    set(script, "limits", "max_inline", "\"8KiB\"");
    set(script, "limits", "max_buffer_memory", "\"64KiB\"");
  }
  if (random.chance(25)) {
    set(script, "handlers.text", "mode", "\"operator\"");
    set(script, "handlers.text", "operator_timeout", milliseconds(random, 200, 5000));
  }
  if (random.chance(25)) choose_limit(script, random);
}

/// Which nothing meets but a restart.
constexpr std::string_view kFaultsOfRestarts[] = {"memory_fails", "passing_fails", "taking_fails",
                                                  "manager_fails"};

bool is_of_restarts(const std::string& name) {
  return std::ranges::find(kFaultsOfRestarts, name) != std::end(kFaultsOfRestarts);
}

void choose_faults(Script& script, Random& random) {
  for (const std::string& name : fault_names())
    if (!is_of_restarts(name) && random.chance(12))
      script.faults.emplace_back(name,
                                 name == "frozen" ? 1 : static_cast<int>(random.between(1, 30)));
  script.heal = random.between(1000, 15'000);
}

void choose_end(Script& script, Random& random) {
  for (std::int64_t i = random.chance(25) ? random.between(1, 3) : 0; i > 0; --i)
    script.signals.push_back({random.between(0, 10'000), random.chance(80) ? SIGHUP : SIGALRM});
  if (random.chance(30)) {
    script.stop = random.between(1, 8000);
    if (random.chance(20))
      script.signals.push_back({script.stop + random.between(0, 200), SIGTERM});
    return;
  }
  script.rest = 400'000;
  script.stop = script.rest + 100'000;
}

/// Some shortly behind one another. Numbers of its own: the other seeds stay as they were.
void choose_restarts(Script& script, Random random) {
  if (!random.chance(30)) return;
  const bool may_crash = random.chance(50);
  set(script, "server", "survive", may_crash ? "\"crash\"" : "\"restart\"");
  const std::int64_t end = std::min<std::int64_t>(script.stop + 200, 9000);
  std::int64_t at = random.between(0, end);
  for (std::int64_t i = random.between(1, 3); i > 0; --i) {
    script.signals.push_back({at, may_crash && random.chance(70) ? SIGKILL : SIGUSR2});
    at = random.chance(50) ? at + random.between(0, 400) : random.between(0, end);
  }
  for (const std::string_view name : kFaultsOfRestarts)
    if (random.chance(12))
      script.faults.emplace_back(name, static_cast<int>(random.between(1, 60)));
}

/// Of listeners that not every script has.
void add_clients(Script& script, Random& random, std::span<const Persona> all, std::int64_t count) {
  int number = static_cast<int>(script.clients.size());
  for (; count > 0; --count) {
    const Persona& persona = random.pick(all);
    const std::int64_t arrives =
        random.chance(50) ? random.between(0, 50) : random.between(0, 8000);
    script.clients.push_back(
        {++number, persona.name, persona.listener, arrives, persona.make(random)});
  }
}

/// The HTTP listener, and who comes to it.
void choose_visitors(Script& script, Random random) {
  if (!random.chance(25)) return;
  script.listeners.emplace_back("http");
  if (random.chance(35))
    set(script, "server", "max_http_connections", std::to_string(random.between(1, 6)));
  add_clients(script, random, visitor_personas(), random.between(1, 10));
}

/// The listener where one has to log in, and who comes to it.
void choose_members(Script& script, Random random) {
  if (!random.chance(20)) return;
  script.listeners.emplace_back("login");
  if (random.chance(70)) set(script, "deadlines", "login", milliseconds(random, 3000, 8000));
  if (random.chance(20))
    set(script, "server", "max_before_login", std::to_string(random.between(1, 12)));
  add_clients(script, random, login_personas(), random.between(1, 8));
}

/// The listener for proxies alone, and who comes through them.
void choose_proxied(Script& script, Random random) {
  if (!random.chance(20)) return;
  script.listeners.emplace_back("proxied");
  if (random.chance(70)) set(script, "deadlines", "handshake", milliseconds(random, 3000, 8000));
  if (random.chance(20))
    set(script, "server", "max_handshakes", std::to_string(random.between(1, 4)));
  add_clients(script, random, proxy_personas(), random.between(1, 8));
}

}  // namespace

Script script_of(std::uint64_t seed) {
  constexpr std::int64_t kBoots[] = {1,           1000, 2'147'480, 4'294'960, 2'147'483'640 / 1000,
                                     86'400 * 400};
  Random random = Random::branch(seed, 77);
  Script script;
  script.seed = seed;
  script.boot = random.pick(kBoots);
  choose_settings(script, random);
  choose_faults(script, random);
  choose_clients(script, random);
  choose_end(script, random);
  choose_restarts(script, Random::branch(seed, 78));
  choose_visitors(script, Random::branch(seed, 80));
  choose_members(script, Random::branch(seed, 81));
  choose_proxied(script, Random::branch(seed, 82));
  return script;
}

Script script_of_days(std::int64_t days) {
  constexpr std::int64_t kHour = 3'600'000;
  const std::int64_t end = days * 24 * kHour;
  Random random(60);
  Script script;
  script.seed = 60;
  set(script, "log", "level", "\"debug\"");
  set(script, "deadlines", "idle", "\"off\"");
  const std::span<const Persona> all = personas();
  int number = 0;
  for (std::int64_t at = 0; at < end; at += kHour * random.between(1, 6)) {
    const Persona& persona = random.pick(all);
    script.clients.push_back({++number, persona.name,
                              persona.listener != nullptr ? persona.listener : "commands", at,
                              persona.make(random)});
    // Nobody ends the daemon, or sends the others away.
    std::erase_if(script.clients.back().actions, [](const Action& action) {
      return action.text == "SHUTDOWN" || action.text == "DRAIN ON" ||
             action.text.starts_with("CLIENT KILL");
    });
    script.clients.back().actions.push_back({Verb::wait, kPatience});
    script.clients.back().actions.push_back({Verb::leave});
  }
  for (int i = 0; i < 3; ++i) {
    ClientPlan stays{++number, "ping_pong", "commands", i, {}};
    for (std::int64_t at = 0; at < end; at += 7 * kHour) {
      stays.actions.push_back({Verb::ask_resp, 1, exact_request(random)});
      stays.actions.push_back({Verb::send});
      stays.actions.push_back({Verb::await, kPatience});
      stays.actions.push_back({Verb::wait, 7 * kHour});
    }
    script.clients.push_back(std::move(stays));
  }
  script.rest = end + 24 * kHour;
  script.stop = script.rest + kHour;
  return script;
}

std::vector<std::string> all_features() {
  std::vector<std::string> features = fault_names();
  for (const Persona& persona : personas()) features.emplace_back(persona.name);
  for (const Persona& persona : visitor_personas()) features.emplace_back(persona.name);
  for (const Persona& persona : login_personas()) features.emplace_back(persona.name);
  for (const Persona& persona : proxy_personas()) features.emplace_back(persona.name);
  for (const char* setting :
       {"idle", "linger", "max_connections", "when_full", "max_connections_per_address",
        "output_high_water", "max_buffer_memory", "mode", "leave", "request_rate", "byte_rate",
        "connections", "connection_rate", "dry_run", "survive", "max_http_connections",
        "max_before_login", "max_handshakes"})
    features.emplace_back(setting);
  features.push_back(fmt::format("signal_{}", SIGHUP));
  features.push_back(fmt::format("signal_{}", SIGTERM));
  features.push_back(fmt::format("signal_{}", SIGUSR2));
  features.push_back(fmt::format("signal_{}", SIGKILL));
  return features;
}

}  // namespace simulation
