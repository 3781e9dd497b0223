// SPDX-License-Identifier: MIT
#include "protocol/crc32c.h"

#include <doctest/doctest.h>

#include <string>

using namespace reactord;

TEST_CASE("crc32c: what RFC 3720 says of its examples") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
}

TEST_CASE("crc32c: many bytes in one step are as each by itself, wherever they are cut") {
  std::string bytes;
  for (int i = 0; i < 40; ++i) bytes += static_cast<char>(i * 37 + 11);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    Crc32c one_by_one;
    for (std::size_t i = 0; i < size; ++i) one_by_one.add(static_cast<std::uint8_t>(bytes[i]));
    for (std::size_t cut = 0; cut <= size; ++cut) {
      Crc32c in_two;
      in_two.add(std::string_view(bytes).substr(0, cut));
      in_two.add(std::string_view(bytes).substr(cut, size - cut));
      REQUIRE(in_two.value() == one_by_one.value());
    }
  }
}
