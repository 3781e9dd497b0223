// SPDX-License-Identifier: MIT
// The keys that session tickets are sealed with (RFC 5077, RFC 8446 section 4.6.1): a client shows
// its ticket, and need not begin anew. Made at random in memory and never written, they are
// replaced as time goes, and with the last of them goes what could open recorded sessions. Used by
// the loop and by the thread that shakes hands.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>

#include "daemon/tls/openssl.h"

struct evp_mac_ctx_st;

namespace reactord::tls {

class TicketKeys {
 public:
  using Clock = std::chrono::steady_clock;
  /// A key seals for this long, and opens for as long again: so a ticket is good for an hour at
  /// least, which is what clients that come again come within.
  static constexpr auto kSealingTime = std::chrono::hours(1);

  explicit TicketKeys(std::function<Clock::time_point()> now = Clock::now) : now_(std::move(now)) {}
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  /// What SSL_CTX_set_tlsext_ticket_key_evp_cb(3) asks for. Sealing: fills name and iv, and
  /// prepares both contexts; 1, or -1 where there is no randomness. Opening: 1, 2 for a ticket that
  /// should be renewed, or 0 where its key has gone.
  [[nodiscard]] int seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                         evp_mac_ctx_st* mac);
  [[nodiscard]] int open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                         evp_mac_ctx_st* mac);

  /// Forgets what is too old; from a timer, since nobody may come for long.
  void forget_old();

 private:
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
    Clock::time_point made;
  };
  [[nodiscard]] static std::optional<Key> make(Clock::time_point now);
  void rotate(Clock::time_point now);
  static void forget(std::optional<Key>& key);

  std::function<Clock::time_point()> now_;
  std::mutex mutex_;
  std::optional<Key> current_;
  std::optional<Key> previous_;
};

}  // namespace reactord::tls
