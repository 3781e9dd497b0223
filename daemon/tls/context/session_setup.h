// SPDX-License-Identifier: MIT
// How our sessions are: which protocols, ciphers and habits of OpenSSL they have. The one place for
// it, for both sides.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/tls/context/certificate.h"
#include "daemon/tls/openssl.h"

namespace reactord::tls {

/// For the server's side, without a certificate yet; the problem, or "".
[[nodiscard]] std::string make_server_context(const TlsSettings& settings, ContextPtr& out);
[[nodiscard]] std::string use_pair(SSL_CTX& context, const std::string& file,
                                   const CertifiedKey& pair);

/// What both sides need: of reading, writing and memory.
void prepare_for_streams(SSL_CTX& context);

}  // namespace reactord::tls
