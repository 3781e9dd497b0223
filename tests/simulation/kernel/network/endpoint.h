// SPDX-License-Identifier: MIT
// One end of a connection, TCP's or of Unix sockets, as applications see it (tcp(7), unix(7),
// net/ipv4/tcp.c, net/unix/af_unix.c): buffers that fill, windows that close, half-close, resets,
// urgent marks, and what poll(2) says of all that. Who is behind it, the daemon's socket or a
// simulated client, it does not know.
//
//   send() -> outbox --- the peer's window ---> on the wire -> the peer's inbox -> receive()
//             '------- counted as sent until acknowledged -------'
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/simulation/kernel/random.h"
#include "tests/simulation/kernel/timeline.h"

namespace simulation {

/// What is between the two ends. Both ends have one of their own, for the direction away from them.
struct Link {
  bool is_unix = false;  ///< nothing is between them
  Moment latency{std::chrono::microseconds(50)};
  Moment jitter{std::chrono::microseconds(20)};
  std::size_t send_capacity = 64u << 10;
  std::size_t receive_capacity = 64u << 10;
  std::size_t segment = 1460;
};

class Endpoint : public std::enable_shared_from_this<Endpoint> {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    /// As OpenFile::wake().
    virtual void on_wake(std::uint32_t events) = 0;
  };

  Endpoint(Timeline& timeline, Random random, const Link& link)
      : timeline_(timeline), random_(random), link_(link) {}
  static void connect(const std::shared_ptr<Endpoint>& a, const std::shared_ptr<Endpoint>& b);

  void set_owner(Owner* owner) { owner_ = owner; }

  // --- what its application does ---
  [[nodiscard]] long receive(char* into, std::size_t size);
  /// MSG_PEEK: it stays there.
  [[nodiscard]] long peek(char* into, std::size_t size) const;
  [[nodiscard]] long send(std::string_view bytes);
  /// MSG_OOB: the last byte is marked as urgent.
  [[nodiscard]] long send_urgent(std::string_view bytes);
  [[nodiscard]] long finish_sending();
  /// SHUT_RDWR: the same, and whoever sends to it gets RST.
  [[nodiscard]] long shut_down();
  /// Nobody will use it any more. `is_reset`: by RST in any case (SO_LINGER with no time).
  void close(bool is_reset);
  [[nodiscard]] std::uint32_t poll();
  /// SO_ERROR: what it returns is forgotten.
  [[nodiscard]] int take_error();
  /// SIOCOUTQ: sent and not acknowledged, a FIN as one.
  [[nodiscard]] std::size_t unacknowledged() const;
  [[nodiscard]] std::size_t readable_bytes() const { return inbox_.size() - inbox_read_; }
  [[nodiscard]] bool is_at_end() const { return (fin_received_ || dead_) && readable_bytes() == 0; }
  /// Of all that was sent, what the peer's kernel has.
  [[nodiscard]] std::uint64_t delivered() const {
    return peer_ != nullptr ? peer_->received_total_ : 0;
  }
  /// The application at the other end has closed.
  [[nodiscard]] bool is_abandoned() const { return peer_ == nullptr || peer_->app_closed_; }
  /// Neither direction works any more.
  [[nodiscard]] bool is_dead() const { return dead_ || unix_peer_closed_; }
  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] bool has_fin() const { return fin_received_; }

  // --- options ---
  void set_user_timeout(Moment timeout) { user_timeout_ = timeout; }
  void set_keep_alive(std::optional<Moment> patience) { keep_alive_ = patience; }
  void set_send_capacity(std::size_t bytes) { link_.send_capacity = bytes; }
  void set_urgent_inline(bool is_inline) { is_urgent_inline_ = is_inline; }

  // --- what befalls it ---
  /// From now on nothing arrives at either end: a cable was pulled.
  void cut();
  void fail(int error);
  /// The connection stands: what was written before leaves now.
  void on_connected();

 private:
  [[nodiscard]] std::size_t in_use() const;
  [[nodiscard]] bool is_writable() const;
  [[nodiscard]] Moment delay();
  [[nodiscard]] std::size_t window() const;
  [[nodiscard]] long send_to_unix_peer(std::string_view bytes);
  void transmit();
  void send_segment(std::size_t size);
  void send_fin();
  void send_reset();
  void on_segment(std::string bytes, std::optional<std::uint64_t> urgent);
  void on_acknowledged(std::size_t bytes);
  void on_fin();
  void on_fin_acknowledged();
  void on_reset();
  void on_room();
  void close_unix();
  void on_unix_peer_closed(bool was_unread);
  void become_dead();
  void watch_progress();
  void check_progress_at(Moment when);
  void check_progress();
  [[nodiscard]] Moment patience() const;
  void end_if_both_finished();
  void wake(std::uint32_t events) {
    if (owner_ != nullptr) owner_->on_wake(events);
  }
  /// Something that arrives at the peer, behind all that went before.
  template <class Arrival>
  void deliver(Arrival&& arrival);

  Timeline& timeline_;
  Random random_;
  Link link_;
  std::shared_ptr<Endpoint> peer_;
  Owner* owner_ = nullptr;

  std::string inbox_;
  std::size_t inbox_read_ = 0;        ///< of inbox_, from its start
  std::uint64_t received_total_ = 0;  ///< the place in the stream behind inbox_
  std::optional<std::uint64_t> urgent_at_;
  bool is_urgent_inline_ = false;

  std::string outbox_;
  std::size_t on_wire_ = 0;
  std::size_t unacknowledged_ = 0;
  std::uint64_t sent_total_ = 0;
  std::optional<std::uint64_t> urgent_sent_;
  Moment last_arrival_{0};
  bool wants_room_ = false;  ///< SOCK_NOSPACE

  bool is_connected_ = false;
  bool fin_queued_ = false;
  bool fin_sent_ = false;
  bool fin_acknowledged_ = false;
  bool fin_received_ = false;
  bool unix_peer_closed_ = false;
  bool app_closed_ = false;
  bool takes_no_more_ = false;  ///< RCV_SHUTDOWN
  bool dead_ = false;           ///< TCP_CLOSE
  bool is_cut_ = false;
  int error_ = 0;

  Moment user_timeout_{0};
  std::optional<Moment> keep_alive_;
  Moment last_progress_{0};
  bool is_watched_ = false;
};

}  // namespace simulation
