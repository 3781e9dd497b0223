// SPDX-License-Identifier: MIT
#include "daemon/tls/context/session_setup.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/sha.h>

#include <array>
#include <chrono>
#include <string_view>

#include "daemon/tls/context/ticket_keys.h"
#include "daemon/tls/socket_bio.h"
#include "daemon/tls/tls_stream.h"

namespace reactord::tls {

namespace {

/// 112 bits at least: 2048 of RSA, no SHA-1, no MD5 (SSL_CTX_set_security_level(3)).
constexpr int kSecurityLevel = 2;

/// One is what a client needs to come again; each more costs the handshake another sealing.
constexpr std::size_t kTickets = 1;

/// A chain of four with large keys has some 8 KiB; what is longer is no client's that we know.
constexpr long kMaxClientChainBytes = 32 << 10;

/// How deep a client's chain may be: each link is a signature to check.
constexpr int kMaxChainDepth = 8;

/// Encrypted alone, with their own key for each session, and no block of theirs is padded: forward
/// secrecy, no CBC, no SHA-1 (RFC 9325, section 4.2).
constexpr bool is_strong(int authenticates, int exchanges, bool is_aead) {
  return is_aead && authenticates != NID_auth_null && exchanges != NID_kx_rsa &&
         exchanges != NID_kx_psk && exchanges != NID_kx_rsa_psk;
}

std::string judge_ciphers(const SSL_CTX& context, const std::string& ciphers) {
  const STACK_OF(SSL_CIPHER)* const all = SSL_CTX_get_ciphers(&context);
  for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
    const SSL_CIPHER* const cipher = sk_SSL_CIPHER_value(all, i);
    if (is_strong(SSL_CIPHER_get_auth_nid(cipher), SSL_CIPHER_get_kx_nid(cipher),
                  SSL_CIPHER_is_aead(cipher) == 1))
      continue;
    return fmt::format(
        "ciphers: '{}' has {}, which is weak: take those with ECDHE or DHE, and GCM, "
        "CCM or POLY1305 alone (openssl ciphers -v '{}')",
        ciphers, SSL_CIPHER_get_name(cipher), ciphers);
  }
  return {};
}

std::string set_ciphers(SSL_CTX& context, const std::string& ciphers) {
  ERR_clear_error();
  const bool is_set = SSL_CTX_set_cipher_list(&context, ciphers.c_str()) == 1;
  const std::string reason = take_error();
  if (!is_set)
    return fmt::format(
        "ciphers: OpenSSL takes nothing of '{}' ({}): openssl ciphers -v shows what "
        "there is",
        ciphers, reason);
  if (SSL_CTX_get_security_level(&context) < kSecurityLevel)
    return fmt::format("ciphers: '{}' lowers the security level below {}: leave @SECLEVEL out",
                       ciphers, kSecurityLevel);
  return judge_ciphers(context, ciphers);
}

int verify_mode_of(ClientAuth auth) {
  switch (auth) {
    case ClientAuth::no:
      return SSL_VERIFY_NONE;
    case ClientAuth::optional:
      return SSL_VERIFY_PEER;
    case ClientAuth::required:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  return SSL_VERIFY_PEER;
}

std::string trust_clients_of(SSL_CTX& context, const std::vector<CertificatePtr>& authorities,
                             const std::string& file) {
  X509_STORE* const store = SSL_CTX_get_cert_store(&context);
  for (const CertificatePtr& authority : authorities) {
    ERR_clear_error();
    if (X509_STORE_add_cert(store, authority.get()) != 1 ||
        SSL_CTX_add_client_CA(&context, authority.get()) != 1)
      return fmt::format("{}: {}", file, take_error());
  }
  return {};
}

/// A ticket that was sealed for other clients' certificates is none for these.
void set_session_context(SSL_CTX& context, const TlsSettings& settings,
                         const std::vector<CertificatePtr>& authorities) {
  std::string trusted = settings.client_auth == ClientAuth::required ? "required" : "other";
  for (const CertificatePtr& authority : authorities) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (X509_digest(authority.get(), EVP_sha256(), digest.data(), &size) == 1)
      trusted.append(reinterpret_cast<const char*>(digest.data()), size);
  }
  std::array<unsigned char, SHA256_DIGEST_LENGTH> id{};
  SHA256(reinterpret_cast<const unsigned char*>(trusted.data()), trusted.size(), id.data());
  static_assert(id.size() <= SSL_MAX_SID_CTX_LENGTH);
  (void)SSL_CTX_set_session_id_context(&context, id.data(), id.size());
}

std::string set_client_auth(SSL_CTX& context, const TlsSettings& settings) {
  std::vector<CertificatePtr> authorities;
  if (settings.client_auth != ClientAuth::no) {
    if (std::string problem = load_certificates(settings.client_ca, authorities); !problem.empty())
      return problem;
    if (std::string problem = trust_clients_of(context, authorities, settings.client_ca);
        !problem.empty())
      return problem;
  }
  SSL_CTX_set_verify(&context, verify_mode_of(settings.client_auth), nullptr);
  SSL_CTX_set_verify_depth(&context, kMaxChainDepth);
  SSL_CTX_set_max_cert_list(&context, kMaxClientChainBytes);
  set_session_context(context, settings, authorities);
  return {};
}

/// No cache of sessions, which would hold memory for clients that have gone: tickets alone.
void set_sessions(SSL_CTX& context) {
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(&context, kTickets);
  SSL_CTX_set_timeout(&context, 2 * std::chrono::seconds(TicketKeys::kSealingTime).count());
}

/// A record that brings no data: a key update, an alert, a handshake begun anew.
bool is_control(int version, int kind, const void* bytes, std::size_t size) {
  const int header = version == TLS1_3_VERSION ? SSL3_RT_INNER_CONTENT_TYPE : SSL3_RT_HEADER;
  return kind == header && size > 0 &&
         *static_cast<const unsigned char*>(bytes) != SSL3_RT_APPLICATION_DATA;
}

/// OpenSSL would go on through all of them that it has; a session that is shut down it reads no
/// further (TlsStream::receive).
void count_control_records(int is_sent, int version, int kind, const void* bytes, std::size_t size,
                           SSL* session, void*) {
  if (is_sent != 0 || !is_control(version, kind, bytes, size)) return;
  BioSocket& socket = socket_of(*session);
  if (++socket.control_records > TlsStream::kMaxControlRecords && SSL_is_init_finished(session))
    SSL_set_shutdown(session, SSL_get_shutdown(session) | SSL_RECEIVED_SHUTDOWN);
}

}  // namespace

