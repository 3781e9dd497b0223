// SPDX-License-Identifier: MIT
#include "daemon/tls/context/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <cstring>

namespace reactord::tls {

namespace {

bool set_mac_key(evp_mac_ctx_st* mac, std::array<unsigned char, 32>& key) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.data(), key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

}  // namespace

TicketKeys::~TicketKeys() {
  forget(current_);
  forget(previous_);
}

int TicketKeys::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     evp_mac_ctx_st* mac) {
  const std::lock_guard lock(mutex_);
  rotate(now_());
  if (!current_) current_ = make(now_());
  if (!current_ || RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
  std::memcpy(name, current_->name.data(), current_->name.size());
  const bool is_ready =
      EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, current_->cipher.data(), iv) == 1 &&
      set_mac_key(mac, current_->mac);
  return is_ready ? 1 : -1;
}

int TicketKeys::open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     evp_mac_ctx_st* mac) {
  const std::lock_guard lock(mutex_);
  rotate(now_());
  for (std::optional<Key>* key : {&current_, &previous_}) {
    if (!*key || CRYPTO_memcmp(name, (*key)->name.data(), (*key)->name.size()) != 0) continue;
    const bool is_ready =
        set_mac_key(mac, (*key)->mac) &&
        EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, (*key)->cipher.data(), iv) == 1;
    if (!is_ready) return -1;
    return key == &current_ ? 1 : 2;
  }
  return 0;
}

void TicketKeys::forget_old() {
  const std::lock_guard lock(mutex_);
  rotate(now_());
}

std::optional<TicketKeys::Key> TicketKeys::make(Clock::time_point now) {
  Key key{};
  key.made = now;
  const bool is_random =
      RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) == 1 &&
      RAND_priv_bytes(key.cipher.data(), static_cast<int>(key.cipher.size())) == 1 &&
      RAND_priv_bytes(key.mac.data(), static_cast<int>(key.mac.size())) == 1;
  if (!is_random) return {};
  return key;
}

/// The key that seals next is made where one is asked for.
void TicketKeys::rotate(Clock::time_point now) {
  if (previous_ && now - previous_->made >= 2 * kSealingTime) forget(previous_);
  if (!current_ || now - current_->made < kSealingTime) return;
  if (now - current_->made < 2 * kSealingTime) {
    forget(previous_);
    previous_ = current_;
  }
  forget(current_);
}

void TicketKeys::forget(std::optional<Key>& key) {
  if (key) OPENSSL_cleanse(&*key, sizeof *key);
  key.reset();
}

}  // namespace reactord::tls
