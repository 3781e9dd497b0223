// SPDX-License-Identifier: MIT
#include "daemon/admission/stages/proxy_stage.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

#include "daemon/net/socket_stream.h"

namespace reactord {

namespace {

/// Of one look: any header without long TLVs.
constexpr std::size_t kPeekedBytes = 1024;
/// Looks of one step: a header of 64 KiB takes a few, and each some microseconds.
constexpr int kMaxLooksPerStep = 8;

StageStep refused(std::string_view problem) {
  return {.status = StageStep::Status::refused,
          .refusal = {Event::refused_proxy_header,
                      fmt::format("ERR this listener takes connections that begin with a PROXY "
                                  "header alone, and {}",
                                  problem),
                      std::string(problem)}};
}

StageStep lost(std::string_view problem) {
  return {.status = StageStep::Status::refused,
          .refusal = {Event::refused_lost, {}, std::string(problem)}};
}

/// They lie in the socket already: all are taken at once, or something is wrong with it.
bool take_peeked(int fd, std::span<char> bytes) {
  const IoResult result = receive_socket(fd, bytes);
  return result.status == IoStatus::ok && result.bytes == bytes.size();
}

}  // namespace

StageStep ProxyStage::step(int fd) {
  std::array<char, kPeekedBytes> peeked;
  std::size_t taken = 0;
  for (int look = 0; look < kMaxLooksPerStep; ++look) {
    const IoResult result = peek_socket(fd, peeked);
    if (result.status == IoStatus::would_block) return {.bytes = taken};
    if (result.status == IoStatus::end) return lost("it has closed before its PROXY header");
    if (result.status == IoStatus::lost) return lost(std::strerror(result.error));
    const auto [status, bytes] = parser_.feed({peeked.data(), result.bytes});
    if (bytes > 0 && !take_peeked(fd, std::span(peeked).first(bytes)))
      return lost("its PROXY header cannot be read");
    taken += bytes;
    if (status == ProxyHeaderParser::Status::error) return refused(parser_.error());
    if (status == ProxyHeaderParser::Status::done)
      return {.status = StageStep::Status::done, .bytes = taken};
    if (bytes < result.bytes) return {.bytes = taken};  // a piece that says nothing by itself
  }
  return {.status = StageStep::Status::unfinished, .bytes = taken};
}

std::optional<SocketAddress> ProxyStage::client() const {
  if (!parser_.client()) return std::nullopt;
  return SocketAddress::mapped(parser_.client()->mapped_ip, parser_.client()->port);
}

}  // namespace reactord
