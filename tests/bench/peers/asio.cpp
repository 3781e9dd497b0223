// SPDX-License-Identifier: MIT
// An echo server as one writes it with Boost.Asio: a session for each connection, kept alive by
// its handlers, with a buffer of its own to receive into.
#include <utility>  // Boost 1.74 misses it in C++20

#include <array>
#include <boost/asio.hpp>
#include <memory>

#include "tests/bench/peers/peer.h"

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, bool resp) : socket_(std::move(socket)), resp_(resp) {}

  void receive() {
    socket_.async_read_some(asio::buffer(buffer_),
                            [self = shared_from_this()](error_code error, std::size_t count) {
                              if (!error) self->received({self->buffer_.data(), count});
                            });
  }

 private:
  void received(std::string_view bytes) { resp_ ? answer(bytes) : send(bytes); }

  void answer(std::string_view bytes) {
    replies_.clear();
    if (unfinished_.empty()) {
      unfinished_ = bytes.substr(peer::answer(bytes, replies_));
    } else {
      unfinished_ += bytes;
      unfinished_.erase(0, peer::answer(unfinished_, replies_));
    }
    replies_.empty() ? receive() : send(replies_);
  }

  void send(std::string_view bytes) {
    asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (!error) self->receive();
                      });
  }

  tcp::socket socket_;
  bool resp_;
  std::array<char, peer::kReceiveBytes> buffer_;  // not cleared: what is not used is not touched
  std::string unfinished_;                        ///< the beginning of a request
  std::string replies_;
};

void accept(tcp::acceptor& acceptor, bool resp) {
  acceptor.async_accept([&acceptor, resp](error_code error, tcp::socket socket) {
    if (!error) std::make_shared<Session>(std::move(socket), resp)->receive();
    accept(acceptor, resp);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const peer::Arguments arguments = peer::parse_arguments(argc, argv);
  asio::io_context context(1);  // one thread
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), arguments.port});
  acceptor.set_option(tcp::no_delay(true));  // accepted sockets inherit it
  accept(acceptor, arguments.resp);
  context.run();
}
