// SPDX-License-Identifier: MIT
// Lines that a process writes while it crashes: put together in a bounded buffer of their own, and
// written without waiting for long. Uses nothing but what a signal handler may call
// (signal-safety(7)): no memory, no locks, no stdio.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace reactord {

class CrashText {
 public:
  /// What is beyond in a line is left out.
  static constexpr std::size_t kMaxLineBytes = 1024;

  /// Lines go to `fd`, each behind `prefix`.
  CrashText(int fd, std::string_view prefix) noexcept : fd_(fd), prefix_(prefix) {}

  /// Control characters become "?", since a line is a line.
  CrashText& text(std::string_view bytes) noexcept;
  CrashText& number(std::uint64_t value) noexcept { return digits(value, 10); }
  /// "0x7f3a"
  CrashText& hex(std::uint64_t value) noexcept;
  /// "127.0.0.1" for ::ffff:127.0.0.1; eight groups for any other; "a Unix socket" for zeros.
  CrashText& ip(std::span<const std::uint8_t, 16> mapped) noexcept;
  void end_line() noexcept;

 private:
  CrashText& digits(std::uint64_t value, unsigned base) noexcept;
  void put(char byte) noexcept;

  int fd_;
  std::string_view prefix_;
  std::array<char, kMaxLineBytes + 1> line_;  ///< room for \n
  std::size_t used_ = 0;
};

}  // namespace reactord
