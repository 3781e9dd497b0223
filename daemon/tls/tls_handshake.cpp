// SPDX-License-Identifier: MIT
#include "daemon/tls/tls_handshake.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>

#include "daemon/reactor/out_of_memory.h"
#include "daemon/tls/certificate_name.h"
#include "daemon/tls/openssl_memory.h"
#include "daemon/tls/socket_bio.h"
#include "daemon/tls/tls_stream.h"
#include "protocol/framing/protocol_detector.h"

namespace reactord {

using tls::socket_of;

namespace {

/// A handshake record (RFC 8446, section 5.1).
constexpr char kHandshakeRecord = 0x16;

/// Enough to tell other protocols apart; what is longer is looked at so far.
constexpr std::size_t kMaxOpeningBytes = 512;

constexpr std::string_view kSpeakTls =
    "-ERR this port speaks TLS: connect with TLS (redis-cli --tls, reactor-cli --uri tls://)\r\n";

/// For who expects HTTP, a page that says the same; otherwise an error that RESP clients and people
/// at netcat can read.
std::string_view farewell_to(std::string_view protocol) {
  if (protocol != "HTTP") return kSpeakTls;
  return "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
         "This port speaks TLS, and not HTTP.\n";
}

std::string_view name_of(std::string_view opening) {
  const ForeignMatch match = match_foreign_opening(opening);
  return match.status == ForeignStatus::yes ? match.protocol->name : "plain text";
}

}  // namespace

HandshakeStep TlsHandshake::advance() noexcept {
  HandshakeStep step = HandshakeStep::failed;
  const bool has_memory = has_memory_for([&] {
    const bool may_be_foreign = !has_begun_ && SSL_is_server(session_.get()) == 1;
    step = !may_be_foreign ? HandshakeStep::done : look_at_opening();
    if (step != HandshakeStep::done) return;
    ERR_clear_error();
    const tls::MemoryWatch memory;
    const int returned = SSL_do_handshake(session_.get());
    if (returned != 1) step = fail(returned);
    if (!memory.has_run_short()) return;
    problem_ = "out of memory";
    step = HandshakeStep::failed;
  });
  return has_memory ? step : HandshakeStep::failed;
}

/// OpenSSL would answer plain text with an alert, which nobody there can read.
HandshakeStep TlsHandshake::look_at_opening() noexcept {
  std::array<char, kMaxOpeningBytes> opening;
  ssize_t n = 0;
  do {
    n = ::recv(fd(), opening.data(), opening.size(), MSG_PEEK);
  } while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return HandshakeStep::wants_read;
  has_begun_ = n <= 0 || opening[0] == kHandshakeRecord;
  if (has_begun_) return HandshakeStep::done;
  return answer_plain_text({opening.data(), static_cast<std::size_t>(n)});
}

HandshakeStep TlsHandshake::answer_plain_text(std::string_view opening) {
  problem_ = name_of(opening);
  (void)socket_of(*session_).stream.send(farewell_to(problem_));
  close_in_order();
  return HandshakeStep::plain_text;
}

HandshakeStep TlsHandshake::fail(int returned) {
  const tls::BioSocket& socket = socket_of(*session_);
  const int error = SSL_get_error(session_.get(), returned);
  if (socket.control_records > kMaxRecords) {
    problem_ = "too many messages";
    return HandshakeStep::failed;
  }
  if (socket.shortage != 0) {  // nothing would tell when to go on
    problem_ = std::strerror(socket.shortage);
    return HandshakeStep::failed;
  }
  if (error == SSL_ERROR_WANT_READ) return HandshakeStep::wants_read;
  if (error == SSL_ERROR_WANT_WRITE) return HandshakeStep::wants_write;
  problem_ = why_failed();
  close_in_order();
  return HandshakeStep::failed;
}

/// What is wrong with the other side's certificate says more than that it was not taken.
std::string TlsHandshake::why_failed() const {
  std::string reason = tls::take_error();
  const long judged = SSL_get_verify_result(session_.get());
  if (judged != X509_V_OK) return X509_verify_cert_error_string(judged);
  const tls::BioSocket& socket = socket_of(*session_);
  if (socket.error != 0) return std::strerror(socket.error);
  return reason.empty() ? "the other side has left before it was done" : reason;
}

/// What was sent last, an alert or an answer, is to arrive: closing with unread input would have
/// the kernel send RST, which may overtake it.
void TlsHandshake::close_in_order() noexcept {
  SocketStream& stream = socket_of(*session_).stream;
  stream.finish_sending();
  std::array<char, 4096> unread;
  (void)stream.receive(unread);
}

bool TlsHandshake::is_resumed() const noexcept {
  return SSL_session_reused(session_.get()) == 1;
}

std::string TlsHandshake::description() const {
  std::string text = SSL_get_version(session_.get());
  text += ' ';
  text += SSL_get_cipher_name(session_.get());
  if (const std::string name = tls::verified_name_of(*session_); !name.empty())
    text += " as " + name;
  return text;
}

int TlsHandshake::fd() const noexcept {
  return socket_of(*session_).stream.fd();
}

std::string TlsHandshake::peer() const {
  return socket_of(*session_).stream.peer();
}

Stream* TlsHandshake::make_stream(void* place, [[maybe_unused]] std::size_t bytes) noexcept {
  assert(bytes >= sizeof(TlsStream));
  return ::new (place) TlsStream(*session_.release());
}

std::unique_ptr<Stream> TlsHandshake::take_stream() {
  auto stream = std::make_unique<TlsStream>(*session_.get());
  (void)session_.release();
  return stream;
}

}  // namespace reactord
