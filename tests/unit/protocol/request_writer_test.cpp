// SPDX-License-Identifier: MIT
#include "protocol/request_writer.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

namespace {

using namespace reactord;
using namespace std::string_view_literals;

TEST_CASE("a request is an array of bulk strings") {
  Buffer out;
  write_request(out, std::array{"CEIL"sv, "4.40"sv});
  CHECK(out.view() == "*2\r\n$4\r\nCEIL\r\n$4\r\n4.40\r\n");
}

TEST_CASE("words hold any bytes, none of them escaped") {
  Buffer out;
  write_request(out, std::array{"a\r\n\0\xff"sv, ""sv});
  CHECK(out.view() == "*2\r\n$5\r\na\r\n\0\xff\r\n$0\r\n\r\n"sv);
}

TEST_CASE("requests follow each other, and lengths of several digits are decimal") {
  Buffer out;
  write_request(out, {});
  const std::string word(12345, 'x');
  write_request(out, std::array{std::string_view(word)});
  CHECK(out.view() == "*0\r\n*1\r\n$12345\r\n" + word + "\r\n");
}

}  // namespace
