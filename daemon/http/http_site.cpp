// SPDX-License-Identifier: MIT
#include "daemon/http/http_site.h"

#include <new>
#include <utility>

#include "daemon/http/http_engine.h"
#include "daemon/http/microhttpd.h"
#include "daemon/reactor/out_of_memory.h"

namespace reactord {

HttpSite::HttpSite(EventLoop& loop, Token token, std::size_t most, Answer answer,
                   std::function<void()> on_room)
    : loop_(loop),
      token_(token),
      most_(most),
      answer_(std::move(answer)),
      on_room_(std::move(on_room)) {}

HttpSite::~HttpSite() = default;

bool HttpSite::has_room() const {
  return engine_ == nullptr || engine_->size() < most_;
}

void HttpSite::want_room() noexcept {
  if (engine_ != nullptr) engine_->make_room();
}

void HttpSite::take_in(UniqueFd fd, const SocketAddress& peer) {
  if (engine_ == nullptr) {
    std::string problem;
    const Microhttpd* const library = load_microhttpd(problem);
    if (library == nullptr) return;  // not since the configuration was checked
    auto engine = std::make_unique<Engine>(*this, *library);
    if (!engine->is_running()) throw std::bad_alloc();
    engine_ = std::move(engine);
  }
  engine_->add(std::move(fd), peer);
}

/// Without memory for a timer the next event, or the next visitor, goes on.
void HttpSite::on_event() noexcept {
  if (engine_ != nullptr) (void)has_memory_for([this] { engine_->run(); });
}

void HttpSite::wake() {
  if (engine_ != nullptr) engine_->wake();
}

std::string problem_with_http() {
  std::string problem;
  (void)load_microhttpd(problem);
  return problem;
}

}  // namespace reactord
