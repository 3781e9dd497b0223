// SPDX-License-Identifier: MIT
// Stands in for libFuzzer where there is none: runs a target over random inputs, put together from
// the pieces that frames and replies are made of, so that most of them get past the first byte.
//
//   NAME_fuzz ITERATIONS SEED    the same arguments give the same inputs
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace std::string_view_literals;

constexpr std::array kPieces = {
    "*"sv,
    "$"sv,
    "\r\n"sv,
    "\r"sv,
    "\n"sv,
    "0"sv,
    "1"sv,
    "2"sv,
    "4"sv,
    "7"sv,
    "-"sv,
    "-1"sv,
    "+"sv,
    " "sv,
    "\0"sv,
    "\xff"sv,
    "PING"sv,
    "application/openmetrics-text"sv,
    "text/plain"sv,
    ";q="sv,
    ","sv,
    "0."sv,
    "localhost"sv,
    "machine"sv,
    ".evil"sv,
    "["sv,
    "]"sv,
    ":"sv,
    "*1\r\n"sv,
    "*2\r\n"sv,
    "$0\r\n\r\n"sv,
    "$1\r\na\r\n"sv,
    "$4\r\nPING\r\n"sv,
    "$100\r\n"sv,
    "2147483648"sv,
    "18446744073709551616"sv,
    "*1\r\n$4\r\nPING\r\n"sv,
    "0123456789012345"sv,
    // Of replies.
    "+OK\r\n"sv,
    "-ERR no\r\n"sv,
    ":1\r\n"sv,
    "_\r\n"sv,
    "%1\r\n"sv,
    "|1\r\n"sv,
    ">1\r\n"sv,
    "*?\r\n"sv,
    "$?\r\n"sv,
    ";1\r\na\r\n"sv,
    ";0\r\n"sv,
    ".\r\n"sv,
    "=5\r\ntxt:a\r\n"sv,
};

std::string random_input(std::mt19937& random) {
  const auto below = [&random](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  std::string input;
  input.push_back(static_cast<char>(below(4)));
  input.push_back(static_cast<char>(below(256)));
  for (std::size_t pieces = 1 + below(16); pieces > 0; --pieces) {
    input += kPieces[below(kPieces.size())];
  }
  if (below(4) == 0) input[2 + below(input.size() - 2)] = static_cast<char>(below(256));
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s ITERATIONS SEED\n", argv[0]);
    return 2;
  }
  std::mt19937 random(static_cast<std::mt19937::result_type>(std::strtoul(argv[2], nullptr, 10)));
  for (unsigned long left = std::strtoul(argv[1], nullptr, 10); left > 0; --left) {
    const std::string input = random_input(random);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  }
  return 0;
}
