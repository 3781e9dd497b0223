// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <string>

#include "tools/reactor-cli/figures/ask.h"
#include "tools/reactor-cli/measure/latency_text.h"
#include "tools/reactor-cli/measure/measure.h"
#include "tools/reactor-cli/measure/pings.h"

namespace reactord::cli {
namespace {

constexpr std::string_view kToLineStart = "\r\x1b[K";

class Latency {
 public:
  Latency(const Options& options, Output& output)
      : options_(options), output_(output), is_live_(output.is_terminal() && !options.json) {}

  void run() {
    measure(
        options_, [this](Pings& pings) { play(pings); }, [this] { finish_round(); });
  }

 private:
  void play(Pings& pings) {
    // On a terminal one round without end, in a pipe one of a second: as redis-cli.
    const bool endless = is_live_ && !options_.interval_given && options_.rounds == 0;
    const std::uint64_t rounds = options_.rounds > 0 ? options_.rounds : is_live_ ? 0 : 1;
    for (std::uint64_t i = 0; rounds == 0 || i < rounds; ++i)
      play_round(pings, endless ? Deadline() : deadline_in(interval_of(options_)));
  }

  void play_round(Pings& pings, Deadline end) {
    while (!end || Clock::now() < *end) {
      summary_.add(pings.next());
      if (is_live_) show(fmt::format("{}{}", kToLineStart, latency_for_people(summary_)));
      pings.pause(end);
    }
    finish_round();
  }

  void finish_round() {
    if (summary_.count == 0) return;
    if (is_live_)
      show("\n");
    else
      show((options_.json ? latency_json(summary_) : latency_for_pipe(summary_)) + '\n');
    summary_ = {};
  }

  void show(std::string_view text) {
    output_.write(text);
    output_.flush();
  }

  const Options& options_;
  Output& output_;
  const bool is_live_;
  LatencySummary summary_;
};

}  // namespace

ExitCode run_latency(const Options& options, Output& output) {
  Latency(options, output).run();
  return ExitCode::success;
}

}  // namespace reactord::cli
