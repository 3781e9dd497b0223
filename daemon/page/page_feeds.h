// SPDX-License-Identifier: MIT
// What is sent of the live figures as it comes about: a stream of server-sent events, and answers
// that wait for the first figures.
//   https://html.spec.whatwg.org/multipage/server-sent-events.html
//
//   event: history   {"run", "points"}: the seconds that the reader has not had; at the beginning,
//                    and for who has missed some
//   event: second    {"n", "point", and each of kPageParts}; its id is "RUN-NUMBER"
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/page/feed.h"
#include "daemon/page/live_figures.h"

namespace reactord {

/// `last_id` is the Last-Event-ID of who comes back, or "". Of what its reader is too slow for it
/// keeps nothing: one piece is under way, and what was missed meanwhile is one more.
[[nodiscard]] std::shared_ptr<Feed> live_stream(LiveFigures& figures, std::string_view last_id);

/// One piece: what `write` makes of the figures once there are some.
[[nodiscard]] std::shared_ptr<Feed> first_figures(
    LiveFigures& figures, std::function<std::string(const LiveFigures&)> write);

}  // namespace reactord
