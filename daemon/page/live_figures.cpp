// SPDX-License-Identifier: MIT
#include "daemon/page/live_figures.h"

#include <fmt/format.h>

#include <utility>

#include "protocol/json_writer.h"

namespace reactord {

namespace {

/// Between two slices of a walk: others have a turn.
constexpr Duration kSlicePause = std::chrono::milliseconds(1);
constexpr WorkUnits kSliceWork = work_units(std::chrono::microseconds(50));
/// Reading all counters, and writing them: as measured, with the histograms of 20 commands.
constexpr WorkUnits kTellWork = work_units(std::chrono::microseconds(250));
/// As many as the page has room for, and of their words.
constexpr std::size_t kMaxSlowTold = 12;
constexpr std::size_t kMaxSlowBytes = 160;

}  // namespace

LiveFigures::LiveFigures(EventLoop& loop, const PageSources& of)
    : loop_(loop), of_(of), run_(static_cast<std::int64_t>(of.metrics.started_at * 1000)) {}

void LiveFigures::look() {
  looked_at_ = loop_.now();
  if (running_ != nullptr) return;
  auto running = std::make_unique<Running>(of_);
  running->timer = loop_.timers().add_repeating(loop_.now() + kRhythm, kRhythm, [this] { tick(); });
  running_ = std::move(running);
  tick();
}

void LiveFigures::stop() {
  if (running_ == nullptr) return;
  loop_.timers().cancel(running_->timer);
  loop_.timers().cancel(running_->walk_timer);
  running_.reset();
}

void LiveFigures::tick() {
  if (loop_.now() - looked_at_ > kLastsFor) return stop();
  if (running_->is_walking) return;
  running_->busy.begin_walk();
  running_->is_walking = true;
  walk_on();
}

void LiveFigures::walk_on() {
  running_->walk_timer = 0;
  loop_.charge(kSliceWork);
  if (running_->busy.walk_on()) return tell();
  running_->walk_timer = loop_.timers().add(loop_.now() + kSlicePause, [this] { walk_on(); });
}

/// The first figures have no second behind them, and so no point.
void LiveFigures::tell() {
  Running& now = *running_;
  loop_.charge(kTellWork);
  now.is_walking = false;
  const std::uint64_t number = ++last_number_;
  std::string point;
  if (std::exchange(now.has_begun, true)) point = second_json(number, now.meter.finish());
  write_parts();
  now.number = number;
  write_event(point.empty() ? "null" : point);
  if (!point.empty()) now.points.push_back({number, std::move(point)});
  if (now.points.size() > kMaxSeconds) now.points.pop_front();
  on_news_();
}

void LiveFigures::write_parts() {
  const auto part = [this](PagePart which) -> std::string& {
    return running_->parts[static_cast<std::size_t>(which)];
  };
  part(PagePart::state) = state_json(of_);
  part(PagePart::commands) = commands_json(of_, running_->meter.calls());
  part(PagePart::clients) = clients_json(of_, running_->busy.busiest());
  part(PagePart::ends) = ends_json(of_);
  part(PagePart::limits) = limits_json(of_);
  part(PagePart::errors) = errors_json(of_);
  part(PagePart::slow) = slow_json(of_, kMaxSlowTold, kMaxSlowBytes);
}

void LiveFigures::write_event(std::string_view point) {
  JsonWriter json;
  json.begin_object().field("n", running_->number).key("point").raw(point);
  for (std::size_t i = 0; i < kPageParts.size(); ++i)
    json.key(kPageParts[i]).raw(running_->parts[i]);
  running_->event = std::make_shared<const std::string>(fmt::format(
      "event: second\nid: {}-{}\ndata: {}\n\n", run_, running_->number, json.end_object().take()));
}

std::uint64_t LiveFigures::number() const {
  return running_ == nullptr ? 0 : running_->number;
}

std::string_view LiveFigures::part(PagePart part) const {
  return running_->parts[static_cast<std::size_t>(part)];
}

std::string LiveFigures::points_since(std::uint64_t number) const {
  JsonWriter json;
  json.begin_array();
  for (const Point& point : running_->points)
    if (point.number > number) json.raw(point.json);
  return json.end_array().take();
}

const std::shared_ptr<const std::string>& LiveFigures::event() const {
  return running_->event;
}

}  // namespace reactord
