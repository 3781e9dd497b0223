// SPDX-License-Identifier: MIT
// The PROXY header, versions 1 and 2: the first bytes of a connection, in which a proxy tells for
// whom it connects. https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt is its
// specification, to whose sections the comments here refer. Whether somebody may send one is not
// known here, and neither is whether there is one: whoever asks expects it.
//
// It takes the bytes in pieces, however they are cut, and not one beyond the header. A line
// (version 1) is taken once it is whole, since only its end tells how long it is; of a version 2
// header everything behind the first 16 bytes is taken as it comes, and nothing of it is kept but
// the address: 64 KiB of TLVs cost no memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/crc32c.h"

namespace reactord {

/// The client for whom a proxy connects.
struct ProxiedClient {
  std::array<std::uint8_t, 16> mapped_ip{};  ///< IPv4 as ::ffff:a.b.c.d
  std::uint16_t port = 0;
  bool operator==(const ProxiedClient&) const = default;
};

class ProxyHeaderParser {
 public:
  enum class Status : std::uint8_t { need_more, done, error };
  struct Result {
    Status status = Status::need_more;
    /// How many of the bytes are done with. What is left, if the header is not, is to be given
    /// again, with more behind it.
    std::size_t taken = 0;
  };

  /// Of a line, with its CRLF (2.1).
  static constexpr std::size_t kMaxLineBytes = 107;
  /// Of a version 2 header before what it announces (2.2).
  static constexpr std::size_t kFixedBytes = 16;

  /// `bytes` are those behind what was taken before.
  [[nodiscard]] Result feed(std::string_view bytes);

  // --- once it is done ---
  /// None: the connection is the sender's own (LOCAL), or it does not know whose (UNKNOWN, UNSPEC),
  /// or the client is at a Unix socket.
  [[nodiscard]] const std::optional<ProxiedClient>& client() const { return client_; }
  /// The sender speaks for itself, to see whether we are well.
  [[nodiscard]] bool is_local() const { return is_local_; }

  // --- after an error ---
  /// What is wrong with it: "its CRC-32C is wrong".
  [[nodiscard]] std::string_view error() const { return error_; }

 private:
  [[nodiscard]] Result fail(std::string_view error);
  [[nodiscard]] Result take_line(std::string_view bytes);
  [[nodiscard]] Result take_fixed(std::string_view bytes);
  [[nodiscard]] Result take_rest(std::string_view bytes, std::size_t taken);
  [[nodiscard]] std::string_view read_family(std::uint8_t family);
  void take_byte(std::uint8_t byte);
  void take_tlv_byte(std::uint8_t byte);
  void begin_tlv_value();
  [[nodiscard]] std::string_view end_problem() const;
  void read_address();

  enum class Tlv : std::uint8_t { type, length_high, length_low, value };

  std::optional<ProxiedClient> client_;
  std::string_view error_;
  bool has_fixed_ = false;  ///< the first bytes of a version 2 header are taken
  bool is_local_ = false;
  bool is_opaque_ = false;  ///< what is announced is skipped, since nothing tells what it is
  std::size_t left_ = 0;    ///< of what is announced

  std::uint8_t family_ = 0;
  std::size_t address_bytes_ = 0;  ///< of the family
  std::size_t address_at_ = 0;
  std::array<std::uint8_t, 36> address_{};  ///< of an IP family; the largest is IPv6's

  Tlv tlv_ = Tlv::type;
  std::uint8_t tlv_type_ = 0;
  std::size_t tlv_left_ = 0;
  Crc32c crc_;
  std::uint32_t announced_crc_ = 0;
  bool has_crc_ = false;
};

/// Reads a line of version 1, without its CRLF; the problem, or "".
[[nodiscard]] std::string_view read_proxy_line(std::string_view line,
                                               std::optional<ProxiedClient>& client);

}  // namespace reactord
