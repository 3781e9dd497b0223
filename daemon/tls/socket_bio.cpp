// SPDX-License-Identifier: MIT
#include "daemon/tls/socket_bio.h"

#include <new>
#include <utility>

namespace reactord::tls {

namespace {

BioSocket& socket_of(BIO* bio) noexcept {
  return *static_cast<BioSocket*>(BIO_get_data(bio));
}

int read_socket(BIO* bio, char* into, std::size_t wanted, std::size_t* received) {
  BioSocket& socket = socket_of(bio);
  BIO_clear_retry_flags(bio);
  *received = 0;
  if (socket.is_drained) {
    BIO_set_retry_read(bio);
    return 0;
  }
  const IoResult result = socket.stream.receive({into, wanted});
  switch (result.status) {
    case IoStatus::ok:
      socket.is_drained = socket.trusts_short_reads && result.bytes < wanted;
      *received = result.bytes;
      return 1;
    case IoStatus::would_block:
      socket.shortage = result.error;
      BIO_set_retry_read(bio);
      return 0;
    case IoStatus::end:
    case IoStatus::cut_off:
      socket.has_ended = true;
      return 0;
    case IoStatus::lost:
      socket.error = result.error;
      return 0;
  }
  return 0;
}

int write_socket(BIO* bio, const char* bytes, std::size_t wanted, std::size_t* sent) {
  BioSocket& socket = socket_of(bio);
  BIO_clear_retry_flags(bio);
  *sent = 0;
  if (wanted == 0) return 1;
  const IoResult result = socket.stream.send({bytes, wanted});
  if (result.status == IoStatus::ok) {
    *sent = result.bytes;
    return 1;
  }
  if (result.status == IoStatus::would_block) {
    socket.shortage = result.error;
    BIO_set_retry_write(bio);
  } else {
    socket.error = result.error;
  }
  return 0;
}

/// There is nothing to flush; of the rest OpenSSL asks for the end of the input alone.
long control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return socket_of(bio).has_ended ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

int destroy(BIO* bio) {
  delete static_cast<BioSocket*>(BIO_get_data(bio));
  return 1;
}

/// Made once, and needed for as long as there is a BIO.
const BIO_METHOD* method() {
  static BIO_METHOD* const made = [] {
    BIO_METHOD* const fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    if (fresh == nullptr) return fresh;
    BIO_meth_set_read_ex(fresh, read_socket);
    BIO_meth_set_write_ex(fresh, write_socket);
    BIO_meth_set_ctrl(fresh, control);
    BIO_meth_set_destroy(fresh, destroy);
    return fresh;
  }();
  return made;
}

}  // namespace

BioPtr make_socket_bio(UniqueFd fd, const SocketAddress& peer) {
  BioPtr bio(method() == nullptr ? nullptr : BIO_new(method()));
  auto* const socket = bio ? new (std::nothrow) BioSocket(std::move(fd), peer) : nullptr;
  if (socket == nullptr) return nullptr;
  BIO_set_data(bio.get(), socket);
  BIO_set_init(bio.get(), 1);
  return bio;
}

BioSocket& socket_of(const SSL& session) noexcept {
  return socket_of(SSL_get_rbio(&session));
}

}  // namespace reactord::tls
