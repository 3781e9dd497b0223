// SPDX-License-Identifier: MIT
// The metrics as text for whoever asks: written slice by slice over some turns of the loop, and
// once for all who ask within a moment. Knows no HTTP.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/metrics/daemon_metrics.h"
#include "daemon/page/feed.h"
#include "daemon/reactor/event_loop.h"

namespace reactord {

class Scrapes {
 public:
  Scrapes(EventLoop& loop, const MetricsSources& of) : loop_(loop), of_(of) {}
  Scrapes(const Scrapes&) = delete;
  Scrapes& operator=(const Scrapes&) = delete;
  ~Scrapes();

  /// Called when a text is whole: feeds have pieces then.
  void set_on_news(std::function<void()> on_news) { on_news_ = std::move(on_news); }

  /// Ends with the text. Throws std::bad_alloc.
  [[nodiscard]] std::shared_ptr<Feed> feed(MetricsFormat format);

  /// A text, which all of its feeds share; it may outlive this.
  struct Scrape {
    std::vector<std::shared_ptr<const std::string>> pieces{};
    bool is_whole = false;
    bool has_failed = false;  ///< there was no memory for it
  };

 private:
  struct Latest {
    std::shared_ptr<Scrape> scrape;     ///< null before the first
    std::unique_ptr<MetricsText> text;  ///< while it is being written
    TimePoint begun{};
    TimerQueue::TimerId timer = 0;
  };
  void write_on(Latest& latest) noexcept;
  [[nodiscard]] bool write_piece(Latest& latest);

  EventLoop& loop_;
  MetricsSources of_;
  std::function<void()> on_news_ = [] {};
  std::array<Latest, 2> latest_;  ///< by format
};

}  // namespace reactord
