// SPDX-License-Identifier: MIT
#include "daemon/handover/fd_passing.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace reactord {

namespace {

union Control {
  cmsghdr head;
  std::array<char, CMSG_SPACE(kMaxFdsPerMessage * sizeof(int))> bytes;
};

void put_fds(msghdr& message, Control& control, std::span<const int> fds) {
  message.msg_control = &control;
  message.msg_controllen = CMSG_SPACE(fds.size_bytes());
  cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
}

void take_fds(msghdr& message, std::vector<UniqueFd>& into) {
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
       each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    into.reserve(into.size() + count);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(each) + i * sizeof(int), sizeof fd);
      into.emplace_back(fd);
    }
  }
}

/// What is said here is said once, and who does not hear it may go on serving, or not at all: where
/// the kernel has no memory for a moment, half a second is spent on it.
constexpr int kTries = 10;
constexpr int kPauseMilliseconds = 50;

/// Again where a signal has come.
template <class Call>
ssize_t carry_out(Call&& call) noexcept {
  ssize_t n = 0;
  do {
    n = call();
  } while (n < 0 && errno == EINTR);
  return n;
}

/// `call` says whether it has worked, or has set errno.
template <class Call>
bool with_patience(Call&& call) noexcept {
  for (int tries = 1;; ++tries) {
    if (call()) return true;
    if ((errno != ENOMEM && errno != ENOBUFS) || tries == kTries) return false;
    (void)::poll(nullptr, 0, kPauseMilliseconds);
  }
}

}  // namespace

bool send_with_fds(int socket, std::string_view bytes, std::span<const int> fds) {
  return with_patience([&] { return send_with_fds_once(socket, bytes, fds); });
}

bool send_with_fds_once(int socket, std::string_view bytes, std::span<const int> fds) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) put_fds(message, control, fds);
  const ssize_t n =
      carry_out([&] { return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT); });
  if (n >= 0 && static_cast<std::size_t>(n) != bytes.size()) errno = EMSGSIZE;
  return static_cast<std::size_t>(n) == bytes.size();
}

FdMessage receive_with_fds(int socket, std::size_t most) {
  FdMessage received;
  received.bytes.resize(most);
  iovec part{received.bytes.data(), most};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  ssize_t n = 0;
  (void)with_patience([&] {
    n = carry_out([&] { return ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC); });
    return n >= 0;
  });
  received.bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  if (n > 0) {
    received.status = FdMessage::Status::received;
    take_fds(message, received.fds);
    // The kernel could not give all: RLIMIT_NOFILE, mostly.
    if ((message.msg_flags & MSG_CTRUNC) != 0)
      received.problem = "descriptors are missing; see RLIMIT_NOFILE (LimitNOFILE, ulimit -n)";
  } else if (n == 0) {
    received.status = FdMessage::Status::end;
  } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
    received.status = FdMessage::Status::none_waits;
  } else {
    received.problem = fmt::format("recvmsg: {}", std::strerror(errno));
  }
  return received;
}

/// A message that is received without room for its descriptors closes them (unix(7)).
bool drop_message(int socket) noexcept {
  char filler = 0;
  return carry_out([&] { return ::recv(socket, &filler, sizeof filler, MSG_DONTWAIT); }) > 0;
}

}  // namespace reactord
