// SPDX-License-Identifier: MIT
#include "daemon/tls/tls_stream.h"

#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/tls/certificate_name.h"
#include "daemon/tls/openssl.h"
#include "daemon/tls/socket_bio.h"

namespace reactord {

using tls::BioSocket;
using tls::socket_of;

namespace {

/// A record holds so much plain text at most (RFC 8446, section 5.1).
constexpr std::size_t kMaxRecordBytes = 16u << 10;

/// Nothing more may be written to a session that has met a fatal error (SSL_shutdown(3)).
IoResult lost(SSL& session, int error) noexcept {
  SSL_set_quiet_shutdown(&session, 1);
  return {IoStatus::lost, 0, error};
}

/// The one place where OpenSSL's results become ours.
IoResult outcome(SSL& session, int returned) noexcept {
  BioSocket& socket = socket_of(session);
  switch (SSL_get_error(&session, returned)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {IoStatus::would_block, 0, std::exchange(socket.shortage, 0)};
    case SSL_ERROR_ZERO_RETURN:
      return {socket.has_ended ? IoStatus::cut_off : IoStatus::end, 0, 0};
    default:  // OpenSSL adds kinds of errors, none of which can be mended
      return lost(session, socket.error != 0 ? socket.error : EPROTO);
  }
}

/// Where reading waits for room to write in, a key update has to be answered to a client that takes
/// no bytes: no edge would tell when to read on.
IoResult receive_outcome(SSL& session, int returned) noexcept {
  if (SSL_get_error(&session, returned) == SSL_ERROR_WANT_WRITE) return lost(session, ENOBUFS);
  return outcome(session, returned);
}

/// One record at a time, as far as the kernel takes them; the bytes that were taken.
IoResult send_records(SSL& session, std::string_view bytes) noexcept {
  std::size_t sent = 0;
  bool is_short_of_memory = false;
  while (sent < bytes.size()) {
    std::size_t taken = 0;
    ERR_clear_error();
    const int returned = SSL_write_ex(&session, bytes.data() + sent, bytes.size() - sent, &taken);
    if (returned != 1) {
      const IoResult result = outcome(session, returned);
      if (result.status != IoStatus::would_block || sent == 0) return result;
      is_short_of_memory = result.error != 0;
      break;
    }
    sent += taken;
    if (sent >= TlsStream::kMaxSendBytes) break;
  }
  return {IoStatus::ok, sent, 0, sent >= TlsStream::kMaxSendBytes || is_short_of_memory};
}

/// The bytes of several pieces behind each other, from some place on.
class PartReader {
 public:
  explicit PartReader(std::span<const std::string_view> parts) : parts_(parts) {}

  [[nodiscard]] bool is_empty() const { return parts_.empty(); }
  /// Fills a record with what comes next, and does not go on.
  [[nodiscard]] std::string_view look(std::span<char, kMaxRecordBytes> room) const {
    std::size_t filled = 0;
    std::size_t begin = begin_;
    for (const std::string_view part : parts_) {
      const std::size_t some = std::min(part.size() - begin, room.size() - filled);
      std::memcpy(room.data() + filled, part.data() + begin, some);
      filled += some;
      begin = 0;
      if (filled == room.size()) break;
    }
    return {room.data(), filled};
  }
  void go_on(std::size_t bytes) {
    begin_ += bytes;
    while (!parts_.empty() && begin_ >= parts_.front().size()) {
      begin_ -= parts_.front().size();
      parts_ = parts_.subspan(1);
    }
  }

 private:
  std::span<const std::string_view> parts_;
  std::size_t begin_ = 0;  ///< in the first of them
};

}  // namespace

TlsStream::~TlsStream() {
  ERR_clear_error();
  // What the handshake's end needs of a session that is over is nothing: errors are not looked at.
  if ((SSL_get_shutdown(session_) & SSL_SENT_SHUTDOWN) == 0) (void)SSL_shutdown(session_);
  ERR_clear_error();
  SSL_free(session_);
}

/// Reads until there is no room, or no more: a record has 16 KiB at most, and there may be many.
IoResult TlsStream::receive(std::span<char> into) noexcept {
  BioSocket& socket = socket_of(*session_);
  socket.is_drained = false;
  socket.trusts_short_reads = true;
  socket.control_records = 0;
  std::size_t filled = 0;
  while (filled < into.size()) {
    std::size_t received = 0;
    ERR_clear_error();
    const int returned =
        SSL_read_ex(session_, into.data() + filled, into.size() - filled, &received);
    if (socket.control_records > kMaxControlRecords) return lost(*session_, EPROTO);
    if (returned == 1) {
      filled += received;
      continue;
    }
    const IoResult result = receive_outcome(*session_, returned);
    if (filled == 0 && result.status == IoStatus::would_block && socket.is_drained) {
      // A part of a record: the end may be right behind it, and will not be told again.
      socket.is_drained = socket.trusts_short_reads = false;
      continue;
    }
    if (filled == 0) return result;
    // The end, or the fault, is told by the next call.
    return {IoStatus::ok, filled, 0, result.status != IoStatus::would_block || result.error != 0};
  }
  return {IoStatus::ok, filled, 0, true};
}

IoResult TlsStream::send(std::string_view bytes) noexcept {
  return send_records(*session_, bytes);
}

/// Small pieces share a record: each costs its encryption, and 22 bytes on the wire.
IoResult TlsStream::send_parts(std::span<const std::string_view> parts) noexcept {
  std::array<char, kMaxRecordBytes> record;
  PartReader rest(parts);
  std::size_t sent = 0;
  while (!rest.is_empty()) {
    const std::string_view next = rest.look(record);
    const IoResult result = send_records(*session_, next);
    if (result.status != IoStatus::ok && (result.status != IoStatus::would_block || sent == 0))
      return result;
    sent += result.bytes;
    rest.go_on(result.bytes);
    if (result.bytes < next.size()) return {IoStatus::ok, sent, 0, result.has_more};
    if (sent >= kMaxSendBytes) return {IoStatus::ok, sent, 0, true};
  }
  return {IoStatus::ok, sent, 0};
}

IoStatus TlsStream::send_end() noexcept {
  if ((SSL_get_shutdown(session_) & SSL_SENT_SHUTDOWN) != 0) return IoStatus::ok;
  ERR_clear_error();
  const int returned = SSL_shutdown(session_);
  return returned >= 0 ? IoStatus::ok : outcome(*session_, returned).status;
}

bool TlsStream::finish_sending() noexcept {
  return socket_of(*session_).stream.finish_sending();
}

void TlsStream::reset_on_close() noexcept {
  SSL_set_quiet_shutdown(session_, 1);
  socket_of(*session_).stream.reset_on_close();
}

Delivery TlsStream::delivery() const noexcept {
  return socket_of(*session_).stream.delivery();
}

std::string TlsStream::peer() const {
  return socket_of(*session_).stream.peer();
}

std::array<std::uint8_t, 16> TlsStream::peer_ip() const noexcept {
  return socket_of(*session_).stream.peer_ip();
}

int TlsStream::fd() const noexcept {
  return socket_of(*session_).stream.fd();
}

std::string TlsStream::certificate_name() const {
  return tls::verified_name_of(*session_);
}

}  // namespace reactord
