// SPDX-License-Identifier: MIT
#include "daemon/handover/parcel.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace reactord {

namespace {

/// SCM_MAX_FD (unix(7)).
constexpr std::size_t kMaxFdsPerMessage = 253;
/// The byte that every message has, since one without any looks like the end.
constexpr char kFiller = '.';

std::string failed(std::string_view call) {
  return fmt::format("{}: {}", call, std::strerror(errno));
}

union Control {
  cmsghdr head;
  std::array<char, CMSG_SPACE(kMaxFdsPerMessage * sizeof(int))> bytes;
};

// --- packing

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool send_fds(int socket, std::span<const int> fds) {
  char filler = kFiller;
  iovec part{&filler, 1};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = CMSG_SPACE(fds.size_bytes());
  cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
  ssize_t n = 0;
  do {
    n = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  return n == 1;
}

// --- unpacking

/// The descriptors of one message. `is_end`: there are no more messages.
struct Received {
  std::string problem = {};
  bool is_end = false;
  std::vector<UniqueFd> fds = {};
};

Received receive_fds(int socket) {
  char filler = 0;
  iovec part{&filler, 1};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  ssize_t n = 0;
  do {
    n = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  Received received;
  received.is_end = n == 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
  if (n < 0 && !received.is_end) received.problem = failed("recvmsg");
  if (n <= 0) return received;
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
       each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    received.fds.reserve(received.fds.size() + count);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(each) + i * sizeof(int), sizeof fd);
      received.fds.emplace_back(fd);
    }
  }
  // The kernel could not give all: RLIMIT_NOFILE, mostly.
  if ((message.msg_flags & MSG_CTRUNC) != 0)
    received.problem = "descriptors are missing; see RLIMIT_NOFILE (LimitNOFILE, ulimit -n)";
  return received;
}

std::string read_whole(int fd, std::size_t most, std::string& into) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) return failed("fstat");
  if (!S_ISREG(about.st_mode) || about.st_size < 0 ||
      static_cast<std::size_t>(about.st_size) > most)
    return "what is in front of its descriptors is no state of theirs";
  into.resize(static_cast<std::size_t>(about.st_size));
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t n =
        ::pread(fd, into.data() + done, into.size() - done, static_cast<::off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? failed("pread") : "its state is cut off";
    done += static_cast<std::size_t>(n);
  }
  return {};
}

}  // namespace

bool Parcel::is_lost() const {
  pollfd asked{.fd = other_end.get(), .events = 0, .revents = 0};
  return ::poll(&asked, 1, 0) > 0 && (asked.revents & POLLHUP) != 0;
}

Parcel pack(std::string_view bytes, std::span<const int> fds) {
  Parcel parcel;
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return {.problem = failed("socketpair")};
  parcel.fd = UniqueFd(ends[0]);
  parcel.other_end = UniqueFd(ends[1]);
  const UniqueFd memory(::memfd_create("reactord-state", MFD_CLOEXEC));
  if (!memory) return {.problem = failed("memfd_create")};
  if (!write_all(memory.get(), bytes)) return {.problem = failed("write to a memfd")};
  const int first = memory.get();
  if (!send_fds(parcel.other_end.get(), std::span(&first, 1)))
    return {.problem = failed("sendmsg of the state")};
  for (std::size_t sent = 0; sent < fds.size();) {
    const std::size_t some = std::min(kMaxFdsPerMessage, fds.size() - sent);
    if (!send_fds(parcel.other_end.get(), fds.subspan(sent, some)))
      return {.problem = failed("sendmsg of connections")};
    sent += some;
  }
  return parcel;
}

UnpackedParcel unpack(int fd, std::size_t most_bytes, std::size_t most_fds) {
  UnpackedParcel parcel;
  Received first = receive_fds(fd);
  parcel.problem = std::move(first.problem);
  if (parcel.problem.empty() && first.fds.size() != 1) parcel.problem = "it is empty";
  if (parcel.problem.empty())
    parcel.problem = read_whole(first.fds.front().get(), most_bytes, parcel.bytes);
  while (parcel.problem.empty() && parcel.fds.size() <= most_fds) {
    Received some = receive_fds(fd);
    if (some.is_end) break;
    parcel.problem = std::move(some.problem);
    std::ranges::move(some.fds, std::back_inserter(parcel.fds));
  }
  return parcel;
}

}  // namespace reactord
