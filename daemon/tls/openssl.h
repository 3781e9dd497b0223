// SPDX-License-Identifier: MIT
// OpenSSL's objects with owners, and what its error queue says. For the sources of this room alone:
// no header that others include has anything of OpenSSL in it.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace reactord::tls {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

using BioPtr = std::unique_ptr<BIO, Freed<BIO_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using SessionPtr = std::unique_ptr<SSL, Freed<SSL_free>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

/// Why the last call failed, in OpenSSL's words ("certificate has expired"); "" where it does not
/// say. Empties the queue.
[[nodiscard]] std::string take_error();

}  // namespace reactord::tls
