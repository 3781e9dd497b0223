// SPDX-License-Identifier: MIT
// What stands between accept(2) and a byte stream where a listener asks for more than a socket: a
// handshake, out of which the stream comes. TLS is the one there is (daemon/tls/); who takes
// clients in knows no more of it than this.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "daemon/net/socket_address.h"
#include "daemon/net/stream.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord {

enum class HandshakeStep : std::uint8_t {
  done,         ///< take the stream
  wants_read,   ///< again when the socket can be read
  wants_write,  ///< again when it can be written
  failed,       ///< problem() says why; the peer has been told, where it could be
  plain_text,   ///< the peer speaks something else, which problem() names; it has been told
};

/// One client's. Used by one thread at a time, though not always by the same.
class Handshake {
 public:
  Handshake() = default;
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;
  virtual ~Handshake() = default;

  /// Goes on as far as the socket lets it, which may take milliseconds of computing: not in the
  /// loop's thread.
  [[nodiscard]] virtual HandshakeStep advance() noexcept = 0;
  [[nodiscard]] virtual std::string problem() const = 0;
  /// The client did not begin anew, but went on with an earlier session.
  [[nodiscard]] virtual bool is_resumed() const noexcept = 0;
  /// Protocol, cipher and, where it is verified, whose certificate: for the log.
  [[nodiscard]] virtual std::string description() const = 0;
  [[nodiscard]] virtual int fd() const noexcept = 0;
  [[nodiscard]] virtual std::string peer() const = 0;
  /// Once, when it is done: constructs the stream in `place`, which has room for `bytes` and the
  /// alignment of a pointer. Input may be waiting in the stream, of which no edge will tell.
  [[nodiscard]] virtual Stream* make_stream(void* place, std::size_t bytes) noexcept = 0;
  /// The same, on the heap. Throws std::bad_alloc.
  [[nodiscard]] virtual std::unique_ptr<Stream> take_stream() = 0;
};

/// What the clients of a listener shake hands with, or what a client does it with. Immutable but
/// for its session keys; a reload makes a new one. Outlives its handshakes.
class HandshakeContext {
 public:
  HandshakeContext() = default;
  HandshakeContext(const HandshakeContext&) = delete;
  HandshakeContext& operator=(const HandshakeContext&) = delete;
  virtual ~HandshakeContext() = default;

  /// Null where there is no memory for it; the socket is closed then.
  [[nodiscard]] virtual std::unique_ptr<Handshake> begin(UniqueFd fd,
                                                         const SocketAddress& peer) const = 0;

  /// What a client who may not come in is sent in place of a handshake.
  [[nodiscard]] virtual std::string_view refusal() const noexcept = 0;

  /// Sessions that began with `before` can go on with this one. Before it is used.
  virtual void keep_sessions_of(const HandshakeContext& before) = 0;

  /// Keys of sessions that are too old open nothing any more; for a timer, at each kKeyPause.
  virtual void forget_old_keys() const = 0;
  static constexpr auto kKeyPause = std::chrono::hours(1);

  struct Certificate {
    std::string file;
    std::chrono::system_clock::time_point expires;
  };
  [[nodiscard]] virtual std::span<const Certificate> certificates() const noexcept = 0;
};

}  // namespace reactord
