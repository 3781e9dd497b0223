// SPDX-License-Identifier: MIT
// A byte stream to another server, kept up by itself: connects, and connects again after it has
// ended, with growing pauses in between and one attempt at a time. TCP or a Unix socket; names are
// resolved beside the loop. All calls come from the loop's thread, and all callbacks go to it.
//
//   resting --(pause)--> connecting --> connected --(end, error, close())--> resting
//                           '--(no address answers)--> resting, longer
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace reactord {

class Buffer;
class Connector;
class Service;

struct OutgoingStreamSettings {
  /// "host:port", "127.0.0.1:6379", "[::1]:6379", "unix:/run/service.sock".
  std::string address;
  /// Of an attempt: name and all addresses together.
  std::chrono::milliseconds connect_timeout{1000};
  /// Between attempts: doubled after each that failed, and then a random part of the second half of
  /// it left out, so that clients of one server do not come all at once.
  std::chrono::milliseconds least_back_off{100};
  std::chrono::milliseconds most_back_off{10'000};
  std::size_t max_output_bytes = 16u << 20;  ///< sent, and not taken by the kernel yet
  /// Received and not used by on_bytes(): more ends the connection.
  std::size_t max_input_bytes = 16u << 20;
};

/// Whoever uses the stream. Each of these may destroy it.
class OutgoingStreamUser {
 public:
  virtual ~OutgoingStreamUser() = default;
  virtual void on_connected() = 0;
  /// All that was received and not used yet, at least a byte more than in the last call. Returns
  /// how many bytes at its front are used; the others are shown again with what follows them.
  [[nodiscard]] virtual std::size_t on_bytes(std::string_view bytes) = 0;
  /// The connection has ended, or an attempt has failed. What was not sent is dropped.
  virtual void on_closed(std::string_view why) = 0;
};

class OutgoingStream {
 public:
  /// Begins to connect from the loop. Throws std::invalid_argument if the address is none; says
  /// what is wrong with it. `service` and `user` must outlive the stream.
  OutgoingStream(Service& service, OutgoingStreamSettings settings, OutgoingStreamUser& user);
  /// For tests: whoever connects, and a random number from 0 to below 1.
  OutgoingStream(Service& service, OutgoingStreamSettings settings, OutgoingStreamUser& user,
                 std::unique_ptr<Connector> connector, std::function<double()> random);
  OutgoingStream(const OutgoingStream&) = delete;
  OutgoingStream& operator=(const OutgoingStream&) = delete;
  /// Closes. No callback is called any more.
  ~OutgoingStream();

  [[nodiscard]] bool is_connected() const;
  /// Whether no attempt has failed, and no connection ended without having been good, since the
  /// last one that was.
  [[nodiscard]] bool is_promising() const;

  /// Sends at the end of this turn, in one call for all of it. False where nothing was taken: not
  /// connected, or the queue would exceed its bound.
  [[nodiscard]] bool send(std::string_view bytes);
  [[nodiscard]] std::size_t unsent_bytes() const;

  /// For those who write into the queue themselves, while connected; then flush_soon(). The bound
  /// is theirs to keep.
  [[nodiscard]] Buffer& output();
  void flush_soon();
  /// Calls on_bytes() again for bytes that it did not use, without new ones.
  void show_again();

  /// The server has done what it is for: the pause after this connection is the least again.
  void mark_good();
  /// Ends the connection, and tells on_closed() `why` from within. The next attempt follows after
  /// its pause.
  void close(std::string_view why);

  struct Counters {
    std::uint64_t connections = 0;
    std::uint64_t failed_attempts = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
  };
  [[nodiscard]] const Counters& counters() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace reactord
