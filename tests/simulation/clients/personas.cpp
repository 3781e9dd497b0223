// SPDX-License-Identifier: MIT
#include "tests/simulation/clients/personas.h"

#include <fmt/format.h>

#include <utility>

#include "tests/simulation/clients/requests.h"

namespace simulation {

namespace {

void add(Plan& plan, Verb verb, std::int64_t number = 0, std::string text = {}) {
  plan.push_back({verb, number, std::move(text)});
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

/// More than a turn takes, of what is sent from where it was received.
Plan echoer(Random& random) {
  Plan plan;
  add(plan, Verb::ask_resp, random.between(6, 30),
      fmt::format("ECHO y*{}", random.between(16'000, 40'000)));
  if (random.chance(50)) add(plan, Verb::ask_resp, random.between(1, 200), exact_request(random));
  add(plan, Verb::send);
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
                                     "CLIENT PAUSE 400",
                                     "CLIENT UNPAUSE",
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

constexpr Persona kPersonas[] = {
    {"pipeliner", pipeliner, nullptr, false},
    {"ping_pong", ping_pong, nullptr, false},
    {"half_closer", half_closer, nullptr, false},
    {"slow_reader", slow_reader, nullptr, false},
    {"echoer", echoer, nullptr, false},
    {"never_reader", never_reader, nullptr, false},
    {"trickler", trickler, nullptr, false},
    {"dawdler", dawdler, nullptr, false},
    {"half_frame", half_frame, nullptr, false},
    {"silent", silent, nullptr, false},
    {"transaction", transaction, nullptr, true},
    {"liner", liner, "lines", false},
    {"chunker", chunker, "chunks", false},
    {"resetter", resetter, nullptr, false},
    {"abuser", abuser, nullptr, false},
    {"foreigner", foreigner, nullptr, false},
    {"talker", talker, nullptr, true},
    {"quitter", quitter, nullptr, true},
    {"muter", muter, nullptr, true},
    {"admin", admin, "admin", false},
    {"person", person, "admin", false},
};

}  // namespace

std::span<const Persona> personas() {
  return kPersonas;
}

}  // namespace simulation
