// SPDX-License-Identifier: MIT
#include "daemon/http/scrapes.h"

#include <new>
#include <utility>

#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

/// A hundred scrapes at once are one text.
constexpr Duration kFreshFor = std::chrono::milliseconds(100);
/// Between two slices: others have a turn.
constexpr Duration kSlicePause = std::chrono::milliseconds(1);
constexpr WorkUnits kSliceWork = work_units(std::chrono::microseconds(100));

class ScrapeFeed final : public Feed {
 public:
  explicit ScrapeFeed(std::shared_ptr<const Scrapes::Scrape> of) : of_(std::move(of)) {}

  Piece next() override {
    if (of_->has_failed) throw std::bad_alloc();
    if (!of_->is_whole) return {};
    if (next_ == of_->pieces.size()) return {.is_end = true};
    return {.text = of_->pieces[next_++]};
  }

 private:
  std::shared_ptr<const Scrapes::Scrape> of_;
  std::size_t next_ = 0;
};

}  // namespace

Scrapes::~Scrapes() {
  for (Latest& each : latest_) loop_.timers().cancel(each.timer);
}

std::shared_ptr<Feed> Scrapes::feed(MetricsFormat format) {
  Latest& latest = latest_[static_cast<std::size_t>(format)];
  const bool is_fresh = latest.scrape != nullptr && !latest.scrape->has_failed &&
                        loop_.now() - latest.begun <= kFreshFor;
  if (latest.text == nullptr && !is_fresh) {
    auto text = std::make_unique<MetricsText>(of_, format);
    latest.scrape = std::make_shared<Scrape>();
    latest.text = std::move(text);
    latest.begun = loop_.now();
    write_on(latest);
  }
  return std::make_shared<ScrapeFeed>(latest.scrape);
}

/// One slice, and the others later; a text that cannot be written on fails for all who wait for it.
void Scrapes::write_on(Latest& latest) noexcept {
  loop_.charge(kSliceWork);
  bool is_over = false;
  if (!has_memory_for([&] { is_over = write_piece(latest); }))
    is_over = latest.scrape->has_failed = true;
  if (!is_over) return;
  latest.text.reset();
  latest.scrape->is_whole = true;
  (void)has_memory_for(on_news_);
}

/// Whether that was the last one.
bool Scrapes::write_piece(Latest& latest) {
  latest.scrape->pieces.push_back(std::make_shared<const std::string>(latest.text->next()));
  if (latest.text->is_whole()) return true;
  latest.timer = loop_.timers().add(loop_.now() + kSlicePause, [this, &latest] {
    latest.timer = 0;
    write_on(latest);
  });
  return false;
}

}  // namespace reactord
