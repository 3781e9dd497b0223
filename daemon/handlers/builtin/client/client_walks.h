// SPDX-License-Identifier: MIT
// CLIENT LIST and CLIENT KILL: walks over all clients, cut into slices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "daemon/handlers/builtin/client/client_filter.h"
#include "daemon/interface/handler.h"

namespace reactord {

/// The memory of all lists in the making: a list must be complete before it is sent, because RESP
/// announces its length, and it counts in no connection's buffers until then.
class ListBudget {
 public:
  /// Twenty lists of 10,000 clients.
  static constexpr std::size_t kMaxBytes = 64u << 20;

  [[nodiscard]] bool take(std::size_t bytes) {
    used_bytes_ += bytes;
    return used_bytes_ <= kMaxBytes;
  }
  void give_back(std::size_t bytes) { used_bytes_ -= bytes; }

 private:
  std::size_t used_bytes_ = 0;
};

/// Answers `self` with a line for each client that `filter` means.
[[nodiscard]] std::unique_ptr<ReplyProducer> list_clients(const Service& service,
                                                          ClientFilter filter, std::uint64_t self,
                                                          std::shared_ptr<ListBudget> budget);
/// Ends each client that `filter` means, and answers `self` with how many. `who` asks, for the log.
[[nodiscard]] std::unique_ptr<ReplyProducer> kill_clients(Service& service, ClientFilter filter,
                                                          std::uint64_t self, std::string who);

}  // namespace reactord
