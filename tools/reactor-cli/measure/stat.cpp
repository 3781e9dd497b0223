// SPDX-License-Identifier: MIT
#include <chrono>
#include <optional>

#include "tools/reactor-cli/figures/ask.h"
#include "tools/reactor-cli/measure/measure.h"
#include "tools/reactor-cli/measure/pings.h"
#include "tools/reactor-cli/measure/stat_table.h"
#include "tools/reactor-cli/net/interrupt.h"

namespace reactord::cli {
namespace {

/// As often the titles are repeated on a terminal, where they scroll away: redis-cli's.
constexpr std::uint64_t kLinesUnderTitles = 20;

class Stat {
 public:
  Stat(const Options& options, Output& output)
      : options_(options), output_(output), session_(options) {}

  void run() {
    for (std::uint64_t i = 0; options_.rounds == 0 || i < options_.rounds; ++i) {
      if (i > 0) wait_until(session_, next_);
      next_ = Clock::now() + interval_of(options_);
      show(i, ask_info(session_, options_.timeout), Clock::now());
    }
  }

 private:
  void show(std::uint64_t line, Figures now, Clock::time_point when) {
    if (!table_) table_.emplace(now);
    const std::chrono::duration<double> since = when - before_at_;
    const double seconds = line == 0 ? 0 : since.count();
    const bool titles = line == 0 || (output_.is_terminal() && line % kLinesUnderTitles == 0);
    if (titles && !options_.json) output_.write(table_->head());
    output_.write(options_.json ? table_->json(now, before_, seconds)
                                : table_->line(now, before_, seconds));
    output_.flush();
    before_ = std::move(now);
    before_at_ = when;
  }

  const Options& options_;
  Output& output_;
  Session session_;
  std::optional<StatTable> table_;
  Figures before_;
  Clock::time_point before_at_;
  Clock::time_point next_;
};

}  // namespace

ExitCode run_stat(const Options& options, Output& output) {
  catch_interrupts();
  try {
    Stat(options, output).run();
  } catch (const Interrupted&) {
    output.flush();  // all of it is printed already
  }
  return ExitCode::success;
}

}  // namespace reactord::cli
