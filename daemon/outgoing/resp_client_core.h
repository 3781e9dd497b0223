// SPDX-License-Identifier: MIT
// What a RespClient does: requests go out in the order in which they wait, and each reply belongs
// to the oldest of them. That order never shifts: a request that is late or cancelled keeps its
// place until its reply has come and is thrown away, and where that does not come either, the
// connection is closed. Knows bytes and time, not sockets.
//
//   waiting for a connection --(connected)--> sent --(reply)--> over
//        |  connect_timeout,                   |  reply_timeout: late --(reply)--> over
//        '-- attempt failed: unavailable       |                  '--(reply_timeout)--> close
//                                              '--(connection ends)--> lost
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "daemon/interface/service.h"
#include "daemon/outgoing/outgoing_stream.h"
#include "daemon/outgoing/pending_requests.h"
#include "daemon/outgoing/resp_client.h"
#include "protocol/buffers/buffer.h"
#include "protocol/replies/reply_scanner.h"

namespace reactord {

class RespClient::Core final : private OutgoingStreamUser {
 public:
  Core(Service& service, RespClientSettings settings, std::unique_ptr<Connector> connector,
       std::function<double()> random);

  [[nodiscard]] std::uint64_t request(std::span<const std::string_view> words,
                                      RespCallback&& callback) noexcept;
  void cancel(std::uint64_t ticket);

  [[nodiscard]] bool is_connected() const { return stream_.is_connected(); }
  [[nodiscard]] bool is_available() const { return is_connected() || stream_.is_promising(); }
  [[nodiscard]] int protocol() const { return protocol_; }
  [[nodiscard]] std::size_t pending() const { return pending_.size(); }
  [[nodiscard]] std::size_t pending_bytes() const {
    return is_connected() ? stream_.unsent_bytes() : waiting_.size();
  }
  [[nodiscard]] const RespClientSettings& settings() const { return settings_; }
  void on_state(std::function<void(bool, std::string_view)> callback) {
    on_state_ = std::move(callback);
  }
  void on_push(std::function<void(std::string_view)> callback) { on_push_ = std::move(callback); }
  [[nodiscard]] Counters counters() const;

 private:
  /// Callbacks of one turn for requests that end without a reply. Each completes somebody's reply,
  /// which takes a microsecond or two.
  static constexpr std::size_t kMaxEndedPerTurn = 200;
  /// Replies of one turn; what more was received waits for the next, and nothing is received
  /// before.
  static constexpr std::size_t kMaxRepliesPerTurn = 500;

  /// Whether the client has gone, to be asked after each callback.
  using Lookout = std::weak_ptr<char>;

  // --- OutgoingStreamUser ---
  void on_connected() override;
  std::size_t on_bytes(std::string_view bytes) override;
  void on_closed(std::string_view why) override;

  // --- requests
  [[nodiscard]] bool has_room_for(std::span<const std::string_view> words) const;
  void write(Buffer& out, std::span<const std::string_view> words, RespCallback&& callback);
  void send_all_that_wait();
  void say_hello();

  // --- replies
  void on_reply(std::string_view bytes);
  void on_pushed(std::string_view bytes);
  [[nodiscard]] bool is_owed();

  // --- time
  void arm(TimePoint when);
  [[nodiscard]] std::optional<TimePoint> next_time();
  void on_time();
  void expire_sent(const Lookout& gone);
  void expire_waiting(const Lookout& gone);

  // --- ends
  /// How many of those that wait belonged to what has ended.
  [[nodiscard]] std::size_t ended() const;
  void end_some(std::size_t most);
  void end(RespCallback callback, RespResult::Status status, std::string_view problem);
  void tell_state(bool is_connected, std::string why);
  void call(const RespCallback& callback, const RespResult& result);
  template <class Callback>
  void guarded(Callback&& callback);

  [[nodiscard]] Lookout lookout() const { return alive_; }

  Service& service_;
  RespClientSettings settings_;
  int protocol_ = 2;
  Counters counters_;
  std::function<void(bool, std::string_view)> on_state_;
  std::function<void(std::string_view)> on_push_;

  PendingRequests pending_;
  std::size_t late_ = 0;     ///< of those sent, the oldest, whose deadline has passed
  bool owes_hello_ = false;  ///< before all of pending_
  std::size_t hello_bytes_ = 0;
  TimePoint hello_deadline_;
  Buffer waiting_;  ///< requests, while there is no connection to send them over

  // Of the connection, in bytes: what was written to it, and how much of that has been answered.
  std::uint64_t written_ = 0;
  std::uint64_t answered_ = 0;
  ReplyScanner scanner_;
  std::size_t scanned_ = 0;  ///< of a reply that is not whole, at the front of what was received

  // A connection has ended, or an attempt has failed; those who waited are told in slices.
  std::uint64_t ended_before_ = 0;  ///< requests with lower tickets have ended
  std::uint64_t taken_ = 0;         ///< bytes that the kernel took of that connection's
  std::string why_ended_;

  std::unique_ptr<Timer> timer_;
  TimePoint armed_for_;
  std::unique_ptr<Timer> end_timer_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  ///< for lookout()
  OutgoingStream stream_;
};

}  // namespace reactord
