// SPDX-License-Identifier: MIT
#include "tools/reactor-load/run/load_run.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <thread>
#include <tuple>

namespace reactord::load {
namespace {

/// Nobody reads more than the first failures, and a server that is not there any more must not be
/// asked for hours.
constexpr std::uint64_t kMostErrors = 100'000;

double seconds_of(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Moment merged(const std::vector<Moment>& parts) {
  Moment all = parts.back();
  all.seconds = 0;
  all.replies = all.errors = 0;
  for (const Moment& part : parts) {
    all.seconds += part.seconds;
    all.replies += part.replies;
    all.errors += part.errors;
    for (double Moment::*value :
         {&Moment::p50, &Moment::p90, &Moment::p99, &Moment::p999, &Moment::most}) {
      all.*value = std::max(all.*value, part.*value);
    }
  }
  return all;
}

/// The workers of one run and their threads.
class Crew {
 public:
  Crew(const Plan& plan, RunState& run) {
    const auto threads = static_cast<unsigned>(plan.scenario.threads);
    for (unsigned i = 0; i < threads; ++i) {
      workers_.push_back(std::make_unique<Worker>(plan, run, i, threads));
    }
    run.workers = static_cast<int>(threads);
    run.any_honest = run.honest_clients.load() > 0;
    for (const auto& worker : workers_) {
      threads_.emplace_back([one = worker.get()] { one->run(); });
    }
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew() { join(); }

  [[nodiscard]] Progress progress() {
    Progress all;
    for (const auto& worker : workers_) all.merge(worker->mailbox().take());
    return all;
  }

  void join() {
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  [[nodiscard]] Tally tally() {
    Tally all;
    for (const auto& worker : workers_) all.merge(worker->tally());
    return all;
  }

 private:
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
};

/// Turns what the workers report into moments.
class Follower {
 public:
  Follower(const Plan& plan, const RunState& run) : run_(run), last_(run.start) {
    for (const Group& group : plan.scenario.groups) {
      if (group.hostile) continue;
      if (group.requests == 0) countable_ = false;
      requests_ += static_cast<double>(group.requests);
    }
  }

  [[nodiscard]] Watched look(const Progress& progress, TimePoint now) {
    Watched watched;
    watched.elapsed = seconds_of(now - run_.start);
    watched.replies = progress.replies;
    watched.errors = progress.errors;
    watched.late = progress.late;
    recent_.merge(progress.recent);
    // Counted from report to report: it is they who tell how much was done by when.
    if (progress.at > last_) complete(watched.last, progress);
    estimate(watched);
    return watched;
  }

 private:
  void complete(Moment& moment, const Progress& progress) {
    // The end of the warm-up sets the counts back.
    if (progress.replies < replies_) replies_ = 0;
    moment.at = seconds_of(progress.at - run_.start);
    moment.seconds = seconds_of(progress.at - last_);
    moment.replies = progress.replies - replies_;
    moment.errors = progress.errors - std::min(progress.errors, errors_);
    moment.in_flight = progress.in_flight;
    moment.connected = progress.connected;
    const auto at = [&](double share) { return static_cast<double>(recent_.at_share(share)); };
    moment.p50 = at(0.5);
    moment.p90 = at(0.9);
    moment.p99 = at(0.99);
    moment.p999 = at(0.999);
    moment.most = static_cast<double>(recent_.most());
    recent_.clear();
    last_ = progress.at;
    replies_ = progress.replies;
    errors_ = progress.errors;
  }

  void estimate(Watched& watched) const {
    watched.share = -1;
    if (run_.stop_at != TimePoint::max()) {
      const double whole = seconds_of(run_.stop_at - run_.start);
      watched.share = std::clamp(watched.elapsed / whole, 0.0, 1.0);
    }
    if (countable_ && requests_ > 0) {
      watched.share = std::max(watched.share, static_cast<double>(watched.replies) / requests_);
    }
    if (watched.share > 0) {
      watched.seconds_left = watched.elapsed * (1 - watched.share) / watched.share;
    }
  }

  const RunState& run_;
  TimePoint last_;
  Histogram recent_;
  std::uint64_t replies_ = 0;
  std::uint64_t errors_ = 0;
  double requests_ = 0;
  bool countable_ = true;
};

void set_times(const Scenario& scenario, RunState& run) {
  run.start = std::chrono::steady_clock::now();
  run.measure_from = run.start + scenario.warm_up;
  run.stop_at =
      scenario.duration.count() > 0 ? run.measure_from + scenario.duration : TimePoint::max();
}

/// What rates are counted over: to the planned end, or to the last reply where requests ended it.
double measured_seconds(const RunState& run, const Tally& tally, TimePoint ended) {
  const TimePoint last = std::max(tally.last_reply, run.measure_from);
  if (run.stop_at == TimePoint::max() || ended < run.stop_at) {
    return seconds_of(last - run.measure_from);
  }
  return seconds_of(std::max(last, run.stop_at) - run.measure_from);
}

void note_rates(const Scenario& scenario, Result& result) {
  for (std::size_t i = 0; i < scenario.groups.size(); ++i) {
    GroupTally& tally = result.tally.groups[i];
    tally.planned_sends = planned_sends(scenario, scenario.groups[i], result.seconds);
    if (tally.planned_sends > 0) tally.sends_at_rate = tally.sent();
  }
}

/// Holds for each group that is not hostile, unless a threshold about the same metric was given.
constexpr const char* kTakesPart[] = {"unconnected == 0", "unmeasured == 0"};
constexpr const char* kKeepsItsRate = "reached >= 95";

/// Thresholds and what they find, from the given ones to those that hold without being asked for.
class Judge {
 public:
  Judge(const Scenario& scenario, Result& result) : scenario_(scenario), result_(result) {}

  void judge_given() {
    const GroupTally honest = result_.tally.honest();
    for (const Threshold& threshold : scenario_.thresholds) add(threshold, honest);
    for (std::size_t i = 0; i < scenario_.groups.size(); ++i) {
      for (const Threshold& threshold : scenario_.groups[i].thresholds) {
        add(threshold, result_.tally.groups[i]);
      }
    }
  }

  /// A reply that is wrong, missing or too many is never good, whatever else is tolerated.
  void judge_replies() {
    const GroupTally honest = result_.tally.honest();
    for (const char* always : {"wrong == 0", "missing == 0", "surplus == 0"}) {
      add_unless_it_holds(always, honest);
    }
    if (!is_given("errors")) add(usual("errors == 0"), honest);
  }

  /// Who ends a run early has seen what was missing.
  void judge_extent() {
    if (result_.interrupted) return;
    const GroupTally honest = result_.tally.honest();
    for (const char* text : kTakesPart) {
      if (!is_given(usual(text).metric)) add_unless_it_holds(text, honest);
    }
    if (is_given(usual(kKeepsItsRate).metric)) return;
    for (const GroupTally& group : result_.tally.groups) {
      if (!group.hostile && group.planned_sends > 0)
        add_unless_it_holds(kKeepsItsRate, group, group.name);
    }
  }

 private:
  static Threshold usual(const char* text) {
    Threshold threshold;
    std::ignore = parse_threshold(text, threshold);
    return threshold;
  }

  [[nodiscard]] bool is_given(std::string_view metric) const {
    const auto about_it = [&](const Threshold& threshold) { return threshold.metric == metric; };
    const auto has = [&](const std::vector<Threshold>& thresholds) {
      return std::any_of(thresholds.begin(), thresholds.end(), about_it);
    };
    return has(scenario_.thresholds) ||
           std::any_of(scenario_.groups.begin(), scenario_.groups.end(),
                       [&](const Group& group) { return has(group.thresholds); });
  }

  void add(const Threshold& threshold, const GroupTally& group) {
    const double value = measure(threshold, group, result_.seconds);
    result_.judgements.push_back({threshold, value, holds(threshold, value)});
  }

  /// Nobody needs to read each time that what goes without saying was so.
  void add_unless_it_holds(const char* text, const GroupTally& group,
                           const std::string& name = {}) {
    Threshold threshold = usual(text);
    threshold.group = name;
    if (!holds(threshold, measure(threshold, group, result_.seconds))) add(threshold, group);
  }

  const Scenario& scenario_;
  Result& result_;
};

}  // namespace

double planned_sends(const Scenario& scenario, const Group& group, double seconds) {
  if (group.rate == 0 || group.requests > 0 || group.loops > 0) return 0;
  const std::chrono::duration<double> starting = group.delay + group.ramp_up - scenario.warm_up;
  const std::chrono::duration<double> sending = scenario.duration;
  // Replies that come after the end of the sending lengthen what rates are counted over.
  const double whole = sending.count() > 0 ? std::min(seconds, sending.count()) : seconds;
  const double planned =
      static_cast<double>(group.rate) * std::max(0.0, whole - std::max(0.0, starting.count()));
  return std::max(0.0, planned - 4 * std::sqrt(planned));
}

void Series::add(const Moment& moment) {
  pending_.push_back(moment);
  if (pending_.size() < each_) return;
  moments_.push_back(merged(pending_));
  pending_.clear();
  if (moments_.size() < kMostMoments) return;
  for (std::size_t i = 0; i < kMostMoments / 2; ++i) {
    moments_[i] = merged({moments_[2 * i], moments_[2 * i + 1]});
  }
  moments_.resize(kMostMoments / 2);
  each_ *= 2;
}

void Series::finish() {
  constexpr double kShort = 0.7;
  if (!pending_.empty()) moments_.push_back(merged(pending_));
  pending_.clear();
  const std::size_t count = moments_.size();
  if (count < 3 || moments_[count - 1].seconds > kShort * moments_[count - 2].seconds) return;
  moments_[count - 2] = merged({moments_[count - 2], moments_[count - 1]});
  moments_.pop_back();
}

Result play(const Plan& plan, const std::function<bool(const Watched&)>& watch) {
  Result result;
  RunState run;
  set_times(plan.scenario, run);
  const double cpu_before = cpu_seconds();
  Crew crew(plan, run);
  Follower follower(plan, run);
  Series series;
  const auto look = [&] {
    const Watched watched = follower.look(crew.progress(), std::chrono::steady_clock::now());
    // What follows the end of the sending would look like a collapse.
    const bool told = watched.last.seconds > 0;
    if (told && (watched.last.replies > 0 || !run.stop.load())) series.add(watched.last);
    if (!watch(watched)) {
      if (result.interrupted) run.stop_at_once = true;
      result.interrupted = true;
      run.stop = true;
    }
    if (watched.errors > kMostErrors) run.stop = true;
  };
  TimePoint next = run.start + kReportEvery / 2;  // between two reports
  while (run.workers.load() > 0) {
    next += kReportEvery;
    // A short run must not wait for its report.
    while (run.workers.load() > 0 && std::chrono::steady_clock::now() < next) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    look();
  }
  const TimePoint ended = std::chrono::steady_clock::now();
  crew.join();
  result.tally = crew.tally();
  series.finish();
  result.moments = series.moments();
  result.cpu_seconds = cpu_seconds() - cpu_before;
  result.wall_seconds = seconds_of(ended - run.start);
  result.seconds = measured_seconds(run, result.tally, ended);
  note_rates(plan.scenario, result);
  return result;
}

bool Result::passed() const {
  return std::all_of(judgements.begin(), judgements.end(),
                     [](const Judgement& judgement) { return judgement.passed; });
}

std::uint64_t Result::errors() const {
  return tally.honest().errors();
}

void judge(const Scenario& scenario, Result& result) {
  Judge judge(scenario, result);
  judge.judge_given();
  judge.judge_replies();
  judge.judge_extent();
}

}  // namespace reactord::load