std::string make_server_context(const TlsSettings& settings, ContextPtr& out) {
  ERR_clear_error();
  out.reset(SSL_CTX_new(TLS_server_method()));
  if (!out) return fmt::format("OpenSSL cannot be used: {}", take_error());
  SSL_CTX& context = *out;
  SSL_CTX_set_security_level(&context, kSecurityLevel);
  (void)SSL_CTX_set_min_proto_version(
      &context, settings.min_version == TlsVersion::tls1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(&context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  prepare_for_streams(context);
  set_sessions(context);
  if (std::string problem = set_ciphers(context, settings.ciphers); !problem.empty())
    return problem;
  return set_client_auth(context, settings);
}

std::string use_pair(SSL_CTX& context, const std::string& file, const CertifiedKey& pair) {
  ERR_clear_error();
  bool is_used = SSL_CTX_use_certificate(&context, pair.certificate.get()) == 1 &&
                 SSL_CTX_use_PrivateKey(&context, pair.key.get()) == 1;
  for (const CertificatePtr& link : pair.chain)
    is_used = is_used && SSL_CTX_add1_chain_cert(&context, link.get()) == 1;
  const std::string reason = take_error();
  if (is_used) return {};
  return fmt::format(
      "{}: OpenSSL does not use it: {}; RSA has 2048 bits at least, and signatures "
      "are by SHA-256 or better",
      file, reason);
}

void prepare_for_streams(SSL_CTX& context) {
  // An end without close_notify is told apart by the stream; to OpenSSL it would be a fault, behind
  // which no reply could be sent.
  SSL_CTX_set_options(
      &context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // A write that did not go out whole is tried again out of another buffer, with more behind it; a
  // connection at rest keeps no buffer; and a chain is what its file has.
  SSL_CTX_set_mode(&context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_read_ahead(&context, 1);
  SSL_CTX_set_msg_callback(&context, count_control_records);
}

}  // namespace reactord::tls
