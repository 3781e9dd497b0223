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
#include <iterator>

#include "daemon/handover/fd_passing.h"

namespace reactord {

namespace {

/// The byte that every message has, since one without any looks like the end.
constexpr char kFiller = '.';

std::string failed(std::string_view call) {
  return fmt::format("{}: {}", call, std::strerror(errno));
}

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
  return send_with_fds(socket, std::string_view(&kFiller, 1), fds);
}

// --- unpacking

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
  FdMessage first = receive_with_fds(fd, 1);
  parcel.problem = std::move(first.problem);
  if (parcel.problem.empty() && first.fds.size() != 1) parcel.problem = "it is empty";
  if (parcel.problem.empty())
    parcel.problem = read_whole(first.fds.front().get(), most_bytes, parcel.bytes);
  while (parcel.problem.empty() && parcel.fds.size() <= most_fds) {
    FdMessage some = receive_with_fds(fd, 1);
    if (some.status == FdMessage::Status::none_waits || some.status == FdMessage::Status::end)
      break;
    parcel.problem = std::move(some.problem);
    std::ranges::move(some.fds, std::back_inserter(parcel.fds));
  }
  // Whatever still waits, a listening socket for one, would stay open unseen.
  while (drop_message(fd)) continue;
  return parcel;
}

}  // namespace reactord
