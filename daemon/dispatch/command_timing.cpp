// SPDX-License-Identifier: MIT
#include "daemon/dispatch/command_timing.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace reactord {

namespace {

/// How long each call is timed by itself once one of several was slow.
constexpr auto kCloseLook = std::chrono::seconds(10);

}  // namespace

void CommandTiming::begin_run(CommandEntry& entry, Words words) {
  const TimePoint now = clock_.now();
  if (timed_ != nullptr) finish(now);
  timed_ = &entry;
  since_ = now;
  if (batch_began_ == TimePoint{}) batch_began_ = now;
  calls_before_ = entry.stats.calls;
  deferred_before_ = entry.stats.deferred;
  all_words_ = words.size();
  std::copy_n(words.begin(), std::min(words.size(), words_.size()), words_.begin());
  if (std::exchange(entry.stats.is_listed, true)) return;
  entry.stats.next_listed = std::exchange(first_listed_, &entry);
}

void CommandTiming::end_run() {
  finish(clock_.now());
  timed_ = nullptr;
}

/// Which call of a long run took how long is not known; a run of one is the usual case.
void CommandTiming::finish(TimePoint now) {
  const auto time = now - since_;
  const std::uint64_t calls = timed_->stats.calls - calls_before_;
  CommandStats& stats = timed_->stats;
  stats.time += time;
  stats.unsent += calls;
  stats.unsent_time += time;
  if (const std::uint64_t deferred = stats.deferred - deferred_before_; deferred > 0) [[unlikely]]
    stats.unsent_time -=
        time * static_cast<std::int64_t>(deferred) / static_cast<std::int64_t>(calls);
  if (const std::string_view trace = context_.traceparent(); !trace.empty()) [[unlikely]]
    (void)has_memory_for([&] { stats.unsent_trace = trace; });
  if (guard_.is_slow(time) || slow_log_.is_slow(time)) [[unlikely]]
    tell_slow(now, calls);
  else if (looks_closely_ && now >= look_ends_)
    looks_closely_ = false;
}

void CommandTiming::tell_slow(TimePoint now, std::uint64_t calls) {
  const auto time = now - since_;
  if (calls > 1) {
    looks_closely_ = true;
    look_ends_ = now + kCloseLook;
  }
  (void)has_memory_for([&] {
    if (guard_.is_slow(time)) guard_.report_slow(context_.describe(*timed_), time, calls);
    if (slow_log_.is_slow(time)) slow_log_.add(describe_slow(time, calls));
  });
}

SlowRequest CommandTiming::describe_slow(Duration time, std::uint64_t calls) const {
  using namespace std::chrono;
  const Words kept = Words(words_).first(std::min(all_words_, words_.size()));
  const std::size_t name_words = timed_->words;
  SlowRequest slow{.time = duration_cast<seconds>(system_clock::now().time_since_epoch()).count(),
                   .took = duration_cast<microseconds>(time),
                   .calls = calls,
                   .words = ShortWords::of(kept, all_words_,
                                           first_secret(kept, name_words, timed_->spec->secrets)),
                   .peer = context_.describe(*timed_).peer,
                   .client_name = std::string(context_.client_name()),
                   .traceparent = std::string(context_.traceparent())};
  if (calls == 1) return slow;
  slow.words.resize(std::min(slow.words.size(), name_words));
  slow.words.push_back(fmt::format("... (one of {} calls in a row)", calls));
  return slow;
}

template <class Each>
void CommandTiming::clear_list(Each&& each) noexcept {
  while (first_listed_ != nullptr) {
    CommandStats& stats = first_listed_->stats;
    each(stats);
    stats.unsent = 0;
    stats.unsent_trace.clear();
    stats.unsent_time = Duration::zero();
    stats.is_listed = false;
    first_listed_ = std::exchange(stats.next_listed, nullptr);
  }
}

void CommandTiming::count_sent(Connection& connection, TimePoint arrived) noexcept {
  const TimePoint now = clock_.now();
  std::uint64_t requests = 0;
  clear_list([&](CommandStats& stats) {
    if (stats.unsent == 0) return;
    stats.note_sent(arrived, now);
    requests += stats.unsent;
  });
  if (requests > 0) connection.note_answers(now - arrived, requests);
  connection.figures().add_work(now - std::exchange(batch_began_, {}));
}

void CommandTiming::give_up() noexcept {
  batch_began_ = {};
  clear_list([](CommandStats&) {});
}

}  // namespace reactord
