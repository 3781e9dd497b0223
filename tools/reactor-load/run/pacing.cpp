// SPDX-License-Identifier: MIT
#include "tools/reactor-load/run/pacing.h"

#include <algorithm>
#include <cmath>

namespace reactord::load {
namespace {

bool is_later(const Agenda::Entry& a, const Agenda::Entry& b) {
  return a.when > b.when;
}

}  // namespace

Pacer::Pacer(TimePoint first, std::chrono::duration<double> interval, Arrivals arrivals,
             std::uint64_t seed)
    : first_(first), interval_(interval), arrivals_(arrivals), rng_(seed), due_(first) {
  if (arrivals_ == Arrivals::random) advance();
}

void Pacer::advance() {
  ++number_;
  offset_ =
      arrivals_ == Arrivals::even ? interval_ * static_cast<double>(number_) : offset_ + gap();
  due_ = first_ + std::chrono::duration_cast<Duration>(offset_);
}

std::chrono::duration<double> Pacer::gap() {
  return interval_ * -std::log(rng_.unit());
}

void Agenda::add(const Entry& entry) {
  heap_.push_back(entry);
  std::push_heap(heap_.begin(), heap_.end(), is_later);
}

std::optional<TimePoint> Agenda::next() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().when;
}

std::optional<Agenda::Entry> Agenda::pop_due(TimePoint now) {
  if (heap_.empty() || heap_.front().when > now) return std::nullopt;
  std::pop_heap(heap_.begin(), heap_.end(), is_later);
  const Entry entry = heap_.back();
  heap_.pop_back();
  return entry;
}

}  // namespace reactord::load
