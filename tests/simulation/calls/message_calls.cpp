// SPDX-License-Identifier: MIT
// socketpair(2), sendmsg(2), recvmsg(2): messages, and the descriptors that go along with them.
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "tests/simulation/calls/call.h"
#include "tests/simulation/kernel/message_socket.h"

namespace simulation {
namespace {

constexpr int kPassingErrors[] = {ETOOMANYREFS, ENOBUFS, ENOMEM};

std::string bytes_of(const msghdr& message) {
  std::string bytes;
  for (std::size_t i = 0; i < message.msg_iovlen; ++i)
    bytes.append(static_cast<const char*>(message.msg_iov[i].iov_base), message.msg_iov[i].iov_len);
  return bytes;
}

/// False where one of them is not open.
bool files_of(const Kernel& kernel, const msghdr& message,
              std::vector<std::shared_ptr<OpenFile>>& files) {
  auto& head = const_cast<msghdr&>(message);
  for (cmsghdr* each = CMSG_FIRSTHDR(&head); each != nullptr; each = CMSG_NXTHDR(&head, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(each) + i * sizeof fd, sizeof fd);
      files.push_back(kernel.process().descriptors.share(fd));
      if (files.back() == nullptr) return false;
    }
  }
  return true;
}

long send_message(Kernel& kernel, MessageSocket& socket, const msghdr& message) {
  std::vector<std::shared_ptr<OpenFile>> files;
  if (!files_of(kernel, message, files)) return -EBADF;
  if (!files.empty() && kernel.happens(kernel.faults.passing_fails))
    return -kernel.random().pick(kPassingErrors);
  ++kernel.progress;
  return socket.send({bytes_of(message), FilesOnTheirWay(std::move(files))});
}

/// Those for which there is room, and a number; the others are closed (scm_detach_fds()).
void give_files(Kernel& kernel, const FilesOnTheirWay& files, msghdr& message) {
  const std::size_t room = message.msg_controllen < CMSG_LEN(0)
                               ? 0
                               : (message.msg_controllen - CMSG_LEN(0)) / sizeof(int);
  std::size_t most = files.all().size();
  if (kernel.happens(kernel.faults.taking_fails)) most = kernel.random().below(most + 1);
  std::vector<int> numbers;
  for (const std::shared_ptr<OpenFile>& file : files.all()) {
    if (numbers.size() >= std::min(room, most)) break;
    const long number = kernel.process().descriptors.add(file);
    if (number < 0) break;
    numbers.push_back(static_cast<int>(number));
  }
  if (numbers.size() < files.all().size()) message.msg_flags |= MSG_CTRUNC;
  if (numbers.empty()) {
    message.msg_controllen = 0;
    return;
  }
  const std::size_t bytes = numbers.size() * sizeof(int);
  auto* const head = static_cast<cmsghdr*>(message.msg_control);
  *head = {};
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(bytes);
  std::memcpy(CMSG_DATA(head), numbers.data(), bytes);
  message.msg_controllen = std::min<std::size_t>(message.msg_controllen, CMSG_SPACE(bytes));
}

long receive_message(Kernel& kernel, MessageSocket& socket, msghdr& message) {
  FileMessage received;
  const long result = socket.receive(received);
  message.msg_flags = 0;
  if (result <= 0) {
    message.msg_controllen = 0;
    return result;
  }
  ++kernel.progress;
  const std::size_t n = std::min(received.bytes.size(), message.msg_iov->iov_len);
  std::memcpy(message.msg_iov->iov_base, received.bytes.data(), n);
  if (received.files.all().empty())
    message.msg_controllen = 0;
  else
    give_files(kernel, received.files, message);
  return static_cast<long>(n);
}

}  // namespace
}  // namespace simulation

using namespace simulation;

extern "C" {

int socketpair(int family, int type, int protocol, int* ends) noexcept {
  SIMULATION_REAL(socketpair);
  if (!is_simulated()) return real_socketpair(family, type, protocol, ends);
  return simulate<int>("socketpair", type, [&](Kernel& kernel) -> long {
    if ((type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) != SOCK_SEQPACKET) return -EOPNOTSUPP;
    if (kernel.happens(kernel.faults.passing_fails)) return -ENFILE;
    const auto [one, other] = MessageSocket::make_pair();
    Descriptors& descriptors = kernel.process().descriptors;
    const long first = descriptors.add(one);
    if (first < 0) return first;
    const long second = descriptors.add(other);
    if (second < 0) {
      (void)descriptors.close(static_cast<int>(first));
      return second;
    }
    ends[0] = static_cast<int>(first);
    ends[1] = static_cast<int>(second);
    return 0;
  });
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  SIMULATION_REAL(sendmsg);
  if (!is_simulated()) return real_sendmsg(fd, message, flags);
  return simulate_interruptible<ssize_t>("sendmsg", fd, [&](Kernel& kernel) -> long {
    Descriptors& descriptors = kernel.process().descriptors;
    if (auto* messages = descriptors.find_as<MessageSocket>(fd))
      return send_message(kernel, *messages, *message);
    auto* socket = descriptors.find_as<Socket>(fd);
    if (socket == nullptr) return -ENOTSOCK;
    const long sent = socket->send(bytes_of(*message));
    if (sent >= 0) ++kernel.progress;
    return sent;
  });
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
  SIMULATION_REAL(recvmsg);
  if (!is_simulated()) return real_recvmsg(fd, message, flags);
  return simulate_interruptible<ssize_t>("recvmsg", fd, [&](Kernel& kernel) -> long {
    auto* messages = kernel.process().descriptors.find_as<MessageSocket>(fd);
    return messages == nullptr ? -ENOTSOCK : receive_message(kernel, *messages, *message);
  });
}

}  // extern "C"
