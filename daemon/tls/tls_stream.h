// SPDX-License-Identifier: MIT
// The second real Stream: a socket with TLS on it. Owns the session, which owns the socket. Begins
// where the handshake is done. One pointer: a connection at rest holds nothing beyond what OpenSSL
// itself keeps.
//
//   recv -> records -> receive()       end        the peer's close_notify
//   send(), send_parts() -> records    cut_off    FIN without it, which anybody on the way can send
//   send_end(): close_notify           lost       reset, or a record that is not what it should be
#pragma once

#include "daemon/net/stream.h"

struct ssl_st;  // OpenSSL's SSL

namespace reactord {

class TlsStream final : public Stream {
 public:
  /// Takes over a session whose BIO is a socket (socket_bio.h).
  explicit TlsStream(::ssl_st& session) noexcept : session_(&session) {}
  /// The peer is told of an end in order, once at most, and without waiting.
  ~TlsStream() override;

  [[nodiscard]] IoResult receive(std::span<char> into) noexcept override;
  /// After would_block, or where fewer bytes were taken than given, the next call begins with the
  /// bytes that were not taken, and has at least as many: they may lie elsewhere.
  [[nodiscard]] IoResult send(std::string_view bytes) noexcept override;
  [[nodiscard]] IoResult send_parts(std::span<const std::string_view> parts) noexcept override;
  [[nodiscard]] IoStatus send_end() noexcept override;
  bool finish_sending() noexcept override;
  void reset_on_close() noexcept override;
  [[nodiscard]] Delivery delivery() const noexcept override;
  [[nodiscard]] std::string peer() const override;
  [[nodiscard]] std::array<std::uint8_t, 16> peer_ip() const noexcept override;
  /// Of the certificate's subject the common name, or its first DNS name or address where it has
  /// none.
  [[nodiscard]] std::string certificate_name() const override;
  [[nodiscard]] int fd() const noexcept override;

  /// Plain text that one call of send() takes at most: encrypting so much takes the half of a
  /// millisecond at worst, and the kernel would take megabytes.
  static constexpr std::size_t kMaxSendBytes = 256u << 10;
  /// Records without data that one receive takes: an honest client sends a key update now and then.
  /// Each costs some 15 microseconds, and clients could send them without end.
  static constexpr std::uint16_t kMaxControlRecords = 32;

 private:
  ::ssl_st* session_;
};

}  // namespace reactord
