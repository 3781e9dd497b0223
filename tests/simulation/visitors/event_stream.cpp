// SPDX-License-Identifier: MIT
#include "tests/simulation/visitors/event_stream.h"

#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace simulation {

namespace {

/// The value of a line of that name; "" where there is none.
std::string_view line_of(std::string_view event, std::string_view name) {
  while (!event.empty()) {
    const std::string_view line = event.substr(0, event.find('\n'));
    if (line.starts_with(name)) return line.substr(name.size());
    event.remove_prefix(std::min(line.size() + 1, event.size()));
  }
  return {};
}

}  // namespace

void EventStream::take(std::string_view bytes) {
  rest_ += bytes;
  std::size_t begin = 0;
  for (std::size_t end = rest_.find("\n\n"); end != std::string::npos;
       end = rest_.find("\n\n", begin)) {
    take_event(std::string_view(rest_).substr(begin, end - begin));
    begin = end + 2;
  }
  rest_.erase(0, begin);
}

void EventStream::take_event(std::string_view event) {
  const std::string_view kind = line_of(event, "event: ");
  const std::string_view data = line_of(event, "data: ");
  if (!data.starts_with('{') || !data.ends_with('}'))
    throw std::runtime_error(fmt::format("no event: {:.100}", event));
  if (kind == "history") {
    has_history_ = true;
    return;
  }
  const std::string_view id = line_of(event, "id: ");
  const std::size_t dash = id.find('-');
  if (kind != "second" || dash == id.npos)
    throw std::runtime_error(fmt::format("no second: {:.100}", event));
  const std::uint64_t number = std::strtoull(id.data() + dash + 1, nullptr, 10);
  const bool is_next =
      std::exchange(has_history_, false) ? number > number_ : number == number_ + 1;
  if (!is_next) throw std::runtime_error(fmt::format("second {} behind {}", number, number_));
  number_ = number;
}

}  // namespace simulation
