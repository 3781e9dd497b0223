// SPDX-License-Identifier: MIT
#include "tests/simulation/clients/login_personas.h"

#include <string>
#include <utility>

#include "tests/simulation/clients/requests.h"

namespace simulation {

namespace {

constexpr const char* kLogins[] = {"AUTH ann ann-token", "AUTH ben slow-password",
                                   "AUTH eve eve-token"};
/// Of those whose connections nobody counts.
constexpr const char* kFreeLogins[] = {"AUTH ben slow-password", "AUTH eve eve-token",
                                       "HELLO 3 AUTH eve eve-token"};
constexpr const char* kGuesses[] = {"AUTH ann wrong", "AUTH ben ann-token", "AUTH nobody x",
                                    "AUTH x", "HELLO 3 AUTH eve wrong"};

void add(Plan& plan, Verb verb, std::int64_t number = 0, std::string text = {}) {
  plan.push_back({verb, number, std::move(text)});
}

void ask(Plan& plan, std::string text) {
  add(plan, Verb::ask_resp, 1, std::move(text));
}

void await(Plan& plan) {
  add(plan, Verb::send);
  add(plan, Verb::await, kPatience);
}

void work(Plan& plan, Random& random) {
  for (std::int64_t i = random.between(1, 8); i > 0; --i) ask(plan, any_request(random));
  await(plan);
}

/// Some log out again, and come back.
Plan member(Random& random) {
  Plan plan;
  for (std::int64_t i = random.between(1, 3); i > 0; --i) {
    if (random.chance(20)) add(plan, Verb::wait, random.between(1, 9000));
    ask(plan, random.pick(kLogins));
    await(plan);
    work(plan, random);
    if (i > 1) ask(plan, "RESET"), work(plan, random);
  }
  if (random.chance(50)) add(plan, Verb::leave);
  return plan;
}

/// All at once, as client libraries do.
Plan hasty_member(Random& random) {
  Plan plan;
  ask(plan, random.pick(kFreeLogins));
  add(plan, Verb::ask_resp, random.between(1, 30), exact_request(random));
  work(plan, random);
  if (random.chance(30)) add(plan, Verb::ask_resp, 1, "QUIT"), add(plan, Verb::send);
  return plan;
}

Plan guesser(Random& random) {
  Plan plan;
  const bool is_patient = random.chance(60);
  for (std::int64_t i = random.between(1, 6); i > 0; --i) {
    ask(plan, random.pick(kGuesses));
    if (is_patient) await(plan);
  }
  add(plan, Verb::send);
  if (random.chance(40)) ask(plan, random.pick(kFreeLogins)), work(plan, random);
  if (random.chance(30)) add(plan, Verb::wait, random.between(1, 600));
  if (random.chance(30)) add(plan, random.chance(50) ? Verb::reset : Verb::leave);
  return plan;
}

/// Never logs in.
Plan outsider(Random& random) {
  Plan plan;
  if (random.chance(30)) ask(plan, "HELLO 3");
  for (std::int64_t i = random.between(0, 4); i > 0; --i) ask(plan, any_request(random));
  await(plan);
  if (random.chance(40)) add(plan, Verb::wait, random.between(1, 3000)), work(plan, random);
  return plan;
}

constexpr Persona kPersonas[] = {
    {"member", member, "login", true},
    {"hasty_member", hasty_member, "login", true},
    {"guesser", guesser, "login", true},
    {"outsider", outsider, "login", true},
};

}  // namespace

std::span<const Persona> login_personas() {
  return kPersonas;
}

}  // namespace simulation
