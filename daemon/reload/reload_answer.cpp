// SPDX-License-Identifier: MIT
#include "daemon/reload/reload_answer.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace reactord {

namespace {

/// The kernel's own names have five hexadecimal digits (unix(7), "Autobind feature").
constexpr std::size_t kNameDigits = 5;
constexpr int kNumberBits = 20;
/// Above the name's bits, so that a signal with a number of another meaning is answered to nobody.
constexpr int kMark = 0x5ea;
/// What a datagram carries by default at least (net.core.wmem_default is 212,992).
constexpr std::size_t kMaxAnswerBytes = 64u << 10;

constexpr std::string_view kReloaded = "reloaded\n";
constexpr std::string_view kRefused = "refused\n";

sockaddr_un abstract_name(std::string_view name, socklen_t& size) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return address;
}

/// A socket that wants credentials gets a name when it first sends, wherever to.
void let_the_kernel_name(int fd) {
  const int yes = 1;
  (void)::setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes);
  socklen_t size = 0;
  const sockaddr_un nobody = abstract_name("reactord-nobody", size);
  (void)::sendto(fd, "", 0, MSG_NOSIGNAL | MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&nobody),
                 size);
}

std::optional<int> number_of(int fd) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      size != offsetof(sockaddr_un, sun_path) + 1 + kNameDigits)
    return {};
  int name = 0;
  const char* begin = address.sun_path + 1;
  const auto [end, error] = std::from_chars(begin, begin + kNameDigits, name, 16);
  if (error != std::errc() || end != begin + kNameDigits) return {};
  return kMark << kNumberBits | name;
}

void append_lines(std::string& text, std::string_view label,
                  const std::vector<std::string>& lines) {
  for (const std::string& line : lines) text += fmt::format("{}{}\n", label, line);
}

/// Receives one datagram, if the kernel says that `sender` has sent it.
std::optional<std::string> receive_from(int fd, pid_t sender) {
  std::string text(kMaxAnswerBytes, '\0');
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
  iovec part{text.data(), text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t n = ::recvmsg(fd, &message, MSG_DONTWAIT);
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (n < 0 || header == nullptr || header->cmsg_type != SCM_CREDENTIALS) return {};
  ucred credentials{};
  std::memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
  if (credentials.pid != sender) return {};
  text.resize(static_cast<std::size_t>(n));
  return text;
}

}  // namespace

ReloadAnswerSocket::ReloadAnswerSocket()
    : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  if (!socket_) return;
  let_the_kernel_name(socket_.get());
  number_ = number_of(socket_.get());
}

std::optional<ReloadAnswer> ReloadAnswerSocket::wait_for(pid_t daemon,
                                                         std::chrono::milliseconds patience) const {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd readable{socket_.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) <= 0) return {};
    const std::optional<std::string> text = receive_from(socket_.get(), daemon);
    if (!text) continue;  // somebody else's
    if (text->starts_with(kReloaded)) return ReloadAnswer{true, text->substr(kReloaded.size())};
    if (text->starts_with(kRefused)) return ReloadAnswer{false, text->substr(kRefused.size())};
  }
}

void answer_reload(int number, const ReloadOutcome& outcome) noexcept {
  if (number >> kNumberBits != kMark) return;
  std::string text(outcome.problems.empty() ? kReloaded : kRefused);
  append_lines(text, "", outcome.problems);
  append_lines(text, "applied: ", outcome.applied);
  append_lines(text, "needs a restart: ", outcome.needs_restart);
  if (text.size() > kMaxAnswerBytes) text.resize(kMaxAnswerBytes);
  socklen_t size = 0;
  const sockaddr_un address =
      abstract_name(fmt::format("{:05x}", number & ((1 << kNumberBits) - 1)), size);
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  (void)::sendto(socket.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace reactord
