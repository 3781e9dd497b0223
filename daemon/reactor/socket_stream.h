// SPDX-License-Identifier: MIT
// The real Stream: a connected, non-blocking socket, which it owns.
#pragma once

#include "daemon/reactor/stream.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

class SocketStream final : public Stream {
 public:
  explicit SocketStream(UniqueFd fd) : fd_(std::move(fd)) {}

  [[nodiscard]] IoResult receive(std::span<char> into) noexcept override;
  [[nodiscard]] IoResult send(std::string_view bytes) noexcept override;
  void finish_sending() noexcept override;
  [[nodiscard]] int fd() const noexcept override { return fd_.get(); }

 private:
  UniqueFd fd_;
};

}  // namespace reactord
