// SPDX-License-Identifier: MIT
#include "tests/unit/support/test_certificates.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace reactord::test {
namespace {

using tls::BioPtr;

void require(bool is_done, const char* what) {
  if (!is_done) throw std::runtime_error(std::string(what) + ": " + tls::take_error());
}

tls::KeyPtr make_key(bool is_rsa) {
  tls::KeyPtr key(is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
  require(key != nullptr, "key");
  return key;
}

void add_extension(X509& certificate, const X509& issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, const_cast<X509*>(&issuer), &certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  require(extension != nullptr && X509_add_ext(&certificate, extension, -1) == 1, "extension");
  X509_EXTENSION_free(extension);
}

std::string names_of(const std::vector<std::string>& hosts) {
  std::string names;
  for (const std::string& host : hosts) names += (names.empty() ? "DNS:" : ",DNS:") + host;
  return names;
}

void set_name(X509& certificate, const std::string& name) {
  if (name.empty()) return;
  require(X509_NAME_add_entry_by_txt(X509_get_subject_name(&certificate), "CN", MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(name.data()),
                                     static_cast<int>(name.size()), -1, 0) == 1,
          "name");
}

std::string text_of(const BioPtr& memory) {
  BUF_MEM* content = nullptr;
  BIO_get_mem_ptr(memory.get(), &content);
  return {content->data, content->length};
}

}  // namespace

TestCertificate::TestCertificate(const CertificateWish& wish, const TestCertificate* issuer)
    : certificate_(X509_new()), key_(make_key(wish.is_rsa)) {
  X509& made = *certificate_;
  X509_set_version(&made, X509_VERSION_3);
  std::int64_t serial = 0;
  require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), 7) == 1, "serial");
  ASN1_INTEGER_set_int64(X509_get_serialNumber(&made), serial);
  X509_gmtime_adj(X509_getm_notBefore(&made), std::chrono::seconds(wish.begins).count());
  X509_gmtime_adj(X509_getm_notAfter(&made), std::chrono::seconds(wish.ends).count());
  set_name(made, wish.name);
  const X509& signer = issuer == nullptr ? *certificate_ : *issuer->certificate_;
  X509_set_issuer_name(&made, X509_get_subject_name(&signer));
  X509_set_pubkey(&made, key_.get());
  if (wish.is_authority) add_extension(made, signer, NID_basic_constraints, "critical,CA:TRUE");
  if (!wish.hosts.empty()) add_extension(made, signer, NID_subject_alt_name, names_of(wish.hosts));
  EVP_PKEY* const signing = issuer == nullptr ? key_.get() : issuer->key_.get();
  require(X509_sign(&made, signing, EVP_sha256()) > 0, "signature");
}

std::string TestCertificate::certificate() const {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_X509(memory.get(), certificate_.get()) == 1, "PEM");
  return text_of(memory);
}

std::string TestCertificate::key() const {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_PKCS8PrivateKey(memory.get(), key_.get(), nullptr, nullptr, 0, nullptr,
                                        nullptr) == 1,
          "PEM");
  return text_of(memory);
}

std::string TestCertificate::key_under_passphrase() const {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_PKCS8PrivateKey(memory.get(), key_.get(), EVP_aes_128_cbc(), "secret", 6,
                                        nullptr, nullptr) == 1,
          "PEM");
  return text_of(memory);
}

}  // namespace reactord::test
