// SPDX-License-Identifier: MIT
// All that the page's figures are read from, around a table of connections, and a loop whose time
// is the test's. Commands are counted as called when a test says so.
#pragma once

#include <string>
#include <vector>

#include "daemon/page/live_figures.h"
#include "daemon/testing/fake_service.h"
#include "tests/unit/support/table_bench.h"

namespace reactord::test {

class FakeControl final : public ServerControl {
 public:
  std::string draining;
  [[nodiscard]] std::string log_level() const override { return "info"; }
  [[nodiscard]] std::string set_log_level(std::string_view, std::string_view) override {
    return "";
  }
  [[nodiscard]] std::int64_t access_sample() const override { return 0; }
  [[nodiscard]] std::string set_access_sample(std::int64_t, std::string_view) override {
    return "";
  }
  [[nodiscard]] std::span<const std::string> log_levels() const override { return {}; }
  [[nodiscard]] std::string set_log_levels(std::vector<std::string>, std::string_view) override {
    return "";
  }
  void reload(std::string_view, std::function<void(const ReloadOutcome&)>) override {}
  [[nodiscard]] bool is_draining() const override { return !draining.empty(); }
  void set_draining(bool, std::string_view) override {}
  [[nodiscard]] std::string why_draining() const override { return draining; }
  [[nodiscard]] std::optional<std::int64_t> certificate_days_left() const override { return 30; }
  void pause_clients(std::chrono::milliseconds, std::string_view) override {}
  void resume_clients(std::string_view) override {}
  [[nodiscard]] std::chrono::milliseconds pause_left() const override { return {}; }
  std::string hand_over(std::uint64_t, std::int64_t, std::string_view) override { return {}; }
  void shut_down(std::string_view) override {}
};

/// With as many commands as a test wants: "c0", "c1", ...
class ManyCommands final : public Handler {
 public:
  explicit ManyCommands(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) names_.push_back("c" + std::to_string(i));
    for (const std::string& name : names_) specs_.push_back({.name = name});
  }
  [[nodiscard]] std::span<const CommandSpec> commands() const override { return specs_; }
  HandlerResult handle(const Request&, ReplyWriter&, HandlerContext&) override {
    return HandlerResult::replied;
  }

 private:
  std::vector<std::string> names_;
  std::vector<CommandSpec> specs_;
};

struct PageBench {
  explicit PageBench(std::uint32_t clients = 8, std::size_t command_count = 30)
      : bench({.clients = clients, .admins = 2}), handler(command_count) {
    commands.add(handler, "many");
    live.set_on_news([this] { ++news; });
  }

  CommandStats& stats(std::size_t command) { return commands.by_number()[command]->stats; }
  /// The loop looks before it lets time pass.
  void pass(Duration time) {
    bench.clock.advance(time);
    for (int turn = 0; turn < 3; ++turn) {
      bench.loop.stay_awake();
      bench.loop.run_turn(sink);
    }
  }
  void seconds(int count) {
    for (int i = 0; i < count; ++i) {
      live.look();
      pass(std::chrono::seconds(1));
    }
  }

  TableBench bench;
  TokenSink sink{0, [](Token) {}};
  ManyCommands handler;
  CommandTable commands;
  Dispatcher dispatcher{bench.clock, bench.events, bench.table, commands};
  ClientLimits limits{bench.table, bench.events};
  WorkerPool workers{bench.loop, 9, {}};
  FakeControl server;
  FakeService service;
  PageSources sources{.metrics = {.loop = bench.loop,
                                  .connections = bench.table,
                                  .dispatcher = dispatcher,
                                  .commands = commands,
                                  .events = bench.events,
                                  .limits = limits,
                                  .workers = workers,
                                  .server = server,
                                  .latencies = bench.loop_context.latencies,
                                  .started_at = 1000},
                      .connections = bench.table,
                      .service = service,
                      .started = bench.loop.now()};
  int news = 0;
  LiveFigures live{bench.loop, sources};
};

}  // namespace reactord::test
