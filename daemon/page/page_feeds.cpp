// SPDX-License-Identifier: MIT
#include "daemon/page/page_feeds.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <utility>

namespace reactord {

namespace {

/// A browser waits so long before it connects again.
constexpr int kRetryMilliseconds = 2000;

/// Of this process's numbers, the one in an event's id; 0: none of them.
std::uint64_t number_in(std::string_view id, std::int64_t run) {
  const std::string prefix = fmt::format("{}-", run);
  if (!id.starts_with(prefix)) return 0;
  id.remove_prefix(prefix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  return error == std::errc() && end == id.data() + id.size() ? number : 0;
}

class LiveStream final : public Feed {
 public:
  LiveStream(LiveFigures& figures, std::string_view last_id)
      : figures_(figures), sent_(number_in(last_id, figures.run())) {}

  Piece next() override {
    figures_.look();
    const std::uint64_t now = figures_.number();
    if (now == 0 || (has_begun_ && now == sent_)) return {};
    const std::uint64_t sent = std::exchange(sent_, now);
    if (std::exchange(has_begun_, true) && now == sent + 1) return {.text = figures_.event()};
    return {
        .text = std::make_shared<const std::string>(fmt::format(
            "retry: {}\nevent: history\ndata: {{\"run\":{},\"points\":{}}}\n\n{}",
            kRetryMilliseconds, figures_.run(), figures_.points_since(sent), *figures_.event()))};
  }

 private:
  LiveFigures& figures_;
  std::uint64_t sent_;
  bool has_begun_ = false;
};

class FirstFigures final : public Feed {
 public:
  FirstFigures(LiveFigures& figures, std::function<std::string(const LiveFigures&)> write)
      : figures_(figures), write_(std::move(write)) {}

  Piece next() override {
    figures_.look();
    if (is_written_) return {.is_end = true};
    if (figures_.number() == 0) return {};
    Piece piece{.text = std::make_shared<const std::string>(write_(figures_))};
    is_written_ = true;
    return piece;
  }

 private:
  LiveFigures& figures_;
  std::function<std::string(const LiveFigures&)> write_;
  bool is_written_ = false;
};

}  // namespace

std::shared_ptr<Feed> live_stream(LiveFigures& figures, std::string_view last_id) {
  return std::make_shared<LiveStream>(figures, last_id);
}

std::shared_ptr<Feed> first_figures(LiveFigures& figures,
                                    std::function<std::string(const LiveFigures&)> write) {
  return std::make_shared<FirstFigures>(figures, std::move(write));
}

}  // namespace reactord
