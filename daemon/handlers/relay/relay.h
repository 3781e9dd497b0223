// SPDX-License-Identifier: MIT
// One [[relay]] table at work: chooses a backend for each request, keeps whom its reply is for, and
// answers with it. Exactly one reply for each request, and the right one: a reply that comes too
// late finds nobody (RespClient), and a client that has left frees its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "daemon/handlers/relay/backend.h"
#include "daemon/handlers/relay/hash_ring.h"
#include "daemon/handlers/relay/relay_settings.h"
#include "daemon/interface/handler.h"

namespace reactord {

class Relay {
 public:
  Relay(Service& service, const RelaySettings& settings);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  [[nodiscard]] HandlerResult pass_on(const Request& request, ReplyWriter& reply,
                                      HandlerContext& context);
  /// Backends that stay keep their connections; those that go answer what they have got.
  void reload(const RelaySettings& settings);
  /// A line for each backend, under `prefix`.
  void append_info(std::string_view prefix, std::vector<InfoField>& fields) const;

 private:
  /// A request that a backend has.
  struct Waiting {
    DeferredReply reply;
    Backend* backend = nullptr;
    Backend::Ticket ticket;
    std::uint32_t next_free = 0;
  };
  static constexpr std::uint32_t kNone = 0xffffffff;

  void use(std::shared_ptr<const RelaySettings> settings);
  [[nodiscard]] std::unique_ptr<Backend> take_backend(const std::string& address);
  [[nodiscard]] Backend* choose(std::span<const std::string_view> words);
  [[nodiscard]] Backend* choose_by_hash(std::span<const std::string_view> words);
  [[nodiscard]] Backend* choose_least_pending();
  [[nodiscard]] Backend* choose_next();
  [[nodiscard]] std::uint32_t take_slot();
  [[nodiscard]] Waiting release(std::uint32_t slot);
  void on_result(std::uint32_t slot, const RespResult& result);
  void on_gone(std::uint32_t slot);
  void drop_retired();

  Service& service_;
  std::shared_ptr<const RelaySettings> settings_;
  std::vector<std::unique_ptr<Backend>> backends_;
  HashRing ring_;
  std::size_t next_ = 0;  ///< whose turn it is, and where a tie is broken
  std::vector<Waiting> waiting_;
  std::uint32_t free_ = kNone;

  /// That a reload has left out, until they have answered what they were asked.
  std::vector<std::unique_ptr<Backend>> retired_;
  std::unique_ptr<Timer> retired_timer_;
};

}  // namespace reactord
