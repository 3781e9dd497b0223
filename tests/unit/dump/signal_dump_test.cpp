// SPDX-License-Identifier: MIT
#include "daemon/dump/signal_dump.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <new>
#include <string>
#include <utility>

#include "daemon/dump/dump_file.h"
#include "tests/unit/support/fake_clock.h"
#include "tests/unit/support/temporary_folder.h"

namespace reactord {
namespace {

struct Parts final : StateDump {
  explicit Parts(int count, int fails_at = -1) : left(count), no_memory_at(fails_at) {}
  bool write_some() override {
    if (left == no_memory_at) throw std::bad_alloc();
    bytes += "x";
    return --left > 0;
  }
  [[nodiscard]] std::string_view text() const override { return bytes; }
  int left;
  int no_memory_at;
  std::string bytes;
};

/// Its folder is where dumps go.
struct SignalDumpBench {
  SignalDumpBench() { ::setenv("LOGS_DIRECTORY", place.c_str(), 1); }
  ~SignalDumpBench() { ::unsetenv("LOGS_DIRECTORY"); }

  /// Turns with parts until there are none.
  int write_parts() {
    int turns = 0;
    for (; dump->has_parts(); ++turns) dump->go_on();
    return turns;
  }
  /// As if time passed until the file is written, which is done when the thread has ended.
  void end_file() {
    helper.reset();
    clock.advance(SignalDump::kPause);
    loop.timers().run_due(clock.now());
  }

  TemporaryFolder folder;
  std::string place = folder / "";
  FakeClock clock;
  EventLog events{clock, {.level = LogLevel::off}};
  EventLoop loop{clock};
  std::unique_ptr<HelperThread> helper = std::make_unique<HelperThread>();
  std::unique_ptr<SignalDump> dump = std::make_unique<SignalDump>(loop, *helper, events);
};

TEST_CASE("a dump on a signal: two parts a turn, then its file, then it is told") {
  SignalDumpBench bench;
  CHECK(bench.dump->is_idle());
  bench.dump->begin(std::make_unique<Parts>(5), "SIGUSR1");
  CHECK_FALSE(bench.dump->is_idle());
  CHECK(bench.write_parts() == 3);
  CHECK_FALSE(bench.dump->is_idle());
  CHECK(bench.events.count_of(Event::dump_written) == 0);
  bench.end_file();
  CHECK(bench.dump->is_idle());
  CHECK(bench.events.count_of(Event::dump_written) == 1);
  std::ifstream file(dump_path(bench.place, 1));
  CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == "xxxxx");
}

TEST_CASE("a dump on a signal: where there is no such folder, that is told") {
  SignalDumpBench bench;
  ::setenv("LOGS_DIRECTORY", "/nonexistent", 1);
  bench.dump->begin(std::make_unique<Parts>(1), "SIGUSR1");
  CHECK(bench.write_parts() == 1);
  bench.end_file();
  CHECK(bench.dump->is_idle());
  CHECK(bench.events.count_of(Event::dump_failed) == 1);
}

TEST_CASE("a dump on a signal: without memory for a part it is given up, and told") {
  SignalDumpBench bench;
  bench.dump->begin(std::make_unique<Parts>(5, 3), "SIGUSR1");
  CHECK(bench.write_parts() == 2);
  CHECK(bench.dump->is_idle());
  CHECK(bench.events.count_of(Event::dump_failed) == 1);
}

TEST_CASE("a dump on a signal: one that is under way is forgotten at the end") {
  SignalDumpBench bench;
  bench.dump->begin(std::make_unique<Parts>(1), "SIGUSR1");
  CHECK(bench.write_parts() == 1);
  bench.dump.reset();
  bench.end_file();
  CHECK(bench.events.count_of(Event::dump_written) == 0);
}

}  // namespace
}  // namespace reactord
