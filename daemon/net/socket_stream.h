// SPDX-License-Identifier: MIT
// The real Stream: a connected, non-blocking socket, which it owns.
#pragma once

#include <array>
#include <cstdint>

#include "daemon/net/socket_address.h"
#include "daemon/net/stream.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

/// What the socket holds already, without taking it; and the same, taken. As Stream::receive().
[[nodiscard]] IoResult peek_socket(int fd, std::span<char> into) noexcept;
[[nodiscard]] IoResult receive_socket(int fd, std::span<char> into) noexcept;

class SocketStream final : public Stream {
 public:
  SocketStream(UniqueFd fd, const SocketAddress& peer);

  [[nodiscard]] IoResult receive(std::span<char> into) noexcept override;
  [[nodiscard]] IoResult send(std::string_view bytes) noexcept override;
  [[nodiscard]] IoResult send_parts(std::span<const std::string_view> parts) noexcept override;
  bool finish_sending() noexcept override;
  void reset_on_close() noexcept override;
  [[nodiscard]] Delivery delivery() const noexcept override;
  [[nodiscard]] std::string peer() const override;
  [[nodiscard]] std::array<std::uint8_t, 16> peer_ip() const noexcept override { return peer_ip_; }
  [[nodiscard]] std::uint16_t peer_port() const noexcept override { return peer_port_; }
  [[nodiscard]] bool can_change_process() const noexcept override { return true; }
  [[nodiscard]] int fd() const noexcept override { return fd_.get(); }

 private:
  UniqueFd fd_;
  // The peer in 19 bytes instead of a SocketAddress's 112: there is one for each connection.
  std::array<std::uint8_t, 16> peer_ip_;
  std::uint16_t peer_port_;
  std::uint8_t peer_family_;
};

}  // namespace reactord
