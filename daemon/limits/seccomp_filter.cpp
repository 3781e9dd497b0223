// SPDX-License-Identifier: MIT
#include "daemon/limits/seccomp_filter.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace reactord {

namespace {

constexpr std::uint32_t offset_of_argument(std::size_t index) {
  // The half with the low bits, where all flags are.
  constexpr std::size_t kLowHalf = std::endian::native == std::endian::little ? 0 : 4;
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 8 * index + kLowHalf);
}

constexpr sock_filter load(std::uint32_t offset) {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, offset};
}
/// Skips so many instructions where they are equal, or where they are not.
constexpr sock_filter if_equal(std::uint32_t value, std::uint8_t then, std::uint8_t otherwise) {
  return {BPF_JMP | BPF_JEQ | BPF_K, then, otherwise, value};
}
constexpr sock_filter if_has_bit(std::uint32_t bit, std::uint8_t then, std::uint8_t otherwise) {
  return {BPF_JMP | BPF_JSET | BPF_K, then, otherwise, bit};
}
constexpr sock_filter leave(std::uint32_t verdict) {
  return {BPF_RET | BPF_K, 0, 0, verdict};
}

// sendto(fd, data, size, flags, ...), sendmsg(fd, message, flags), sendmmsg(fd, messages, count,
// flags)
constexpr std::array kProgram{
    load(offsetof(seccomp_data, nr)), if_equal(SYS_sendto, 2, 0),
    if_equal(SYS_sendmmsg, 1, 0),     if_equal(SYS_sendmsg, 2, 5),
    load(offset_of_argument(3)),      if_has_bit(MSG_FASTOPEN, 2, 3),
    load(offset_of_argument(2)),      if_has_bit(MSG_FASTOPEN, 0, 1),
    leave(SECCOMP_RET_ERRNO | EPERM), leave(SECCOMP_RET_ALLOW),
};

}  // namespace

void forbid_outgoing_connections() {
  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return;
  std::array program = kProgram;
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  (void)::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

}  // namespace reactord
