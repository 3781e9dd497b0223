// SPDX-License-Identifier: MIT
// The daemon's figures for who watches it: taken once a second while somebody looks, written as
// JSON once for all who do, and kept for some minutes, so that whoever comes back misses nothing.
// While nobody looks there is no timer and no memory. Knows no HTTP.
//
//   a second has passed -> the busiest clients are found, in slices -> the rest is read, and
//   written down -> on_news
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/page/busy_clients.h"
#include "daemon/page/page_json.h"
#include "daemon/page/second_meter.h"
#include "daemon/reactor/event_loop.h"

namespace reactord {

/// What is told of each second beside its point in the series.
enum class PagePart : std::uint8_t { state, commands, clients, ends, limits, errors, slow };
inline constexpr std::array<std::string_view, 7> kPageParts{"state",  "commands", "clients", "ends",
                                                            "limits", "errors",   "slow"};

class LiveFigures {
 public:
  static constexpr Duration kRhythm = std::chrono::seconds(1);
  /// Seconds that are kept: five minutes, some 60 KB.
  static constexpr std::size_t kMaxSeconds = 300;
  /// How long it goes on once nobody looks: longer than a browser takes to come back.
  static constexpr Duration kLastsFor = std::chrono::seconds(60);

  LiveFigures(EventLoop& loop, const PageSources& of);
  LiveFigures(const LiveFigures&) = delete;
  LiveFigures& operator=(const LiveFigures&) = delete;
  ~LiveFigures() { stop(); }

  /// Called when there is something new.
  void set_on_news(std::function<void()> on_news) { on_news_ = std::move(on_news); }

  /// Somebody looks: from now on there are figures, the first of them in this turn or soon.
  void look();
  [[nodiscard]] bool is_running() const { return running_ != nullptr; }
  /// Of the latest figures; 0 where there are none yet. Goes on counting when it starts anew.
  [[nodiscard]] std::uint64_t number() const;
  /// Which process the numbers are of: when it was started, in milliseconds since 1970.
  [[nodiscard]] std::int64_t run() const { return run_; }
  [[nodiscard]] const PageSources& sources() const { return of_; }

  // --- while there are figures (number() > 0), as JSON ---
  [[nodiscard]] std::string_view part(PagePart part) const;
  /// The points behind `number`, oldest first: all that are kept, for 0.
  [[nodiscard]] std::string points_since(std::uint64_t number) const;
  /// The latest second as an event of a stream (page_feeds.h), shared by all who are sent it: its
  /// point, and all parts.
  [[nodiscard]] const std::shared_ptr<const std::string>& event() const;

 private:
  struct Point {
    std::uint64_t number;
    std::string json;
  };
  struct Running {
    explicit Running(const PageSources& of) : busy(of.connections), meter(of.metrics) {}
    BusyClients busy;
    SecondMeter meter;
    std::deque<Point> points{};
    std::array<std::string, kPageParts.size()> parts{};
    std::shared_ptr<const std::string> event{};
    std::uint64_t number = 0;  ///< of the latest; 0: none yet
    bool is_walking = false;
    bool has_begun = false;  ///< a second has been begun with
    TimerQueue::TimerId timer = 0;
    TimerQueue::TimerId walk_timer = 0;
  };

  void tick();
  void walk_on();
  void tell();
  void write_parts();
  void write_event(std::string_view point);
  void stop();

  EventLoop& loop_;
  PageSources of_;
  std::int64_t run_;
  std::function<void()> on_news_ = [] {};
  TimePoint looked_at_{};
  std::uint64_t last_number_ = 0;
  std::unique_ptr<Running> running_;
};

}  // namespace reactord
