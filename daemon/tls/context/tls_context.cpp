// SPDX-License-Identifier: MIT
#include "daemon/tls/context/tls_context.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <new>
#include <string_view>
#include <utility>

#include "daemon/tls/certificate_name.h"
#include "daemon/tls/context/certificate.h"
#include "daemon/tls/context/session_setup.h"
#include "daemon/tls/context/ticket_keys.h"
#include "daemon/tls/openssl_memory.h"
#include "daemon/tls/socket_bio.h"
#include "daemon/tls/tls_handshake.h"

namespace reactord {

using namespace tls;

namespace {

/// A fatal alert, in a record of its own (RFC 8446, sections 5.1 and 6.2).
constexpr std::string_view kAccessDenied("\x15\x03\x03\x00\x02\x02\x31", 7);

/// A certificate with everything that a session by it needs.
struct NamedContext {
  ContextPtr context;
  std::vector<std::string> hosts;
};

class TlsContext final : public HandshakeContext {
 public:
  /// Appends what is wrong.
  TlsContext(const TlsSettings& settings, std::vector<std::string>& problems);

  [[nodiscard]] std::unique_ptr<Handshake> begin(UniqueFd fd,
                                                 const SocketAddress& peer) const override;
  void keep_sessions_of(const HandshakeContext& before) override {
    if (const auto* const other = dynamic_cast<const TlsContext*>(&before))
      ticket_keys_ = other->ticket_keys_;
  }
  void forget_old_keys() const override { ticket_keys_->forget_old(); }
  [[nodiscard]] std::string_view refusal() const noexcept override { return kAccessDenied; }
  [[nodiscard]] std::span<const Certificate> certificates() const noexcept override {
    return certificates_;
  }

 private:
  void load_pair(const TlsSettings& settings, std::size_t index,
                 std::vector<std::string>& problems);
  [[nodiscard]] SSL_CTX* context_for(std::string_view host) const;
  static int choose_by_name(SSL* session, int* alert, void* self);
  static int use_ticket(SSL* session, unsigned char* name, unsigned char* iv,
                        EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int is_sealing);

  std::vector<NamedContext> contexts_;  ///< the first is for clients that name nobody we know
  std::vector<Certificate> certificates_;
  std::shared_ptr<TicketKeys> ticket_keys_ = std::make_shared<TicketKeys>();
};

TlsContext::TlsContext(const TlsSettings& settings, std::vector<std::string>& problems) {
  for (std::size_t i = 0; i < settings.certificate.size(); ++i) load_pair(settings, i, problems);
}

void TlsContext::load_pair(const TlsSettings& settings, std::size_t index,
                           std::vector<std::string>& problems) {
  const std::string& file = settings.certificate[index];
  CertifiedKey pair;
  std::string problem = load_certified_key(file, settings.key.empty() ? file : settings.key[index],
                                           std::chrono::system_clock::now(), pair);
  ContextPtr context;
  if (problem.empty()) problem = make_server_context(settings, context);
  if (problem.empty()) problem = use_pair(*context, file, pair);
  if (!problem.empty()) return problems.push_back(std::move(problem));
  SSL_CTX_set_app_data(context.get(), this);
  // What SSL_CTX_set_tlsext_servername_callback(3) stands for, without its cast of C.
  SSL_CTX_callback_ctrl(context.get(), SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                        reinterpret_cast<void (*)()>(choose_by_name));
  SSL_CTX_set_tlsext_servername_arg(context.get(), this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context.get(), use_ticket);
  certificates_.push_back({file, pair.expires});
  contexts_.push_back({std::move(context), host_names_of(*pair.certificate)});
}

std::unique_ptr<Handshake> TlsContext::begin(UniqueFd fd, const SocketAddress& peer) const {
  const MemoryWatch memory;
  ERR_clear_error();
  SessionPtr session(SSL_new(contexts_.front().context.get()));
  BioPtr bio = make_socket_bio(std::move(fd), peer);
  if (!session || !bio || memory.has_run_short()) return nullptr;
  // One reference for both directions (SSL_set_bio(3)).
  BIO* const both = bio.release();
  SSL_set_bio(session.get(), both, both);
  SSL_set_accept_state(session.get());
  return std::unique_ptr<Handshake>(new (std::nothrow) TlsHandshake(std::move(session)));
}

SSL_CTX* TlsContext::context_for(std::string_view host) const {
  for (const NamedContext& each : contexts_)
    if (std::any_of(each.hosts.begin(), each.hosts.end(),
                    [&](const std::string& pattern) { return matches_host(pattern, host); }))
      return each.context.get();
  return nullptr;
}

/// Nobody of that name: the first certificate, which the client judges (RFC 6066, section 3).
int TlsContext::choose_by_name(SSL* session, int*, void* self) {
  const char* const name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  std::array<char, 255> host{};  // as long as a name can be (RFC 1035, section 2.3.4)
  const std::string_view given(name);
  if (given.size() > host.size()) return SSL_TLSEXT_ERR_NOACK;
  std::transform(given.begin(), given.end(), host.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  SSL_CTX* const found =
      static_cast<const TlsContext*>(self)->context_for({host.data(), given.size()});
  if (found == nullptr) return SSL_TLSEXT_ERR_NOACK;
  (void)SSL_set_SSL_CTX(session, found);
  return SSL_TLSEXT_ERR_OK;
}

int TlsContext::use_ticket(SSL* session, unsigned char* name, unsigned char* iv,
                           EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int is_sealing) {
  const auto* const self =
      static_cast<const TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
  return is_sealing == 1 ? self->ticket_keys_->seal(name, iv, cipher, mac)
                         : self->ticket_keys_->open(name, iv, cipher, mac);
}

}  // namespace

LoadedTls load_tls(const TlsSettings& settings) {
  const MemoryWatch memory;
  LoadedTls loaded;
  auto context = std::make_shared<TlsContext>(settings, loaded.problems);
  if (memory.has_run_short()) loaded.problems = {kOutOfMemory};
  if (loaded.problems.empty()) loaded.context = std::move(context);
  return loaded;
}

}  // namespace reactord
