// SPDX-License-Identifier: MIT
// One TLS handshake, on either side. Owns the session until a stream takes it over.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/net/handshake.h"
#include "daemon/tls/openssl.h"

namespace reactord {

class TlsHandshake final : public Handshake {
 public:
  /// Which side it is on the session knows; its BIO is a socket.
  explicit TlsHandshake(tls::SessionPtr session) noexcept : session_(std::move(session)) {}

  [[nodiscard]] HandshakeStep advance() noexcept override;
  [[nodiscard]] std::string problem() const override { return problem_; }
  [[nodiscard]] bool is_resumed() const noexcept override;
  [[nodiscard]] std::string description() const override;
  [[nodiscard]] int fd() const noexcept override;
  [[nodiscard]] std::string peer() const override;
  [[nodiscard]] Stream* make_stream(void* place, std::size_t bytes) noexcept override;
  [[nodiscard]] std::unique_ptr<Stream> take_stream() override;

  /// Handshake messages that the other side may send in all. With a certificate they are six
  /// records, and each further one is work for nothing.
  static constexpr std::uint16_t kMaxRecords = 64;

 private:
  [[nodiscard]] HandshakeStep look_at_opening() noexcept;
  [[nodiscard]] HandshakeStep answer_plain_text(std::string_view opening);
  [[nodiscard]] HandshakeStep fail(int returned);
  [[nodiscard]] std::string why_failed() const;
  void close_in_order() noexcept;

  tls::SessionPtr session_;
  std::string problem_;
  bool has_begun_ = false;  ///< the client's first bytes look like TLS
};

}  // namespace reactord
