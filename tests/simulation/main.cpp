// SPDX-License-Identifier: MIT
// simulation: plays seeds and scripts (tests/README.md).
//
//   simulation seeds FIRST COUNT    each in a process of its own
//   simulation until FIRST COUNT    the same, up to the first that fails
//   simulation seconds FIRST N      seeds from that one on, for so long
//   simulation days N               so many simulated days of clients that come again and again
//   simulation seed N               one, with its trace on standard error
//   simulation script N             prints the script of a seed
//   simulation play FILE...         scripts that were kept
//   simulation trace FILE           one of them, with its trace
//   simulation shrink N|FILE        the shortest script that fails by the same rule
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "tests/simulation/batch.h"
#include "tests/simulation/clients/seeds.h"
#include "tests/simulation/play.h"
#include "tests/simulation/script/shrink.h"

namespace {

using namespace simulation;

Script read_script(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    fmt::print(stderr, "cannot read {}\n", path);
    std::exit(2);
  }
  return Script::parse(std::string(std::istreambuf_iterator<char>(file), {}));
}

/// A seed, or a file.
Script script_named(const std::string& name) {
  const bool is_number = name.find_first_not_of("0123456789") == std::string::npos;
  return is_number ? script_of(std::stoull(name)) : read_script(name);
}

int trace(const Script& script) {
  const Played played = play(script, stderr);
  fmt::print("hash {:016x}, {:.1f} simulated seconds, {} turns\n", played.hash,
             played.simulated_seconds, played.turns);
  std::fflush(nullptr);
  std::_Exit(0);
}

int play_files(int count, char** paths) {
  int failed = 0;
  for (int i = 0; i < count; ++i) {
    const PlayedApart outcome = play_apart(read_script(paths[i]));
    fmt::print("{}: {}\n", paths[i], outcome.is_good ? "ok" : outcome.problem);
    if (!outcome.is_good) ++failed;
  }
  return failed == 0 ? 0 : 1;
}

int play_days(std::int64_t days) {
  const auto began = std::chrono::steady_clock::now();
  const PlayedApart outcome = play_apart(script_of_days(days));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  fmt::print("{} days in {:.1f} s, {} turns: {}\n", days, took.count(), outcome.played.turns,
             outcome.is_good ? "ok" : outcome.problem);
  return outcome.is_good ? 0 : 1;
}

int shrink(const Script& script) {
  const Shrunk shrunk = shrink_script(script);
  fmt::print("# {}\n{}", shrunk.problem, shrunk.script.text());
  return shrunk.problem.empty() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 2 ? argv[1] : "";
  if ((what == "seeds" || what == "until") && argc == 4)
    return play_seeds(std::stoull(argv[2]), std::stoull(argv[3]),
                      what == "seeds" ? AfterFailure::go_on : AfterFailure::end);
  if (what == "seconds" && argc == 4) return play_for(std::stoull(argv[2]), std::stoull(argv[3]));
  if (what == "days") return play_days(std::stol(argv[2]));
  if (what == "seed" || what == "trace") return trace(script_named(argv[2]));
  if (what == "script") return fmt::print("{}", script_named(argv[2]).text()), 0;
  if (what == "play") return play_files(argc - 2, argv + 2);
  if (what == "shrink") return shrink(script_named(argv[2]));
  fmt::print(stderr,
             "usage: simulation seeds|until|seconds FIRST COUNT | days N | seed N | script N | "
             "play FILE... | trace FILE | "
             "shrink N|FILE\n");
  return 2;
}
