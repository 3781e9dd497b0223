// SPDX-License-Identifier: MIT
// The floor under every server of this kind: an epoll loop that echoes what it receives and parses
// nothing. What it costs is the price of the kernel's own work. A yardstick, not a server: no
// limits, no deadlines, no errors told. Usage: floor PORT
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <unordered_map>

namespace {

// A smaller buffer costs more with large values (64 KiB: a fifth at 64 KiB, twice at 1 MiB); a
// larger one gains next to nothing.
constexpr std::size_t kReceiveBytes = 256 * 1024;

int epoll = -1;

// Of clients that are slow to read: the end of what one recv returned. They are not read from
// meanwhile.
std::unordered_map<int, std::string> unsent;

int listen_on_loopback(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* const any = reinterpret_cast<const sockaddr*>(&address);
  if (bind(listener, any, sizeof address) != 0 || listen(listener, SOMAXCONN) != 0) return -1;
  return listener;
}

void watch(int fd, std::uint32_t events, int operation) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  epoll_ctl(epoll, operation, fd, &event);
}

void accept_one(int listener) {
  watch(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK), EPOLLIN, EPOLL_CTL_ADD);
}

// Returns what was taken; a client that is gone is found by the next recv.
std::size_t send_some(int client, const char* bytes, std::size_t count) {
  return static_cast<std::size_t>(std::max<ssize_t>(0, send(client, bytes, count, MSG_NOSIGNAL)));
}

void echo(int client) {
  static std::array<char, kReceiveBytes> buffer;
  const ssize_t received = recv(client, buffer.data(), buffer.size(), 0);
  if (received <= 0) {
    close(client);
    return;
  }
  const auto count = static_cast<std::size_t>(received);
  const std::size_t sent = send_some(client, buffer.data(), count);
  if (sent == count) return;
  unsent[client].assign(buffer.data() + sent, count - sent);
  watch(client, EPOLLOUT, EPOLL_CTL_MOD);
}

void send_rest(int client, bool gone) {
  std::string& rest = unsent[client];
  rest.erase(0, send_some(client, rest.data(), rest.size()));
  if (!rest.empty() && !gone) return;
  unsent.erase(client);
  watch(client, EPOLLIN, EPOLL_CTL_MOD);
}

}  // namespace

int main(int argc, char** argv) {
  const int listener = listen_on_loopback(argc > 1 ? std::atoi(argv[1]) : 0);
  epoll = epoll_create1(0);
  if (listener < 0 || epoll < 0) return 1;
  watch(listener, EPOLLIN, EPOLL_CTL_ADD);
  std::array<epoll_event, 256> events{};
  while (true) {
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd == listener) {
        accept_one(listener);
      } else if ((event.events & EPOLLOUT) != 0) {
        send_rest(event.data.fd, (event.events & (EPOLLERR | EPOLLHUP)) != 0);
      } else {
        echo(event.data.fd);
      }
    }
  }
}
