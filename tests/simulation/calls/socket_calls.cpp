// SPDX-License-Identifier: MIT
// socket(2), accept4(2), recv(2), send(2) and their like; of messages: message_calls.cpp.
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstdarg>
#include <cstring>
#include <string>

#include "tests/simulation/calls/call.h"
#include "tests/simulation/kernel/message_socket.h"

namespace simulation {
namespace {

Socket* find(Kernel& kernel, int fd) {
  return kernel.process().descriptors.find_as<Socket>(fd);
}

/// Moves bytes: nothing else is worth a turn as much.
long moved(Kernel& kernel, long result) {
  if (result >= 0) ++kernel.progress;
  return result;
}

/// What goes along with it is closed: there is no room for it.
long drop_message(Kernel& kernel, MessageSocket& messages) {
  FileMessage dropped;
  return moved(kernel, messages.receive(dropped));
}

/// Those that are no int.
long give_option(const Socket& socket, int name, void* value, socklen_t size) {
  const linger how{.l_onoff = socket.resets_on_close() ? 1 : 0, .l_linger = 0};
  const std::uint64_t cookie = socket.cookie();
  const bool is_cookie = name == SO_COOKIE;
  const std::size_t wanted = is_cookie ? sizeof cookie : sizeof how;
  if (size < wanted) return -EINVAL;
  std::memcpy(value, is_cookie ? static_cast<const void*>(&cookie) : &how, wanted);
  return 0;
}

constexpr int kAcceptErrors[] = {ENFILE, ENOBUFS, ENOMEM, ECONNABORTED, EPROTO};

long accept_one(Kernel& kernel, Socket& listener, sockaddr* address, socklen_t* size) {
  if (kernel.happens(kernel.faults.accept_fails)) return -kernel.random().pick(kAcceptErrors);
  std::shared_ptr<Socket> accepted;
  Address peer;
  // The number comes first: without one, whoever waits goes on waiting.
  const long number =
      kernel.process().descriptors.add(std::make_shared<Socket>(kernel.network, AF_INET, 0));
  if (number < 0) return number;
  (void)kernel.process().descriptors.close(static_cast<int>(number));
  if (const long problem = listener.accept(accepted, peer); problem != 0) return problem;
  peer.copy_to(address, size);
  ++kernel.progress;
  return kernel.process().descriptors.add(accepted);
}

}  // namespace
}  // namespace simulation

using namespace simulation;

extern "C" {

int socket(int family, int type, int protocol) noexcept {
  SIMULATION_REAL(socket);
  if (!is_simulated()) return real_socket(family, type, protocol);
  return simulate<int>("socket", family, [&](Kernel& kernel) -> long {
    if (kernel.happens(kernel.faults.socket_fails)) return -ENFILE;
    return kernel.process().descriptors.add(
        std::make_shared<Socket>(kernel.network, family, type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)));
  });
}

int bind(int fd, const sockaddr* address, socklen_t size) noexcept {
  SIMULATION_REAL(bind);
  if (!is_simulated()) return real_bind(fd, address, size);
  return simulate<int>("bind", fd, [&](Kernel& kernel) -> long {
    Socket* socket = find(kernel, fd);
    if (socket == nullptr) return -ENOTSOCK;
    const Address wanted(address, size);
    if (wanted.family() != AF_UNIX) return socket->bind(wanted);
    if (kernel.files.find(wanted.path()) != nullptr) return -EADDRINUSE;
    kernel.files.make(wanted.path(), S_IFSOCK | 0777);
    return socket->bind(wanted);
  });
}

int listen(int fd, int backlog) noexcept {
  SIMULATION_REAL(listen);
  if (!is_simulated()) return real_listen(fd, backlog);
  return simulate<int>("listen", fd, [&](Kernel& kernel) -> long {
    Socket* socket = find(kernel, fd);
    return socket == nullptr ? -ENOTSOCK : socket->listen(backlog);
  });
}

int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  SIMULATION_REAL(accept4);
  if (!is_simulated()) return real_accept4(fd, address, size, flags);
  return simulate_interruptible<int>("accept4", fd, [&](Kernel& kernel) -> long {
    Socket* socket = find(kernel, fd);
    return socket == nullptr ? -ENOTSOCK : accept_one(kernel, *socket, address, size);
  });
}

int connect(int fd, const sockaddr* address, socklen_t size) {
  SIMULATION_REAL(connect);
  if (!is_simulated()) return real_connect(fd, address, size);
  return simulate<int>("connect", fd, [&](Kernel& kernel) -> long {
    Socket* socket = find(kernel, fd);
    return socket == nullptr ? -ENOTSOCK : kernel.connect(*socket, Address(address, size));
  });
}

