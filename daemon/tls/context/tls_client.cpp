// SPDX-License-Identifier: MIT
#include "daemon/tls/context/tls_client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>
#include <new>
#include <utility>

#include "daemon/tls/context/certificate.h"
#include "daemon/tls/context/session_setup.h"
#include "daemon/tls/openssl_memory.h"
#include "daemon/tls/socket_bio.h"
#include "daemon/tls/tls_handshake.h"

namespace reactord {

using namespace tls;

namespace {

bool is_ip(const std::string& host) {
  std::array<unsigned char, 16> address;
  return ::inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

class ClientContext final : public HandshakeContext {
 public:
  ClientContext(ContextPtr context, std::string server)
      : context_(std::move(context)), server_(std::move(server)) {}

  [[nodiscard]] std::unique_ptr<Handshake> begin(UniqueFd fd,
                                                 const SocketAddress& peer) const override;
  void keep_sessions_of(const HandshakeContext&) override {}
  void forget_old_keys() const override {}
  [[nodiscard]] std::string_view refusal() const noexcept override { return {}; }
  [[nodiscard]] std::span<const Certificate> certificates() const noexcept override { return {}; }

 private:
  [[nodiscard]] bool expect_server(SSL& session) const;

  ContextPtr context_;
  std::string server_;
};

std::unique_ptr<Handshake> ClientContext::begin(UniqueFd fd, const SocketAddress& peer) const {
  const MemoryWatch memory;
  ERR_clear_error();
  SessionPtr session(SSL_new(context_.get()));
  BioPtr bio = make_socket_bio(std::move(fd), peer);
  if (!session || !bio || !expect_server(*session) || memory.has_run_short()) return nullptr;
  BIO* const both = bio.release();
  SSL_set_bio(session.get(), both, both);
  SSL_set_connect_state(session.get());
  return std::make_unique<TlsHandshake>(std::move(session));
}

/// An address is never sent as a name (RFC 6066, section 3).
bool ClientContext::expect_server(SSL& session) const {
  if (server_.empty()) return true;
  if (is_ip(server_))
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(&session), server_.c_str()) == 1;
  // What SSL_set_tlsext_host_name(3) stands for, without its cast of C.
  std::string name = server_;
  return SSL_set1_host(&session, server_.c_str()) == 1 &&
         SSL_ctrl(&session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) ==
             1;
}

std::string trust(SSL_CTX& context, const std::string& ca_file) {
  ERR_clear_error();
  if (ca_file.empty()) {
    (void)SSL_CTX_set_default_verify_paths(&context);
    return {};
  }
  std::vector<CertificatePtr> authorities;
  if (std::string problem = load_certificates(ca_file, authorities); !problem.empty())
    return problem;
  for (const CertificatePtr& authority : authorities)
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), authority.get()) != 1)
      return fmt::format("{}: {}", ca_file, take_error());
  return {};
}

std::string show_certificate(SSL_CTX& context, const TlsClientSettings& settings) {
  if (settings.certificate.empty()) return {};
  CertifiedKey pair;
  if (std::string problem = load_certified_key(
          settings.certificate, settings.key.empty() ? settings.certificate : settings.key,
          std::chrono::system_clock::now(), pair);
      !problem.empty())
    return problem;
  return use_pair(context, settings.certificate, pair);
}

LoadedTls load(const TlsClientSettings& settings) {
  ERR_clear_error();
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context) return {nullptr, {fmt::format("OpenSSL cannot be used: {}", take_error())}};
  (void)SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  prepare_for_streams(*context);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  std::string problem = trust(*context, settings.ca_file);
  if (problem.empty()) problem = show_certificate(*context, settings);
  if (!problem.empty()) return {nullptr, {std::move(problem)}};
  return {std::make_shared<ClientContext>(std::move(context), settings.server), {}};
}

}  // namespace

LoadedTls load_tls_client(const TlsClientSettings& settings) {
  const MemoryWatch memory;
  LoadedTls loaded = load(settings);
  if (memory.has_run_short()) loaded = {nullptr, {kOutOfMemory}};
  return loaded;
}

}  // namespace reactord
