// SPDX-License-Identifier: MIT
// One thread of a run: a reactor with its share of the clients. Reports to the outside through a
// mailbox a few times a second; nothing else is shared, so that nothing waits.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "daemon/reactor/event_loop.h"
#include "daemon/reactor/histogram.h"
#include "daemon/reactor/precise_timer.h"
#include "tools/reactor-load/run/client.h"
#include "tools/reactor-load/run/pacing.h"
#include "tools/reactor-load/run/plan.h"

namespace reactord::load {

/// What a worker tells while it runs. Counts are since the start of the run.
struct Progress {
  TimePoint at{};    ///< when it was put
  Histogram recent;  ///< latencies since the last report was taken
  std::uint64_t sent = 0;
  std::uint64_t replies = 0;
  std::uint64_t errors = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t connected = 0;
  std::uint64_t late = 0;

  void merge(const Progress& other);
};

/// Where a worker leaves its progress, and the run picks it up.
class Mailbox {
 public:
  void put(const Progress& progress);
  /// The latest counts, and the latencies since the last take().
  [[nodiscard]] Progress take();

 private:
  std::mutex mutex_;
  Progress progress_;
};

/// What all workers of a run share.
struct RunState {
  TimePoint start;
  TimePoint measure_from;  ///< after the warm-up
  TimePoint stop_at;       ///< TimePoint::max() where only requests or loops end the run
  std::atomic<bool> stop{false};
  std::atomic<bool> stop_at_once{false};        ///< without the replies that are owed
  std::atomic<std::int64_t> honest_clients{0};  ///< that still play
  bool any_honest = false;                      ///< there were some; without them, hostile ones end
  std::atomic<int> workers{0};                  ///< that still run
};

/// How often a worker reports.
inline constexpr Duration kReportEvery = std::chrono::milliseconds(100);

class Worker final : private EventSink {
 public:
  /// Of `threads` workers this is number `thread`: it has every `threads`-th client.
  Worker(const Plan& plan, RunState& run, unsigned thread, unsigned threads);

  /// Until all of its clients are done.
  void run();

  [[nodiscard]] Mailbox& mailbox() { return mailbox_; }
  /// After run().
  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  void on_event(Token token, Readiness readiness) noexcept override;
  [[nodiscard]] std::optional<TimePoint> next_deadline() noexcept override;
  void on_deadlines(TimePoint now) noexcept override;
  void on_turn_end() noexcept override {}

  void create_clients(unsigned thread, unsigned threads);
  void on_appointment(const Agenda::Entry& entry, TimePoint now);
  void report(TimePoint now);
  void begin_to_measure();
  void stop_all();
  void stop_all_at_once();
  void count_those_done();

  /// Names in the agenda and tokens that are no client's.
  static constexpr std::uint32_t kReport = UINT32_MAX;
  static constexpr std::uint32_t kMeasure = UINT32_MAX - 1;
  static constexpr std::uint32_t kStop = UINT32_MAX - 2;
  static constexpr std::uint32_t kStopAtOnce = UINT32_MAX - 3;
  static constexpr Token kTimerToken = 0;

  const Plan& plan_;
  RunState& run_;
  SteadyClock clock_;
  EventLoop loop_;
  PreciseTimer timer_;
  Agenda agenda_;
  DeadlineQueue<ReplyTimeout> timeouts_;
  std::vector<char> receive_scratch_;
  std::string scratch_;
  Tally tally_;
  Progress progress_;
  Mailbox mailbox_;
  std::vector<GroupShare> groups_;
  ClientHost host_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::size_t playing_ = 0;
  std::int64_t honest_told_ = 0;  ///< of honest_clients, those that this worker has added
  bool stopped_ = false;
};

}  // namespace reactord::load
