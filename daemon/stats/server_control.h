// SPDX-License-Identifier: MIT
// What a command may ask of the running daemon: the part of the server that its service knows.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/interface/service.h"

namespace reactord {

/// `who` asks, for the log: "unix: (client 7)".
class ServerControl {
 public:
  virtual ~ServerControl() = default;

  /// The word of the level in force: "info".
  [[nodiscard]] virtual std::string log_level() const = 0;
  /// In force at once, until it is changed, here or in the file, or the process ends. The problem,
  /// or "".
  [[nodiscard]] virtual std::string set_log_level(std::string_view level, std::string_view who) = 0;
  /// One in so many requests is logged; the same of it.
  [[nodiscard]] virtual std::int64_t access_sample() const = 0;
  [[nodiscard]] virtual std::string set_access_sample(std::int64_t one_in,
                                                      std::string_view who) = 0;
  /// Which kinds of events have another level than their own, "connected = info", as log.levels has
  /// them; and from now on, the same of them.
  [[nodiscard]] virtual std::span<const std::string> log_levels() const = 0;
  [[nodiscard]] virtual std::string set_log_levels(std::vector<std::string> rules,
                                                   std::string_view who) = 0;
  /// As SIGHUP does; the answer comes from the loop.
  virtual void reload(std::string_view who, std::function<void(const ReloadOutcome&)> answer) = 0;
  /// Whether new clients are refused, or are about to be; and from now on, once deadlines.leave has
  /// passed. Who is connected stays.
  [[nodiscard]] virtual bool is_draining() const = 0;
  virtual void set_draining(bool is_draining, std::string_view who) = 0;
  /// Why balancers should send their clients elsewhere, or "".
  [[nodiscard]] virtual std::string why_draining() const = 0;
  /// Until the first certificate in use runs out; nothing where there is none.
  [[nodiscard]] virtual std::optional<std::int64_t> certificate_days_left() const = 0;
  /// Until then the requests of clients wait; those of administrators do not.
  virtual void pause_clients(std::chrono::milliseconds length, std::string_view who) = 0;
  virtual void resume_clients(std::string_view who) = 0;
  /// Until they are served again; 0 where there is no pause.
  [[nodiscard]] virtual std::chrono::milliseconds pause_left() const = 0;
  /// To the process that asks on this connection, once the replies of this turn are sent; it reads
  /// states up to `format`. Why not, or "".
  [[nodiscard]] virtual std::string hand_over(std::uint64_t client, std::int64_t format,
                                              std::string_view who) = 0;
  /// As SIGTERM does, once the replies of this turn are sent.
  virtual void shut_down(std::string_view who) = 0;
};

}  // namespace reactord
