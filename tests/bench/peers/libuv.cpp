// SPDX-License-Identifier: MIT
// An echo server as one writes it with libuv: one buffer that all connections receive into, a
// write at once, and a queued copy of what the kernel did not take.
#include <sys/socket.h>
#include <uv.h>

#include <memory>

#include "tests/bench/peers/peer.h"

namespace {

bool speaks_resp = false;

struct Connection {
  uv_tcp_t handle{};
  std::string unfinished;  ///< the beginning of a request
};

struct QueuedWrite {
  uv_write_t request{};
  std::string bytes;
};

Connection& connection_of(uv_handle_t* handle) {
  return *static_cast<Connection*>(handle->data);
}

void close(uv_stream_t* stream) {
  uv_close(reinterpret_cast<uv_handle_t*>(stream),
           [](uv_handle_t* handle) { delete &connection_of(handle); });
}

void give_buffer(uv_handle_t*, std::size_t, uv_buf_t* buffer) {
  static char bytes[peer::kReceiveBytes];
  *buffer = uv_buf_init(bytes, sizeof bytes);
}

void queue(uv_stream_t* stream, std::string_view bytes) {
  auto write = std::make_unique<QueuedWrite>();
  write->bytes = bytes;
  write->request.data = write.get();
  const uv_buf_t buffer =
      uv_buf_init(write->bytes.data(), static_cast<unsigned>(write->bytes.size()));
  const auto done = [](uv_write_t* request, int) {
    delete static_cast<QueuedWrite*>(request->data);
  };
  if (uv_write(&write->request, stream, &buffer, 1, done) == 0) (void)write.release();
}

void send(uv_stream_t* stream, std::string_view bytes) {
  if (bytes.empty()) return;
  const uv_buf_t buffer = {const_cast<char*>(bytes.data()), bytes.size()};
  const int sent = uv_try_write(stream, &buffer, 1);
  bytes.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
  if (!bytes.empty()) queue(stream, bytes);
}

void answer(uv_stream_t* stream, std::string_view received) {
  static std::string replies;
  std::string& unfinished = connection_of(reinterpret_cast<uv_handle_t*>(stream)).unfinished;
  replies.clear();
  if (unfinished.empty()) {
    unfinished = received.substr(peer::answer(received, replies));
  } else {
    unfinished += received;
    unfinished.erase(0, peer::answer(unfinished, replies));
  }
  send(stream, replies);
}

void received(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
  if (count < 0) return close(stream);
  const std::string_view bytes(buffer->base, static_cast<std::size_t>(count));
  speaks_resp ? answer(stream, bytes) : send(stream, bytes);
}

void accepted(uv_stream_t* listener, int status) {
  if (status < 0) return;
  auto* const connection = new Connection;
  auto* const stream = reinterpret_cast<uv_stream_t*>(&connection->handle);
  uv_tcp_init(listener->loop, &connection->handle);
  connection->handle.data = connection;
  if (uv_accept(listener, stream) != 0) return close(stream);
  uv_read_start(stream, give_buffer, received);
}

bool listen(uv_loop_t* loop, uv_tcp_t& listener, int port) {
  sockaddr_in address{};
  uv_ip4_addr("127.0.0.1", port, &address);
  uv_tcp_init(loop, &listener);
  return uv_tcp_bind(&listener, reinterpret_cast<const sockaddr*>(&address), 0) == 0 &&
         uv_tcp_nodelay(&listener, 1) == 0 &&  // accepted sockets inherit it
         uv_listen(reinterpret_cast<uv_stream_t*>(&listener), SOMAXCONN, accepted) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  const peer::Arguments arguments = peer::parse_arguments(argc, argv);
  speaks_resp = arguments.resp;
  uv_tcp_t listener;
  if (!listen(uv_default_loop(), listener, arguments.port)) return 1;
  return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
