// SPDX-License-Identifier: MIT
#include "tests/simulation/clients/personas.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <iterator>

namespace simulation {

namespace {

using Plan = std::vector<Action>;

void add(Plan& plan, Verb verb, std::int64_t number = 0, std::string text = {}) {
  plan.push_back({verb, number, std::move(text)});
}

/// Long enough for whatever a daemon that stands still for a while has to do.
constexpr std::int64_t kPatience = 200'000;

std::string number_text(Random& random) {
  return fmt::format("{}{}.{}", random.chance(20) ? "-" : "", random.below(1000),
                     random.between(1, 99));
}

/// A request whose reply is known to the byte.
std::string exact_request(Random& random) {
  switch (random.below(6)) {
    case 0:
      return "PING";
    case 1:
      return fmt::format("PING m{}", random.below(1000));
    case 2:
      return fmt::format("ECHO e{}", random.below(1000));
    case 3:
      return fmt::format("TEXT t{}", random.below(1000));
    default:
      return "CEIL " + number_text(random);
  }
}

std::string any_request(Random& random) {
  switch (random.below(12)) {
    case 0:
      return "NOSUCH thing";
    case 1:
      return "CEIL";
    case 2:
      return "CEIL x";
    case 3:
      return "CLIENT ID";
    case 4:
      return fmt::format("ECHO x*{}", random.between(100, 3000));
    default:
      return exact_request(random);
  }
}

Verb either_way(Random& random) {
  return random.chance(60) ? Verb::ask_resp : Verb::ask_line;
}

void ask_some(Plan& plan, Random& random, int most) {
  const Verb verb = either_way(random);
  for (std::int64_t i = random.between(1, most); i > 0; --i)
    add(plan, verb, random.chance(10) ? random.between(2, 60) : 1, any_request(random));
}

Plan pipeliner(Random& random) {
  Plan plan;
  for (std::int64_t i = random.between(1, 4); i > 0; --i) {
    ask_some(plan, random, 20);
    add(plan, Verb::ask_resp, random.between(1, 300), exact_request(random));
    add(plan, Verb::send);
    add(plan, Verb::await, kPatience);
  }
  if (random.chance(50)) add(plan, Verb::leave);
  return plan;
}

Plan ping_pong(Random& random) {
  Plan plan;
  const Verb verb = either_way(random);
  for (std::int64_t i = random.between(2, 15); i > 0; --i) {
    add(plan, verb, 1, any_request(random));
    add(plan, Verb::send);
    add(plan, Verb::await, kPatience);
    if (random.chance(50)) add(plan, Verb::wait, random.between(1, 400));
  }
  if (random.chance(30)) add(plan, Verb::leave);
  return plan;
}

Plan half_closer(Random& random) {
  Plan plan;
  ask_some(plan, random, 30);
  add(plan, Verb::ask_resp, random.between(1, 200), exact_request(random));
  add(plan, Verb::send);
  add(plan, Verb::finish);
  return plan;
}

Plan slow_reader(Random& random) {
  Plan plan;
  add(plan, Verb::stop_reading);
  // Long ones are echoed from where they lie in the input.
  if (random.chance(30))
    add(plan, Verb::ask_resp, random.between(1, 8),
        fmt::format("ECHO y*{}", random.between(16'000, 40'000)));
  else
    add(plan, Verb::ask_resp, random.between(5, 60),
        fmt::format("ECHO y*{}", random.between(10, 9000)));
  add(plan, Verb::send);
  add(plan, Verb::wait, random.between(1, 500));
  if (random.chance(30)) add(plan, Verb::read_slowly, random.between(500, 4000));
  if (random.chance(30)) add(plan, Verb::wait, random.between(1, 300));
  add(plan, Verb::read_on);
  add(plan, Verb::await, kPatience);
  return plan;
}

Plan never_reader(Random& random) {
  Plan plan;
  add(plan, Verb::stop_reading);
  add(plan, Verb::ask_resp, random.between(200, 500),
      fmt::format("ECHO z*{}", random.between(3000, 9000)));
  add(plan, Verb::send);
  return plan;
}

Plan trickler(Random& random) {
  Plan plan;
  ask_some(plan, random, 5);
  add(plan, Verb::trickle, random.between(1, 40));
  add(plan, Verb::await, kPatience);
  if (random.chance(30)) add(plan, Verb::finish);
  return plan;
}

/// Longer for a request than deadlines.frame allows.
Plan dawdler(Random& random) {
  Plan plan;
  if (random.chance(50)) add(plan, Verb::ask_resp, 2, "PING"), add(plan, Verb::send);
  add(plan, Verb::ask_resp, 1, fmt::format("ECHO w*{}", random.between(60, 120)));
  add(plan, Verb::trickle, random.between(600, 1500));
  return plan;
}

Plan half_frame(Random& random) {
  Plan plan;
  if (random.chance(50)) {
    ask_some(plan, random, 5);
    add(plan, Verb::send);
  }
  add(plan, Verb::ask_resp, 1, exact_request(random));
  add(plan, Verb::send, random.between(1, 12));
  if (random.chance(30)) add(plan, Verb::finish);
  return plan;
}

Plan silent(Random&) {
  return {};
}

Plan transaction(Random& random) {
  Plan plan;
  const Verb verb = either_way(random);
  for (std::int64_t i = random.between(1, 4); i > 0; --i) {
    add(plan, verb, 1, "MULTI");
    for (std::int64_t n = random.between(0, 8); n > 0; --n)
      add(plan, verb, 1, exact_request(random));
    if (random.chance(20)) add(plan, Verb::send);
    add(plan, verb, 1, random.chance(80) ? "EXEC" : "DISCARD");
    ask_some(plan, random, 3);
    add(plan, Verb::send);
    if (random.chance(60)) add(plan, Verb::await, kPatience);
  }
  if (random.chance(30)) add(plan, Verb::ask_resp, 1, "EXEC"), add(plan, Verb::send);
  return plan;
}

Plan liner(Random& random) {
  Plan plan;
  for (std::int64_t i = random.between(1, 20); i > 0; --i) {
    add(plan, Verb::ask_line, 1, fmt::format("line {} of text", random.below(100)));
    if (random.chance(40)) add(plan, Verb::send);
  }
  add(plan, Verb::send);
  if (random.chance(40)) add(plan, Verb::finish);
  return plan;
}

Plan chunker(Random& random) {
  Plan plan;
  for (std::int64_t i = random.between(1, 8); i > 0; --i) {
    add(plan, Verb::ask_line, 1, fmt::format("{}.5", random.below(9)));
    add(plan, Verb::send);
    add(plan, Verb::await, kPatience);
  }
  return plan;
}

Plan resetter(Random& random) {
  Plan plan;
  ask_some(plan, random, 30);
  add(plan, Verb::send);
  if (random.chance(60)) add(plan, Verb::wait, random.between(0, 30));
  constexpr Verb kEnds[] = {Verb::reset, Verb::leave, Verb::vanish};
  add(plan, random.pick(kEnds));
  return plan;
}

Plan abuser(Random& random) {
  constexpr const char* kAbuses[] = {
      "*1\\r\\n$x\\r\\n",       "*x\\r\\n",          "*1\\r\\n:1\\r\\n",
      "*1\\r\\n$4\\r\\nPINGxx", "*2147483648\\r\\n", "*1\\r\\n$-1\\r\\n",
  };
  Plan plan;
  add(plan, Verb::ask_resp, random.between(1, 40), exact_request(random));
  add(plan, Verb::bytes, 0, random.pick(kAbuses));
  if (random.chance(50)) add(plan, Verb::ask_resp, 5, "PING");
  add(plan, Verb::send);
  return plan;
}

Plan foreigner(Random&) {
  Plan plan;
  add(plan, Verb::bytes, 0, "GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n");
  add(plan, Verb::send);
  return plan;
}

Plan talker(Random& random) {
  constexpr const char* kTalk[] = {"COMMAND DOCS", "INFO", "COMMAND COUNT", "CLIENT LIST",
                                   "COMMAND",      "HELP", "CONFIG GET *",  "CLIENT SETNAME me"};
  Plan plan;
  if (random.chance(60)) add(plan, Verb::ask_resp, 1, "HELLO 3");
  const Verb verb = either_way(random);
  for (std::int64_t i = random.between(1, 6); i > 0; --i) {
    add(plan, verb, 1, random.pick(kTalk));
    add(plan, verb, 1, exact_request(random));
    if (random.chance(50)) add(plan, Verb::send);
  }
  if (random.chance(20)) add(plan, verb, 1, "RESET");
  add(plan, Verb::send);
  if (random.chance(50)) add(plan, Verb::finish);
  return plan;
}

Plan quitter(Random& random) {
  Plan plan;
  ask_some(plan, random, 10);
  add(plan, either_way(random), 1, "QUIT");
  add(plan, Verb::ask_resp, random.between(1, 50), "PING");
  add(plan, Verb::send);
  return plan;
}

Plan muter(Random& random) {
  Plan plan;
  for (std::int64_t i = random.between(1, 10); i > 0; --i) {
    constexpr const char* kModes[] = {"ON", "OFF", "SKIP"};
    add(plan, Verb::ask_resp, 1, fmt::format("CLIENT REPLY {}", random.pick(kModes)));
    add(plan, Verb::ask_resp, random.between(1, 3), any_request(random));
    if (random.chance(30)) add(plan, Verb::send);
  }
  add(plan, Verb::ask_resp, 1, "CLIENT REPLY ON");
  add(plan, Verb::send);
  return plan;
}

Plan admin(Random& random) {
  constexpr const char* kDuties[] = {"INFO",
                                     "CLIENT LIST",
                                     "RELOAD",
                                     "DRAIN ON",
                                     "DRAIN OFF",
                                     "DRAIN",
                                     "LOG LEVEL",
                                     "LOG LEVEL debug",
                                     "CONFIG GET *",
                                     "OPERATOR LIST",
                                     "CLIENT KILL TYPE normal",
                                     "PING"};
  Plan plan;
  for (std::int64_t i = random.between(1, 8); i > 0; --i) {
    add(plan, Verb::ask_resp, 1, random.pick(kDuties));
    add(plan, Verb::send);
    add(plan, Verb::await, kPatience);
    add(plan, Verb::wait, random.between(1, 500));
  }
  if (random.chance(4)) add(plan, Verb::ask_resp, 1, "SHUTDOWN"), add(plan, Verb::send);
  return plan;
}

Plan person(Random& random) {
  Plan plan;
  add(plan, Verb::ask_resp, 1, "HELLO 3");
  add(plan, Verb::ask_resp, 1, "OPERATOR JOIN me");
  add(plan, Verb::send);
  add(plan, Verb::answer, random.between(500, 30'000));
  add(plan, Verb::leave);
  return plan;
}

struct Persona {
  const char* name;
  Plan (*make)(Random&);
  const char* listener;  ///< none: commands, by either kind of socket
};

constexpr Persona kPersonas[] = {
    {"pipeliner", pipeliner, nullptr},
    {"ping_pong", ping_pong, nullptr},
    {"half_closer", half_closer, nullptr},
    {"slow_reader", slow_reader, nullptr},
    {"never_reader", never_reader, nullptr},
    {"trickler", trickler, nullptr},
    {"dawdler", dawdler, nullptr},
    {"half_frame", half_frame, nullptr},
    {"silent", silent, nullptr},
    {"transaction", transaction, nullptr},
    {"liner", liner, "lines"},
    {"chunker", chunker, "chunks"},
    {"resetter", resetter, nullptr},
    {"abuser", abuser, nullptr},
    {"foreigner", foreigner, nullptr},
    {"talker", talker, nullptr},
    {"quitter", quitter, nullptr},
    {"muter", muter, nullptr},
    {"admin", admin, "admin"},
    {"person", person, "admin"},
};

void choose_clients(Script& script, Random& random) {
  const bool is_for_operators = !script.value_of("handlers.text", "mode").empty();
  const std::int64_t count = random.chance(80) ? random.between(1, 12) : random.between(10, 40);
  for (int number = 1; number <= count; ++number) {
    const Persona& persona = random.pick(kPersonas);
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

void choose_settings(Script& script, Random& random) {
  set(script, "log", "level", random.chance(80) ? "\"debug\"" : "\"warning\"");
  set(script, "deadlines", "first_request", milliseconds(random, 3000, 8000));
  set(script, "deadlines", "frame", milliseconds(random, 3000, 8000));
  set(script, "deadlines", "write_stall", milliseconds(random, 3000, 8000));
  if (random.chance(30)) set(script, "deadlines", "idle", milliseconds(random, 3000, 9000));
  if (random.chance(30)) set(script, "deadlines", "linger", milliseconds(random, 20, 4000));
  if (random.chance(20))
    set(script, "server", "max_connections", std::to_string(random.between(1, 8)));
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
}

void choose_faults(Script& script, Random& random) {
  for (const std::string& name : fault_names())
    if (random.chance(12))
      script.faults.emplace_back(name,
                                 name == "frozen" ? 1 : static_cast<int>(random.between(1, 30)));
  script.heal = random.between(1000, 15'000);
}

void choose_end(Script& script, Random& random) {
  for (std::int64_t i = random.chance(25) ? random.between(1, 3) : 0; i > 0; --i)
    script.signals.push_back({random.between(0, 10'000), random.chance(80) ? SIGHUP : SIGUSR1});
  if (random.chance(30)) {
    script.stop = random.between(1, 8000);
    if (random.chance(20))
      script.signals.push_back({script.stop + random.between(0, 200), SIGTERM});
    return;
  }
  script.rest = 400'000;
  script.stop = script.rest + 100'000;
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
  int number = 0;
  for (std::int64_t at = 0; at < end; at += kHour * random.between(1, 6)) {
    const Persona& persona = random.pick(kPersonas);
    script.clients.push_back({++number, persona.name,
                              persona.listener != nullptr ? persona.listener : "commands", at,
                              persona.make(random)});
    // Nobody ends the daemon, or sends the others away.
    std::erase_if(script.clients.back().actions, [](const Action& action) {
      return action.text == "SHUTDOWN" || action.text == "DRAIN ON" ||
             action.text.starts_with("CLIENT KILL");
    });
    add(script.clients.back().actions, Verb::wait, kPatience);
    add(script.clients.back().actions, Verb::leave);
  }
  for (int i = 0; i < 3; ++i) {
    ClientPlan stays{++number, "ping_pong", "commands", i, {}};
    for (std::int64_t at = 0; at < end; at += 7 * kHour) {
      add(stays.actions, Verb::ask_resp, 1, exact_request(random));
      add(stays.actions, Verb::send);
      add(stays.actions, Verb::await, kPatience);
      add(stays.actions, Verb::wait, 7 * kHour);
    }
    script.clients.push_back(std::move(stays));
  }
  script.rest = end + 24 * kHour;
  script.stop = script.rest + kHour;
  return script;
}

std::vector<std::string> all_features() {
  std::vector<std::string> features = fault_names();
  for (const Persona& persona : kPersonas) features.emplace_back(persona.name);
  for (const char* setting :
       {"idle", "linger", "max_connections", "when_full", "max_connections_per_address",
        "output_high_water", "max_buffer_memory", "mode"})
    features.emplace_back(setting);
  features.push_back(fmt::format("signal_{}", SIGHUP));
  features.push_back(fmt::format("signal_{}", SIGTERM));
  return features;
}

}  // namespace simulation
