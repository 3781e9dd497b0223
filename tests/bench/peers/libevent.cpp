// SPDX-License-Identifier: MIT
// An echo server as one writes it with libevent: a listener, and a bufferevent for each connection.
// libevent 2.1 receives 4096 bytes at a time, whatever it is told.
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "tests/bench/peers/peer.h"

namespace {

void echo(bufferevent* connection, void*) {
  bufferevent_write_buffer(connection, bufferevent_get_input(connection));
}

void answer(bufferevent* connection, void*) {
  static std::string replies;
  evbuffer* const input = bufferevent_get_input(connection);
  const auto* const bytes = reinterpret_cast<const char*>(evbuffer_pullup(input, -1));
  replies.clear();
  evbuffer_drain(input, peer::answer({bytes, evbuffer_get_length(input)}, replies));
  bufferevent_write(connection, replies.data(), replies.size());
}

void ended(bufferevent* connection, short, void*) {
  bufferevent_free(connection);
}

void accepted(evconnlistener* listener, evutil_socket_t fd, sockaddr*, int, void* argument) {
  const auto& arguments = *static_cast<const peer::Arguments*>(argument);
  bufferevent* const connection =
      bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
  bufferevent_setcb(connection, arguments.resp ? answer : echo, nullptr, ended, nullptr);
  bufferevent_enable(connection, EV_READ | EV_WRITE);
}

}  // namespace

int main(int argc, char** argv) {
  peer::Arguments arguments = peer::parse_arguments(argc, argv);
  event_base* const base = event_base_new();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(arguments.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  evconnlistener* const listener = evconnlistener_new_bind(
      base, accepted, &arguments, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, SOMAXCONN,
      reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (listener == nullptr) return 1;
  const int on = 1;  // accepted sockets inherit it
  setsockopt(evconnlistener_get_fd(listener), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return event_base_dispatch(base);
}
