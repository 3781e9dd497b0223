// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "tools/reactor-cli/measure/measure.h"
#include "tools/reactor-cli/net/interrupt.h"

namespace reactord::cli {
namespace {

using Time = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

/// Some tens of nanoseconds, of which the compiler leaves nothing out: what takes longer than that
/// was spent elsewhere.
void compute_a_little() {
  volatile std::uint32_t state = 1;
  for (int i = 0; i < 32; ++i) state = state * 1664525u + 1013904223u;
}

struct Runs {
  std::uint64_t count = 0;
  Microseconds longest{0};
  Microseconds all{0};
};

void tell(Output& output, std::string_view text) {
  output.write(text);
  output.flush();
}

Runs measure(std::chrono::milliseconds time, Output& output, bool tells_each) {
  Runs runs;
  const auto begin = Time::now();
  for (auto before = begin; before - begin < time && !interrupt_pending();) {
    compute_a_little();
    const auto now = Time::now();
    const Microseconds took = now - before;
    before = now;
    ++runs.count;
    if (took <= runs.longest) continue;
    runs.longest = took;
    if (tells_each)
      tell(output, fmt::format("Max latency so far: {:.0f} microseconds.\n", took.count()));
    before = Time::now();  // what telling took is nobody's latency
  }
  runs.all = Time::now() - begin;
  return runs;
}

}  // namespace

ExitCode run_intrinsic_latency(const Options& options, Output& output) {
  catch_interrupts();
  const Runs runs = measure(options.measured_time, output, !options.json);
  const double mean =
      runs.all.count() / static_cast<double>(std::max<std::uint64_t>(runs.count, 1));
  if (options.json) {
    tell(output, fmt::format(R"({{"runs":{},"avg_usec":{:.4f},"max_usec":{:.3f}}})"
                             "\n",
                             runs.count, mean, runs.longest.count()));
    return ExitCode::success;
  }
  tell(output,
       fmt::format("\n{} total runs (avg latency: {:.4f} microseconds / {:.2f} nanoseconds per "
                   "run).\nWorst run took {:.0f}x longer than the average latency.\n",
                   runs.count, mean, mean * 1000, runs.longest.count() / std::max(mean, 1e-9)));
  return ExitCode::success;
}

}  // namespace reactord::cli
