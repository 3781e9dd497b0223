// SPDX-License-Identifier: MIT
// How OpenSSL reaches a socket: a BIO (BIO_meth_new(3)) over a SocketStream, which it owns. It
// keeps what OpenSSL's own socket BIO throws away: the errno of a lost connection, whether the
// peer's FIN was seen, and that a short read has drained the socket, which saves the recv(2) that
// would only say so.
#pragma once

#include <cstdint>

#include "daemon/net/socket_stream.h"
#include "daemon/tls/openssl.h"

namespace reactord::tls {

/// What a BIO has behind it.
struct BioSocket {
  BioSocket(UniqueFd fd, const SocketAddress& peer) : stream(std::move(fd), peer) {}

  SocketStream stream;
  int error = 0;                      ///< errno of the call that found the connection lost
  int shortage = 0;                   ///< why the last call that would block has to be tried again
  std::uint16_t control_records = 0;  ///< received since the count was set to 0: no data in them
  bool trusts_short_reads = false;    ///< a short read is taken for the last one
  bool is_drained = false;            ///< there was one: nothing more is received meanwhile
  bool has_ended = false;             ///< FIN was received
};

/// Null without memory; the socket is closed then.
[[nodiscard]] BioPtr make_socket_bio(UniqueFd fd, const SocketAddress& peer);

/// Of a session that was given such a BIO.
[[nodiscard]] BioSocket& socket_of(const SSL& session) noexcept;

}  // namespace reactord::tls
