// SPDX-License-Identifier: MIT
#include "tests/simulation/batch.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <map>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/simulation/clients/seeds.h"
#include "tests/simulation/play.h"

namespace simulation {

namespace {

/// One seed in so many is played twice.
constexpr std::uint64_t kTwice = 20;
/// From so many seeds on each pair of features must have been combined.
constexpr std::uint64_t kEnoughForPairs = 5000;
/// Failures beyond these are counted, not told.
constexpr int kMostTold = 10;

/// Plain numbers: they are sent through a pipe.
struct Sum {
  std::uint64_t played = 0;
  std::uint64_t failed = 0;
  std::uint64_t turns = 0;
  double simulated_seconds = 0;
};

void play_seed(std::uint64_t seed, Sum& sum) {
  const Script script = script_of(seed);
  PlayedApart outcome = play_apart(script);
  if (outcome.is_good && seed % kTwice == 0 &&
      play_apart(script).played.hash != outcome.played.hash)
    outcome = {false, {}, "replay: two runs of the seed have different traces"};
  ++sum.played;
  if (outcome.is_good) {
    sum.turns += outcome.played.turns;
    sum.simulated_seconds += outcome.played.simulated_seconds;
    return;
  }
  if (++sum.failed <= kMostTold) fmt::print("seed {} FAILED {}\n", seed, outcome.problem);
  std::fflush(stdout);
}

/// What the lanes, each a process, know of one another.
std::atomic<bool>& is_over() {
  static void* const shared = ::mmap(nullptr, sizeof(std::atomic<bool>), PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  static auto* const flag = new (shared) std::atomic<bool>(false);
  return *flag;
}

/// Every `lanes`-th seed; its sum goes to `out`.
void play_lane(std::uint64_t first, std::uint64_t end, std::uint64_t lanes, int out,
               AfterFailure after) {
  Sum sum;
  for (std::uint64_t seed = first; seed < end && !is_over(); seed += lanes) {
    play_seed(seed, sum);
    if (sum.failed > 0 && after == AfterFailure::end) is_over() = true;
  }
  (void)!::write(out, &sum, sizeof sum);
  ::_exit(0);
}

Sum play_lanes(std::uint64_t first, std::uint64_t count, AfterFailure after) {
  const std::uint64_t lanes = std::max(1u, std::thread::hardware_concurrency());
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return {};
  is_over() = false;  // before the lanes are: they share it
  for (std::uint64_t lane = 0; lane < lanes; ++lane)
    if (::fork() == 0) play_lane(first + lane, first + count, lanes, ends[1], after);
  ::close(ends[1]);
  Sum all;
  for (Sum one; ::read(ends[0], &one, sizeof one) == sizeof one;) {
    all.played += one.played;
    all.failed += one.failed;
    all.turns += one.turns;
    all.simulated_seconds += one.simulated_seconds;
  }
  ::close(ends[0]);
  while (::wait(nullptr) > 0) continue;
  return all;
}

using Pair = std::pair<std::string, std::string>;

/// Pairs of features that no seed has combined.
std::vector<Pair> missing_pairs(std::uint64_t first, std::uint64_t count) {
  std::map<Pair, std::uint64_t> seen;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const std::vector<std::string> features = script_of(seed).features();
    for (std::size_t i = 0; i < features.size(); ++i)
      for (std::size_t k = i + 1; k < features.size(); ++k) ++seen[{features[i], features[k]}];
  }
  std::vector<std::string> all = all_features();
  std::sort(all.begin(), all.end());
  std::vector<Pair> missing;
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t k = i + 1; k < all.size(); ++k)
      if (!seen.contains({all[i], all[k]})) missing.emplace_back(all[i], all[k]);
  return missing;
}

}  // namespace

/// In pieces, each of which tells what it has found.
int play_for(std::uint64_t first, std::uint64_t seconds) {
  constexpr std::uint64_t kPiece = 1000;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  int status = 0;
  for (; std::chrono::steady_clock::now() < end; first += kPiece)
    if (play_seeds(first, kPiece, AfterFailure::go_on) != 0) status = 1;
  return status;
}

int play_seeds(std::uint64_t first, std::uint64_t count, AfterFailure after) {
  const auto began = std::chrono::steady_clock::now();
  const Sum sum = play_lanes(first, count, after);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  fmt::print(
      "{} seeds, {} failed, {:.0f} simulated hours in {:.1f} s ({:.0f} times as fast), {} turns\n",
      sum.played, sum.failed, sum.simulated_seconds / 3600, took.count(),
      sum.simulated_seconds / took.count(), sum.turns);
  const bool is_whole = sum.played == count || (after == AfterFailure::end && sum.failed > 0);
  if (!is_whole) fmt::print("FAILED: a lane did not come to its end\n");
  std::size_t missing = 0;
  if (count >= kEnoughForPairs && after == AfterFailure::go_on)
    for (const auto& [one, other] : missing_pairs(first, count)) {
      fmt::print("FAILED: no seed combines {} and {}\n", one, other);
      ++missing;
    }
  return sum.failed == 0 && is_whole && missing == 0 ? 0 : 1;
}

}  // namespace simulation
