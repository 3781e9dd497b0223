// SPDX-License-Identifier: MIT
// Whoever asks by HTTP: a bounded number of connections of their own, which libmicrohttpd serves in
// turns of our loop. Owns them and its daemon, which has an epoll of its own that the loop watches.
// What is answered is in http_pages.h.
#pragma once

#include <functional>
#include <memory>

#include "daemon/admission/visitors.h"
#include "daemon/http/http_pages.h"
#include "daemon/reactor/event_loop.h"

namespace reactord {

class HttpSite final : public Visitors {
 public:
  using Answer = std::function<HttpAnswer(const HttpQuestion&)>;
  /// At most `most` at one time. The loop tells of it under `token`. `on_room` is called where
  /// somebody has gone.
  HttpSite(EventLoop& loop, Token token, std::size_t most, Answer answer,
           std::function<void()> on_room);
  HttpSite(const HttpSite&) = delete;
  HttpSite& operator=(const HttpSite&) = delete;
  ~HttpSite() override;

  // --- Visitors ---
  [[nodiscard]] bool has_room() const override;
  void want_room() noexcept override;
  void take_in(UniqueFd fd, const SocketAddress& peer) override;

  void on_event() noexcept;
  /// The feeds of answers have more to say. Throws std::bad_alloc.
  void wake();

 private:
  class Engine;

  EventLoop& loop_;
  Token token_;
  std::size_t most_;
  Answer answer_;
  std::function<void()> on_room_;
  std::unique_ptr<Engine> engine_;  ///< null until the first of them comes
};

/// Why a listener cannot speak HTTP here, or "". Takes milliseconds the first time.
[[nodiscard]] std::string problem_with_http();

}  // namespace reactord
