// SPDX-License-Identifier: MIT
// CRC-32C (Castagnoli), as RFC 3720, 12.1 and appendix B.4, has it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace reactord {

namespace detail {

/// What a byte leaves behind that is followed by 0, 1, ... 7 zero bytes: eight bytes are taken in
/// one step ("slicing by eight": Kounavis and Berry, 2005), some five times as fast as one by one.
using Crc32cTables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Crc32cTables make_crc32c_tables() {
  constexpr std::uint32_t kPolynomial = 0x82f63b78;  // 1edc6f41, its bits in reverse
  Crc32cTables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = rest;
  }
  for (std::size_t zeros = 1; zeros < tables.size(); ++zeros)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[zeros - 1][byte];
      tables[zeros][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  return tables;
}
inline constexpr Crc32cTables kCrc32cTables = make_crc32c_tables();

}  // namespace detail

/// Of bytes that come one after the other.
class Crc32c {
 public:
  void add(std::uint8_t byte) {
    state_ = (state_ >> 8) ^ detail::kCrc32cTables[0][(state_ ^ byte) & 0xff];
  }
  void add(std::string_view bytes) {
    for (; bytes.size() >= 8; bytes.remove_prefix(8)) add_eight(bytes.data());
    for (const char byte : bytes) add(static_cast<std::uint8_t>(byte));
  }
  [[nodiscard]] std::uint32_t value() const { return ~state_; }

 private:
  [[nodiscard]] static std::uint32_t four_of(const char* bytes) {
    std::uint32_t word = 0;
    for (unsigned i = 0; i < 4; ++i)
      word |= std::uint32_t{static_cast<std::uint8_t>(bytes[i])} << (8 * i);
    return word;
  }
  void add_eight(const char* bytes) {
    const auto& tables = detail::kCrc32cTables;
    // The first four meet what is there already.
    const std::uint32_t low = four_of(bytes) ^ state_;
    const std::uint32_t high = four_of(bytes + 4);
    state_ = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^
             tables[4][low >> 24] ^ tables[3][high & 0xff] ^ tables[2][high >> 8 & 0xff] ^
             tables[1][high >> 16 & 0xff] ^ tables[0][high >> 24];
  }

  std::uint32_t state_ = ~std::uint32_t{0};
};

[[nodiscard]] inline std::uint32_t crc32c(std::string_view bytes) {
  Crc32c crc;
  crc.add(bytes);
  return crc.value();
}

}  // namespace reactord
