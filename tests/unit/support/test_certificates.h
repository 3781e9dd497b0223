// SPDX-License-Identifier: MIT
// Certificates for tests, made when they are asked for: no private key is kept in the repository,
// and none of them runs out.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "daemon/tls/openssl.h"

namespace reactord::test {

struct CertificateWish {
  std::string name = "localhost";       ///< the subject's common name
  std::vector<std::string> hosts = {};  ///< DNS names
  std::chrono::hours begins{-1};        ///< from now
  std::chrono::hours ends{24 * 365};
  bool is_authority = false;
  bool is_rsa = false;
};

class TestCertificate {
 public:
  /// Signed by `issuer`, or by itself.
  explicit TestCertificate(const CertificateWish& wish, const TestCertificate* issuer = nullptr);

  [[nodiscard]] std::string certificate() const;  ///< in PEM
  [[nodiscard]] std::string key() const;
  [[nodiscard]] std::string key_under_passphrase() const;
  [[nodiscard]] const X509& x509() const { return *certificate_; }

 private:
  tls::CertificatePtr certificate_;
  tls::KeyPtr key_;
};

}  // namespace reactord::test
