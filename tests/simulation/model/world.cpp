// SPDX-License-Identifier: MIT
#include "tests/simulation/model/world.h"

#include <algorithm>
#include <cstdlib>

namespace simulation {

namespace {

/// Of a duration that is written in milliseconds, "5000ms".
void read(const Script& script, std::string_view key, Moment& into) {
  const std::string value = script.value_of("deadlines", key);
  if (value == "\"off\"") into = Moment{0};
  if (value.ends_with("ms\""))
    into = std::chrono::milliseconds(std::strtol(value.c_str() + 1, nullptr, 10));
}

void read(const Script& script, std::string_view section, std::string_view key,
          std::int64_t& into) {
  if (const std::string value = script.value_of(section, key); !value.empty())
    into = std::strtol(value.c_str(), nullptr, 10);
}

}  // namespace

Rules rules_of(const Script& script) {
  Rules rules;
  read(script, "first_request", rules.first_request);
  read(script, "frame", rules.frame);
  read(script, "idle", rules.idle);
  read(script, "write_stall", rules.write_stall);
  read(script, "drain", rules.drain);
  read(script, "linger", rules.linger);
  read(script, "server", "max_connections", rules.max_connections);
  read(script, "server", "max_connections_per_address", rules.per_address);
  rules.is_memory_short = !script.value_of("limits", "max_buffer_memory").empty();
  rules.is_text_for_operators = script.value_of("handlers.text", "mode") == "\"operator\"";
  return rules;
}

bool World::has_fault(std::string_view name) const {
  return std::any_of(script.faults.begin(), script.faults.end(),
                     [name](const auto& fault) { return fault.first == name; });
}

}  // namespace simulation
