// SPDX-License-Identifier: MIT
// CRC-32C (Castagnoli), as RFC 3720, 12.1 and appendix B.4, has it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace reactord {

namespace detail {

constexpr std::array<std::uint32_t, 256> make_crc32c_table() {
  constexpr std::uint32_t kPolynomial = 0x82f63b78;  // 1edc6f41, its bits in reverse
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? kPolynomial : 0);
    table[byte] = rest;
  }
  return table;
}
inline constexpr std::array<std::uint32_t, 256> kCrc32cTable = make_crc32c_table();

}  // namespace detail

/// Of bytes that come one after the other.
class Crc32c {
 public:
  void add(std::uint8_t byte) {
    state_ = (state_ >> 8) ^ detail::kCrc32cTable[(state_ ^ byte) & 0xff];
  }
  [[nodiscard]] std::uint32_t value() const { return ~state_; }

 private:
  std::uint32_t state_ = ~std::uint32_t{0};
};

[[nodiscard]] inline std::uint32_t crc32c(std::string_view bytes) {
  Crc32c crc;
  for (const char byte : bytes) crc.add(static_cast<std::uint8_t>(byte));
  return crc.value();
}

}  // namespace reactord
