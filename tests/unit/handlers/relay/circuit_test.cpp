// SPDX-License-Identifier: MIT
#include "daemon/handlers/relay/circuit.h"

#include <doctest/doctest.h>

namespace reactord {
namespace {

using namespace std::chrono_literals;

Circuit opened() {
  Circuit circuit({.max_failures = 1, .first_probe = 100ms, .last_probe = 1s});
  CHECK(circuit.on_failure());
  return circuit;
}

TEST_CASE("circuit: opens after so many failures in a row, and says so once") {
  Circuit circuit({.max_failures = 3});
  CHECK_FALSE(circuit.on_failure());
  CHECK_FALSE(circuit.on_failure());
  CHECK(circuit.is_closed());
  CHECK(circuit.on_failure());
  CHECK_FALSE(circuit.is_closed());
  CHECK_FALSE(circuit.on_failure());
  CHECK(circuit.openings() == 1);
}

TEST_CASE("circuit: an answer in between begins the count anew") {
  Circuit circuit({.max_failures = 2});
  for (int i = 0; i < 10; ++i) {
    CHECK_FALSE(circuit.on_failure());
    circuit.on_answer();
  }
  CHECK(circuit.is_closed());
}

TEST_CASE("circuit: only a probe closes it, not a late answer") {
  Circuit circuit = opened();
  circuit.on_answer();
  CHECK_FALSE(circuit.is_closed());
  circuit.on_probe(true);
  CHECK(circuit.is_closed());
}

TEST_CASE("circuit: probes come ever later, up to a bound, and at first again once it has closed") {
  Circuit circuit = opened();
  CHECK(circuit.probe_delay() == 100ms);
  circuit.on_probe(false);
  CHECK(circuit.probe_delay() == 200ms);
  for (int i = 0; i < 10; ++i) circuit.on_probe(false);
  CHECK(circuit.probe_delay() == 1s);
  circuit.on_probe(true);
  CHECK(circuit.on_failure());
  CHECK(circuit.probe_delay() == 100ms);
}

}  // namespace
}  // namespace reactord
