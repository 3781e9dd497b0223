// SPDX-License-Identifier: MIT
// A non-blocking byte stream, as a connection sees it. A socket is the real one; tests play scripts
// of short reads, stalls and resets through it. What a stream's system calls leave in errno
// is a named result from here on.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace reactord {

enum class IoStatus : std::uint8_t {
  ok,           ///< `bytes` were moved, at least one
  would_block,  ///< none now; the loop says when
  end,          ///< receive only: the peer has finished sending
  cut_off,      ///< receive only: the input is over, but not by a word of the peer's own (TLS)
  lost,         ///< reset, timed out or broken: nothing more can be moved either way
};

struct IoResult {
  IoStatus status = IoStatus::ok;
  std::size_t bytes = 0;
  /// The errno of `lost`, for the log. Of `would_block`: 0, or why nothing will tell when it can be
  /// tried again, since not the socket but the kernel's memory is short.
  int error = 0;
  /// Of `ok`: fewer bytes than there was room for, though more could be moved at once.
  bool has_more = false;

  /// The kernel has given up: the peer has taken nothing for too long.
  [[nodiscard]] bool is_timeout() const noexcept { return error == ETIMEDOUT; }
};

enum class Delivery : std::uint8_t {
  arrived,    ///< the peer's side has acknowledged it
  under_way,  ///< not yet
  lost,       ///< it met a reset, or an error
};

class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  /// `into` and `bytes` must not be empty: an empty receive looks like the end.
  [[nodiscard]] virtual IoResult receive(std::span<char> into) noexcept = 0;
  [[nodiscard]] virtual IoResult send(std::string_view bytes) noexcept = 0;
  /// The same for several pieces behind each other, in one call: at most kMaxParts, none empty.
  /// As many as a batch of replies has (protocol/buffers/gather_list.h), and few enough for the
  /// stack.
  static constexpr std::size_t kMaxParts = 32;
  [[nodiscard]] virtual IoResult send_parts(std::span<const std::string_view> parts) noexcept = 0;
  /// What the stream itself has to send behind the last byte and in front of FIN, such as TLS'
  /// close_notify; no FIN. Again after would_block, once the loop says that there is room.
  [[nodiscard]] virtual IoStatus send_end() noexcept { return IoStatus::ok; }
  /// Tells the peer that nothing more will come (FIN), once what was sent before has arrived. False
  /// if the stream is lost.
  virtual bool finish_sending() noexcept = 0;
  /// When it is closed, the peer gets a reset instead of FIN, and what it has not taken yet is
  /// thrown away: the end of a stream that is cut off must not look like one in order. Over a Unix
  /// socket it does all the same, since the kernel has no reset for it.
  virtual void reset_on_close() noexcept = 0;
  /// What is known of all that was sent.
  [[nodiscard]] virtual Delivery delivery() const noexcept = 0;
  /// Who is at the other end: "127.0.0.1:50000". Also after the stream is lost.
  [[nodiscard]] virtual std::string peer() const = 0;
  /// Its address as IPv6, IPv4 as ::ffff:a.b.c.d; zeros where there is none.
  [[nodiscard]] virtual std::array<std::uint8_t, 16> peer_ip() const noexcept = 0;
  /// Its port; 0 where there is none.
  [[nodiscard]] virtual std::uint16_t peer_port() const noexcept { return 0; }
  /// The subject's common name in the certificate that the peer has shown and that was verified;
  /// its first alternative name where it has no such name, and "" where there is none.
  [[nodiscard]] virtual std::string certificate_name() const { return {}; }
  /// All there is of it is its descriptor: whoever has that one can go on with it, in another
  /// process too.
  [[nodiscard]] virtual bool can_change_process() const noexcept { return false; }
  /// The descriptor behind it, for the loop and for CLIENT LIST; -1 where there is none.
  [[nodiscard]] virtual int fd() const noexcept = 0;
};

}  // namespace reactord
