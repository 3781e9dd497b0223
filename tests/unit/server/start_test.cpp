// SPDX-License-Identifier: MIT
// A server that cannot start.
#include <doctest/doctest.h>

#include <csignal>

#include "daemon/interface/registry.h"
#include "daemon/server/server.h"
#include "tests/unit/support/running_server.h"
#include "tests/unit/support/temporary_folder.h"

using namespace reactord;
using namespace reactord::test;

TEST_CASE("start: an address that is taken is a start that failed, and is told") {
  const std::vector<HandlerEntry> handlers(handler_entries().begin(), handler_entries().end());
  const RunningServer first(handlers);
  Config config = default_config(handler_tables());
  config.listeners.front().addresses = {{.kind = Endpoint::Kind::ipv4,
                                         .ip = {127, 0, 0, 1},
                                         .port = first.address().port(),
                                         .path = {}}};
  const TemporaryFolder folder;
  const SteadyClock clock;
  EventLog events(clock, {.level = LogLevel::off, .target = folder / "log"});
  SignalWatch signals{SIGUSR1};
  const ConfigSource source("", {});
  Server second(clock, events, signals, config, source, handlers);
  CHECK_FALSE(second.start({}));
  CHECK(events.count_of(Event::start_failed) == 1);
  CHECK(events.count_of(Event::ready) == 0);
}