ssize_t recv(int fd, void* into, size_t size, int flags) {
  SIMULATION_REAL(recv);
  if (!is_simulated()) return real_recv(fd, into, size, flags);
  return simulate_interruptible<ssize_t>("recv", fd, [&](Kernel& kernel) -> long {
    if (auto* messages = kernel.process().descriptors.find_as<MessageSocket>(fd))
      return drop_message(kernel, *messages);
    Socket* socket = find(kernel, fd);
    if (socket == nullptr) return -ENOTSOCK;
    auto* const bytes = static_cast<char*>(into);
    if ((flags & MSG_PEEK) != 0) return socket->peek(bytes, size);
    return moved(kernel, socket->receive(bytes, size));
  });
}

ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  SIMULATION_REAL(send);
  if (!is_simulated()) return real_send(fd, bytes, size, flags);
  return simulate_interruptible<ssize_t>("send", fd, [&](Kernel& kernel) -> long {
    Socket* socket = find(kernel, fd);
    if (socket == nullptr) return -ENOTSOCK;
    return moved(kernel, socket->send({static_cast<const char*>(bytes), size}));
  });
}

/// Nobody is there whom the daemon sends single messages.
ssize_t sendto(int fd, const void* bytes, size_t size, int flags, const sockaddr* address,
               socklen_t address_size) {
  SIMULATION_REAL(sendto);
  if (!is_simulated()) return real_sendto(fd, bytes, size, flags, address, address_size);
  return simulate<ssize_t>("sendto", fd, [](Kernel&) -> long { return -ECONNREFUSED; });
}

int shutdown(int fd, int how) noexcept {
  SIMULATION_REAL(shutdown);
  if (!is_simulated()) return real_shutdown(fd, how);
  return simulate<int>("shutdown", fd, [&](Kernel& kernel) -> long {
    Socket* socket = find(kernel, fd);
    if (socket == nullptr) return -ENOTSOCK;
    ++kernel.progress;
    return socket->shut_down(how);
  });
}

int setsockopt(int fd, int level, int name, const void* value, socklen_t size) noexcept {
  SIMULATION_REAL(setsockopt);
  if (!is_simulated()) return real_setsockopt(fd, level, name, value, size);
  return simulate<int>("setsockopt", fd, [&](Kernel& kernel) -> long {
    Socket* socket = find(kernel, fd);
    if (kernel.process().descriptors.find_as<MessageSocket>(fd) != nullptr) return 0;
    return socket == nullptr ? -ENOTSOCK : socket->set_option(level, name, value, size);
  });
}

int getsockopt(int fd, int level, int name, void* value, socklen_t* size) noexcept {
  SIMULATION_REAL(getsockopt);
  if (!is_simulated()) return real_getsockopt(fd, level, name, value, size);
  return simulate<int>("getsockopt", fd, [&](Kernel& kernel) -> long {
    Socket* socket = find(kernel, fd);
    if (socket == nullptr) return -ENOTSOCK;
    if (level == SOL_SOCKET && (name == SO_COOKIE || name == SO_LINGER))
      return give_option(*socket, name, value, *size);
    int number = 0;
    const long result = socket->get_option(level, name, number);
    std::memcpy(value, &number, std::min<std::size_t>(*size, sizeof number));
    return result;
  });
}

int getsockname(int fd, sockaddr* address, socklen_t* size) noexcept {
  SIMULATION_REAL(getsockname);
  if (!is_simulated()) return real_getsockname(fd, address, size);
  return simulate<int>("getsockname", fd, [&](Kernel& kernel) -> long {
    const Socket* socket = find(kernel, fd);
    if (socket == nullptr) return -ENOTSOCK;
    socket->local().copy_to(address, size);
    return 0;
  });
}

int getpeername(int fd, sockaddr* address, socklen_t* size) noexcept {
  SIMULATION_REAL(getpeername);
  if (!is_simulated()) return real_getpeername(fd, address, size);
  return simulate<int>("getpeername", fd, [&](Kernel& kernel) -> long {
    const Socket* socket = find(kernel, fd);
    if (socket == nullptr) return -ENOTSOCK;
    socket->peer().copy_to(address, size);
    return 0;
  });
}

/// SIOCOUTQ alone.
int ioctl(int fd, unsigned long request, ...) noexcept {
  SIMULATION_REAL(ioctl);
  va_list rest;
  va_start(rest, request);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  if (!is_simulated()) return real_ioctl(fd, request, argument);
  return simulate<int>("ioctl", fd, [&](Kernel& kernel) -> long {
    const Socket* socket = find(kernel, fd);
    if (socket == nullptr) return -ENOTTY;
    return request == SIOCOUTQ ? socket->unsent_bytes(*static_cast<int*>(argument)) : -ENOTTY;
  });
}

}  // extern "C"
