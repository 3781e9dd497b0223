// SPDX-License-Identifier: MIT
#include "tools/reactor-load/run/worker.h"

#include <algorithm>

namespace reactord::load {
namespace {

/// One receive takes at most this much: a deep pipeline's replies, in the second-level cache.
constexpr std::size_t kReceiveBytes = 256u << 10;

/// After the stop: for replies that are still owed, beyond their time-out, and for farewells.
constexpr Duration kAfterStop = std::chrono::seconds(3);

}  // namespace

void Progress::merge(const Progress& other) {
  at = std::max(at, other.at);
  recent.merge(other.recent);
  sent += other.sent;
  replies += other.replies;
  errors += other.errors;
  in_flight += other.in_flight;
  connected += other.connected;
  late += other.late;
}

void Mailbox::put(const Progress& progress) {
  const std::lock_guard lock(mutex_);
  Histogram recent = progress_.recent;
  recent.merge(progress.recent);
  progress_ = progress;
  progress_.recent = recent;
}

Progress Mailbox::take() {
  const std::lock_guard lock(mutex_);
  Progress taken = progress_;
  progress_.recent.clear();
  return taken;
}

Worker::Worker(const Plan& plan, RunState& run, unsigned thread, unsigned threads)
    : plan_(plan),
      run_(run),
      loop_(clock_),
      timeouts_(plan.scenario.timeout),
      receive_scratch_(kReceiveBytes),
      tally_(plan.empty_tally()),
      host_{loop_, clock_, agenda_, timeouts_, receive_scratch_, plan_, tally_, run.measure_from} {
  if (const std::error_code problem = loop_.watch_level(timer_.fd(), kTimerToken); problem) {
    throw std::system_error(problem, "epoll_ctl");
  }
  create_clients(thread, threads);
}

void Worker::create_clients(unsigned thread, unsigned threads) {
  groups_.resize(plan_.groups.size());
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const Group& group = plan_.groups[g].group;
    GroupShare& share = groups_[g];
    share.plan = &plan_.groups[g];
    share.tally = &tally_.groups[g];
    share.ledger = {&tally_, share.tally, &progress_.recent, &scratch_};
    // The first threads have one more where it does not come out even.
    share.requests_left = group.requests / threads + (thread < group.requests % threads ? 1 : 0);
    for (std::int64_t n = thread; n < group.clients; n += threads) {
      const Client::Identity identity{static_cast<std::uint32_t>(clients_.size()),
                                      static_cast<std::uint64_t>(n + 1), g};
      const TimePoint start = run_.start + group.delay + group.ramp_up * n / group.clients;
      clients_.push_back(std::make_unique<Client>(host_, share, identity, start));
    }
    if (!group.hostile) honest_told_ += share.clients_playing;
  }
  playing_ = clients_.size();
  run_.honest_clients += honest_told_;
}

void Worker::run() {
  agenda_.add({run_.start + kReportEvery, kReport, 0});
  if (run_.measure_from > run_.start) agenda_.add({run_.measure_from, kMeasure, 0});
  if (run_.stop_at != TimePoint::max()) agenda_.add({run_.stop_at, kStop, 0});
  while (playing_ > 0) loop_.run_turn(*this);
  tally_.busy_seconds = static_cast<double>(loop_.stats().lengths.sum()) / 1e9;
  report(clock_.now());
  --run_.workers;
}

void Worker::on_event(Token token, Readiness readiness) noexcept {
  if (token == kTimerToken) return timer_.clear();
  Client& client = *clients_[static_cast<std::uint32_t>(token)];
  client.on_event(token, readiness);
  count_those_done();
}

std::optional<TimePoint> Worker::next_deadline() noexcept {
  if (const std::optional<TimePoint> next = agenda_.next()) {
    // What is due already must not wait for a timer; what is to come must not wait for its
    // millisecond to end.
    if (*next <= clock_.now()) return next;
    timer_.set(*next);
  }
  return timeouts_.next();
}

void Worker::on_deadlines(TimePoint looked_at) noexcept {
  const TimePoint now = loop_.now();
  // Those who ask for a time that has come wait for the next turn.
  for (std::size_t left = clients_.size() + 8; left > 0; --left) {
    const std::optional<Agenda::Entry> entry = agenda_.pop_due(now);
    if (!entry) break;
    on_appointment(*entry, now);
  }
  while (auto* link = timeouts_.pop_expired(looked_at)) static_cast<Client*>(link)->on_timeout();
  count_those_done();
}

void Worker::on_appointment(const Agenda::Entry& entry, TimePoint now) {
  if (entry.who == kReport) {
    report(now);
    // At the same times in every thread, as far as their turns allow.
    return agenda_.add({std::max(entry.when + kReportEvery, now), kReport, 0});
  }
  if (entry.who == kMeasure) return begin_to_measure();
  if (entry.who == kStop) return stop_all();
  if (entry.who == kStopAtOnce) {
    return stop_all_at_once();
  }
  clients_[entry.who]->on_time(entry.ticket);
}

void Worker::report(TimePoint now) {
  Progress& progress = progress_;
  progress.at = now;
  progress.sent = progress.replies = progress.errors = progress.late = 0;
  for (const GroupTally& group : tally_.groups) {
    progress.late += group.late;
    if (group.hostile) continue;
    progress.sent += group.sent();
    progress.replies += group.replies();
    progress.errors += group.errors();
  }
  progress.in_flight = progress.connected = 0;
  for (const auto& client : clients_) {
    if (client->is_honest()) progress.in_flight += client->owed();
    if (client->is_connected()) ++progress.connected;
  }
  mailbox_.put(progress);
  progress.recent.clear();
  const bool honest_gone = run_.any_honest && run_.honest_clients.load() == 0;
  if (run_.stop.load() || honest_gone) stop_all();
  if (run_.stop_at_once.load()) stop_all_at_once();
}

void Worker::begin_to_measure() {
  tally_.forget_figures();
  progress_.recent.clear();
}

void Worker::stop_all() {
  if (stopped_) return;
  stopped_ = true;
  for (const auto& client : clients_) client->stop();
  agenda_.add({clock_.now() + plan_.scenario.timeout + kAfterStop, kStopAtOnce, 0});
}

void Worker::stop_all_at_once() {
  for (const auto& client : clients_) client->stop_at_once();
}

/// Keeps the number of those who still play, here and for all threads.
void Worker::count_those_done() {
  std::size_t playing = 0;
  std::int64_t honest = 0;
  for (const GroupShare& share : groups_) {
    playing += share.clients_playing;
    if (!share.tally->hostile) honest += share.clients_playing;
  }
  playing_ = playing;
  if (honest != honest_told_) {
    run_.honest_clients += honest - honest_told_;
    honest_told_ = honest;
  }
}

}  // namespace reactord::load
