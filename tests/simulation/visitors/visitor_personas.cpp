// SPDX-License-Identifier: MIT
#include "tests/simulation/visitors/visitor_personas.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace simulation {

namespace {

constexpr const char* kOpenMetrics = "GET /metrics Accept=application/openmetrics-text";

void add(Plan& plan, Verb verb, std::int64_t number = 0, std::string text = {}) {
  plan.push_back({verb, number, std::move(text)});
}

void ask(Plan& plan, std::string text, std::int64_t times = 1) {
  add(plan, Verb::ask_http, times, std::move(text));
}

/// Of one request by one field, of two by the other.
constexpr const char* kTwoLengths =
    "GET /metrics HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Length: 4\\r\\n"
    "Transfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\nGET /healthz HTTP/1.1\\r\\n\\r\\n";

/// Whole, or in pieces.
void send(Plan& plan, Random& random) {
  if (random.chance(30)) return add(plan, Verb::trickle, random.between(1, 30));
  add(plan, Verb::send);
}

const char* scrape(Random& random) {
  constexpr const char* kScrapes[] = {"GET /metrics", kOpenMetrics, "HEAD /metrics",
                                      "GET /metrics HTTP/1.0 Connection=keep-alive"};
  return random.pick(kScrapes);
}

/// One that stays is cut once it has been silent for long.
Plan scraper(Random& random) {
  Plan plan;
  for (std::int64_t i = random.between(1, 5); i > 0; --i) {
    ask(plan, scrape(random));
    send(plan, random);
    add(plan, Verb::await, kPatience);
    add(plan, Verb::wait, random.between(1, 8000));
  }
  if (random.chance(30)) ask(plan, "GET /metrics Connection=close"), send(plan, random);
  if (random.chance(30)) ask(plan, "GET /metrics HTTP/1.0 -Host"), send(plan, random);
  if (random.chance(50)) add(plan, Verb::leave);
  return plan;
}

/// Some for longer than a single question may take.
Plan prober(Random& random) {
  Plan plan;
  const std::int64_t pause =
      random.chance(20) ? random.between(9000, 20'000) : random.between(200, 2000);
  for (std::int64_t i = random.between(4, 10); i > 0; --i) {
    ask(plan, random.chance(70) ? "GET /readyz" : "GET /healthz");
    add(plan, Verb::send);
    add(plan, Verb::await, kPatience);
    add(plan, Verb::wait, pause);
  }
  if (random.chance(50)) add(plan, Verb::leave);
  return plan;
}

Plan queuer(Random& random) {
  Plan plan;
  for (std::int64_t i = random.between(1, 4); i > 0; --i) {
    ask(plan, scrape(random), random.between(1, 4));
    ask(plan, "GET /readyz", random.between(1, 20));
    ask(plan, random.chance(50) ? "GET /nowhere" : "HEAD /healthz");
  }
  if (random.chance(30)) ask(plan, "GET /healthz Connection=close"), ask(plan, "GET /healthz", 3);
  send(plan, random);
  add(plan, Verb::await, kPatience);
  return plan;
}

Plan watcher(Random& random) {
  Plan plan;
  ask(plan, "GET /api/live");
  send(plan, random);
  add(plan, Verb::wait, random.between(100, 15'000));
  if (random.chance(30)) {
    add(plan, Verb::stop_reading);
    add(plan, Verb::wait, random.between(100, 20'000));
    add(plan, Verb::read_on);
    add(plan, Verb::wait, random.between(100, 5000));
  }
  constexpr Verb kEnds[] = {Verb::leave, Verb::leave, Verb::reset, Verb::vanish};
  add(plan, random.pick(kEnds));
  return plan;
}

Plan page_reader(Random& random) {
  constexpr const char* kPages[] = {"GET /",           "GET /api/state",   "GET /api/config",
                                    "HEAD /",          "GET /api/clients", "GET /api/commands",
                                    "GET /api/slowlog"};
  Plan plan;
  ask(plan, random.pick(kPages));
  send(plan, random);
  add(plan, Verb::await, kPatience);
  return plan;
}

Plan deaf_visitor(Random& random) {
  Plan plan;
  add(plan, Verb::stop_reading);
  if (random.chance(40))
    ask(plan, "GET /api/live");
  else
    ask(plan, scrape(random), random.between(1, 40));
  add(plan, Verb::send);
  return plan;
}

/// Half a question, or one that is not done in time.
Plan dawdling_visitor(Random& random) {
  Plan plan;
  if (random.chance(30)) ask(plan, "GET /healthz"), add(plan, Verb::send);
  ask(plan, fmt::format("GET /metrics X=w*{}", random.between(200, 400)));
  random.chance(50) ? add(plan, Verb::send, random.between(1, 60))
                    : add(plan, Verb::trickle, random.between(1200, 4000));
  return plan;
}

Plan silent_visitor(Random&) {
  return {};
}

Plan parting_visitor(Random& random) {
  Plan plan;
  ask(plan, scrape(random), random.between(1, 3));
  send(plan, random);
  if (random.chance(50)) add(plan, Verb::await, kPatience);
  constexpr Verb kEnds[] = {Verb::finish, Verb::finish, Verb::leave, Verb::reset, Verb::vanish};
  add(plan, random.pick(kEnds));
  return plan;
}

/// Asks what must be refused, and is told so.
Plan stranger(Random& random) {
  constexpr const char* kRefused[] = {"GET /metrics Host=evil.example",
                                      "GET /api/state Host=127.0.0.1 Host=evil.example",
                                      "GET /healthz Host=127.0.0.1 Host=127.0.0.1",
                                      "GET /metrics -Host",
                                      "POST /metrics",
                                      "DELETE /",
                                      "GET /api/config Origin=http://evil.example",
                                      "GET /api/live Sec-Fetch-Site=cross-site",
                                      "GET /etc/passwd",
                                      "GET /api/nothing"};
  Plan plan;
  ask(plan, random.pick(kRefused));
  send(plan, random);
  add(plan, Verb::await, kPatience);
  return plan;
}

Plan smuggler(Random& random) {
  constexpr const char* kNonsense[] = {
      "PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n\\x00\\x00\\x12\\x04\\x00\\x00\\x00\\x00\\x00",
      kTwoLengths,
      "GET /metrics HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Length: -1\\r\\n\\r\\n",
      "POST / HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Length: 99999999999\\r\\n\\r\\nxxxx",
      "GET /metrics HTTP/9.9\\r\\n\\r\\n",
      "\\x16\\x03\\x01\\x02\\x00\\x01\\x00\\x01\\xfc\\x03\\x03",
      "*1\\r\\n$4\\r\\nPING\\r\\n",
      "GET\\x00/ HTTP/1.1\\r\\n\\r\\n",
      "GET /healthz HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n Folded: x\\r\\nBad Name: y\\r\\n\\r\\n",
  };
  Plan plan;
  if (random.chance(25)) {
    add(plan, Verb::bytes, 0, "GET /healthz HTTP/1.1\\r\\nX: " + std::string(50, 'x'));
    for (int i = 0; i < 21; ++i) add(plan, Verb::bytes, 0, std::string(50'000, 'x'));
  } else {
    add(plan, Verb::bytes, 0, random.pick(kNonsense));
  }
  send(plan, random);
  return plan;
}

constexpr Persona kPersonas[] = {
    {"scraper", scraper, "http", false},
    {"prober", prober, "http", false},
    {"queuer", queuer, "http", false},
    {"watcher", watcher, "http", false},
    {"page_reader", page_reader, "http", false},
    {"deaf_visitor", deaf_visitor, "http", false},
    {"dawdling_visitor", dawdling_visitor, "http", false},
    {"silent_visitor", silent_visitor, "http", false},
    {"parting_visitor", parting_visitor, "http", false},
    {"stranger", stranger, "http", false},
    {"smuggler", smuggler, "http", false},
};

}  // namespace

std::span<const Persona> visitor_personas() {
  return kPersonas;
}

}  // namespace simulation
