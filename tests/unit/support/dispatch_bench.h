// SPDX-License-Identifier: MIT
// A connection of a table whose requests a dispatcher serves: the loop and the sockets are the
// test's. Handlers are added by whoever derives from it.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <string_view>

#include "daemon/dispatch/dispatcher.h"
#include "tests/unit/support/table_bench.h"

namespace reactord::test {

struct DispatchBench : TableBench {
  DispatchBench() : TableBench({.clients = 2, .admins = 0}) {}
  ~DispatchBench() { close_all(); }

  /// What the client sends.
  void serve(std::string_view request) {
    REQUIRE(::write(far_ends.front().get(), request.data(), request.size()) ==
            static_cast<ssize_t>(request.size()));
    connection.on_event({.readable = true});
  }

  CommandTable commands;
  Dispatcher dispatcher{clock, events, table, commands};
  LoopContext served_context{.parser_limits = {},
                             .output_high_water = 1u << 20,
                             .deadlines = ConnectionDeadlines({}),
                             .host = table,
                             .sink = dispatcher};
  ListenerPolicy served{.loop_context = served_context};
  Connection& connection = open(served);
};

}  // namespace reactord::test
