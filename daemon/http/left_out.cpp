// SPDX-License-Identifier: MIT
// In place of the site, where the build has none (REACTORD_HTTP).
#include "daemon/http/http_site.h"

namespace reactord {

class HttpSite::Engine {};

HttpSite::HttpSite(EventLoop& loop, Token token, std::size_t most, Answer answer,
                   std::function<void()> on_room)
    : loop_(loop),
      token_(token),
      most_(most),
      answer_(std::move(answer)),
      on_room_(std::move(on_room)) {
  // Nobody comes: the compiler need not tell that nothing is done with them.
  (void)loop_;
  (void)token_;
  (void)most_;
}

HttpSite::~HttpSite() = default;

bool HttpSite::has_room() const {
  return true;
}

void HttpSite::want_room() noexcept {}

void HttpSite::take_in(UniqueFd, const SocketAddress&) {}

void HttpSite::on_event() noexcept {}

void HttpSite::wake() {}

std::string problem_with_http() {
  return "this reactord was built without HTTP (REACTORD_HTTP=OFF)";
}

}  // namespace reactord
