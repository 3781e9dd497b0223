// SPDX-License-Identifier: MIT
#include <string>

#include "tools/reactor-cli/measure/latency_text.h"
#include "tools/reactor-cli/measure/measure.h"
#include "tools/reactor-cli/measure/pings.h"

namespace reactord::cli {
namespace {

class LatencyDist {
 public:
  LatencyDist(const Options& options, Output& output)
      : options_(options), output_(output), is_live_(output.is_terminal() && !options.json) {}

  void run() {
    measure(
        options_, [this](Pings& pings) { play(pings); }, [this] { finish_round(); });
  }

 private:
  void play(Pings& pings) {
    if (is_live_) output_.write(LatencyBuckets::legend());
    for (std::uint64_t i = 0; options_.rounds == 0 || i < options_.rounds; ++i) play_round(pings);
  }

  void play_round(Pings& pings) {
    const Deadline end = deadline_in(interval_of(options_));
    while (Clock::now() < *end) {
      buckets_.add(pings.next());
      pings.pause(end);
    }
    finish_round();
  }

  void finish_round() {
    if (buckets_.count() == 0) return;
    output_.write(line() + '\n');
    output_.flush();
    buckets_.clear();
  }

  [[nodiscard]] std::string line() const {
    if (options_.json) return buckets_.json();
    return is_live_ ? buckets_.spectrum(output_.has_color()) : buckets_.line();
  }

  const Options& options_;
  Output& output_;
  const bool is_live_;
  LatencyBuckets buckets_;
};

}  // namespace

ExitCode run_latency_dist(const Options& options, Output& output) {
  LatencyDist(options, output).run();
  return ExitCode::success;
}

}  // namespace reactord::cli
