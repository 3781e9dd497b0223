// SPDX-License-Identifier: MIT
#include "daemon/crash/crash_text.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>

namespace reactord {

namespace {

/// For a line, where nobody reads: a pipe that is full must not keep a crashed process from ending.
constexpr int kPatienceMs = 200;

bool takes_more(int fd) noexcept {
  pollfd waited{fd, POLLOUT, 0};
  return ::poll(&waited, 1, kPatienceMs) > 0;
}

}  // namespace

void CrashText::put(char byte) noexcept {
  if (used_ == 0)
    for (const char each : prefix_) line_[used_++] = each;
  if (used_ < kMaxLineBytes) line_[used_++] = byte;
}

CrashText& CrashText::text(std::string_view bytes) noexcept {
  for (const char byte : bytes) {
    const bool is_control = (0 <= byte && byte < 0x20) || byte == 0x7f;
    put(is_control ? '?' : byte);
  }
  return *this;
}

CrashText& CrashText::digits(std::uint64_t value, unsigned base) noexcept {
  std::array<char, 20> reversed;  // of 2^64 in decimal
  std::size_t count = 0;
  do {
    reversed[count++] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value > 0);
  while (count > 0) put(reversed[--count]);
  return *this;
}

CrashText& CrashText::hex(std::uint64_t value) noexcept {
  return text("0x").digits(value, 16);
}

CrashText& CrashText::ip(std::span<const std::uint8_t, 16> mapped) noexcept {
  const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
  if (std::all_of(mapped.begin(), mapped.end(), is_zero)) return text("a Unix socket");
  const bool is_ipv4 = std::all_of(mapped.begin(), mapped.begin() + 10, is_zero) &&
                       mapped[10] == 0xff && mapped[11] == 0xff;
  if (is_ipv4) {
    for (std::size_t i = 12; i < 16; ++i) text(i == 12 ? "" : ".").number(mapped[i]);
    return *this;
  }
  for (std::size_t i = 0; i < 16; i += 2)
    text(i == 0 ? "" : ":").digits((std::uint64_t{mapped[i]} << 8) | mapped[i + 1], 16);
  return *this;
}

void CrashText::end_line() noexcept {
  if (used_ == 0) put(' ');
  line_[used_++] = '\n';
  for (std::size_t written = 0; written < used_ && takes_more(fd_);) {
    const ssize_t n = ::write(fd_, line_.data() + written, used_ - written);
    if (n <= 0) break;  // lost, as everything behind it may be
    written += static_cast<std::size_t>(n);
  }
  used_ = 0;
}

}  // namespace reactord
