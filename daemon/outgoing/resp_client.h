// SPDX-License-Identifier: MIT
// Asks a server that speaks RESP (Redis, Valkey, a service of one's own): one connection, kept up
// by itself, over which any number of requests are under way at once. Each gets its own reply, or
// is told why there is none.
//
//   RespClient redis(service, {.address = "10.0.0.7:6379"});
//   const std::string_view words[] = {"GET", key};
//   if (redis.request(words, [this, id](const RespResult& result) { ... }) == 0) ... // BUSY
//
// All calls come from the loop's thread, and all callbacks go to it. What a request changes of the
// connection itself (SELECT, MULTI, SUBSCRIBE, blocking commands) it changes for all who ask
// through this client: that is the caller's business.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "protocol/replies/reply_limits.h"

namespace reactord {

class Service;
class Connector;

struct RespClientSettings {
  /// "host:port", "127.0.0.1:6379", "[::1]:6379", "unix:/run/redis.sock".
  std::string address;
  /// Of an attempt: name and all addresses together. A request waits no longer than this for a
  /// connection.
  std::chrono::milliseconds connect_timeout{1000};
  /// From when a request is written to the connection.
  std::chrono::milliseconds reply_timeout{1000};
  /// Requests whose reply is owed, late and cancelled ones among them.
  std::size_t max_pending = 4096;
  /// Bytes of requests that the kernel has not taken yet. A request longer than this is never
  /// accepted.
  std::size_t max_pending_bytes = 16u << 20;
  /// Between attempts: doubled after each that failed, and then a random part of the second half of
  /// it left out, so that clients of one server do not come all at once.
  std::chrono::milliseconds least_back_off{100};
  std::chrono::milliseconds most_back_off{10'000};
  /// 3: HELLO 3 is said first; a server that refuses it is spoken to in RESP2.
  int protocol = 2;
  /// Of one reply; a longer one ends the connection.
  ReplyLimits reply_limits{};
};

struct RespResult {
  enum class Status : std::uint8_t {
    replied,
    timed_out,    ///< sent, and not answered within reply_timeout
    lost,         ///< the connection ended after it was sent: nobody knows whether it was served
    unavailable,  ///< never sent: there was no connection in time
  };
  Status status = Status::replied;
  /// Exactly one reply as it was sent, attributes in front of it included. Valid during the call.
  std::string_view bytes = {};
  bool is_error = false;          ///< of `replied`: the reply is an error
  std::string_view problem = {};  ///< of the others, for people. Valid during the call
};

/// What an exception of it says is logged. One that captures two words costs no allocation.
using RespCallback = std::function<void(const RespResult&)>;

class RespClient {
 public:
  /// Begins to connect from the loop. Throws std::invalid_argument if the address is none; says
  /// what is wrong with it. `service` must outlive the client.
  RespClient(Service& service, RespClientSettings settings);
  /// For tests: whoever connects, and a random number from 0 to below 1.
  RespClient(Service& service, RespClientSettings settings, std::unique_ptr<Connector> connector,
             std::function<double()> random);
  RespClient(const RespClient&) = delete;
  RespClient& operator=(const RespClient&) = delete;
  /// May be called from within any callback. Requests that wait are dropped; their callbacks are
  /// destroyed, not called.
  ~RespClient();

  /// 0: nothing was accepted (no room, or is_available() is false). Otherwise a ticket; the
  /// callback is called exactly once, from the loop, never within request().
  [[nodiscard]] std::uint64_t request(std::span<const std::string_view> words,
                                      RespCallback callback);
  /// The request's reply is thrown away when it comes; its callback is destroyed, and not called
  /// any more. Its place in the order stays, and it may still be sent. A ticket that is over:
  /// nothing.
  void cancel(std::uint64_t ticket);

  [[nodiscard]] bool is_connected() const;
  /// Connected, or about to be: the last attempt has not failed. Where it has, requests are refused
  /// until another one succeeds.
  [[nodiscard]] bool is_available() const;
  /// That the connection speaks: 3 once HELLO 3 was accepted.
  [[nodiscard]] int protocol() const;
  /// Requests that hold a place in the order.
  [[nodiscard]] std::size_t pending() const;
  /// Bytes of them that the kernel has not taken.
  [[nodiscard]] std::size_t pending_bytes() const;
  [[nodiscard]] const RespClientSettings& settings() const;

  /// `is_connected` has changed, or an attempt has failed; why it is not. Called before those who
  /// waited are told.
  void on_state(std::function<void(bool is_connected, std::string_view why)> callback);
  /// RESP3's pushes, which are dropped otherwise. The bytes are valid during the call.
  void on_push(std::function<void(std::string_view bytes)> callback);

  struct Counters {
    std::uint64_t requests = 0;  ///< accepted
    std::uint64_t refused = 0;
    std::uint64_t replies = 0;      ///< handed to a callback
    std::uint64_t errors = 0;       ///< of these
    std::uint64_t thrown_away = 0;  ///< replies that were late, or cancelled
    std::uint64_t timed_out = 0;
    std::uint64_t lost = 0;
    std::uint64_t unavailable = 0;
    std::uint64_t cancelled = 0;
    std::uint64_t pushes = 0;
    std::uint64_t connections = 0;
    std::uint64_t failed_attempts = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
  };
  [[nodiscard]] Counters counters() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace reactord
