// SPDX-License-Identifier: MIT
// The floor under every server of this kind: an epoll loop that echoes what it receives and parses
// nothing. What it costs is the price of the kernel's own work. A yardstick, not a server: its
// sends block, because that costs least, and so it trusts its clients to read. Usage: floor PORT
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>

namespace {

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

void watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

void accept_one(int epoll, int listener) {
  watch(epoll, accept(listener, nullptr, nullptr));
}

void echo(int client) {
  static std::array<char, 64 * 1024> buffer;
  const ssize_t received = recv(client, buffer.data(), buffer.size(), 0);
  if (received <= 0 ||
      send(client, buffer.data(), static_cast<std::size_t>(received), MSG_NOSIGNAL) != received) {
    close(client);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int listener = listen_on_loopback(argc > 1 ? std::atoi(argv[1]) : 0);
  const int epoll = epoll_create1(0);
  if (listener < 0 || epoll < 0) return 1;
  watch(epoll, listener);
  std::array<epoll_event, 256> events{};
  while (true) {
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        accept_one(epoll, listener);
      } else {
        echo(fd);
      }
    }
  }
}
