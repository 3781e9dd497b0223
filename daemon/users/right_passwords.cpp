// SPDX-License-Identifier: MIT
#include "daemon/users/right_passwords.h"

#include <sys/random.h>

#include <algorithm>

#include "config/secrets/sha256.h"

namespace reactord {

namespace {

/// A block of SHA-256, so that the digest cannot be continued from what is known of the password.
constexpr std::size_t kKeyBytes = 64;

}  // namespace

bool RightPasswords::knows(const User& user, std::string_view password) {
  if (password.size() > PasswordHash::kMaxPasswordBytes) return false;
  const bool is_token = std::ranges::any_of(
      user.tokens, [password](const User::Hash& token) { return token->matches(password); });
  if (is_token || user.remembered.empty()) return is_token;
  const std::optional<SecretText> digest = digest_of(password);
  return digest && is_same_secret(digest->view(), user.remembered.view());
}

void RightPasswords::remember(const User& user, std::string_view password) {
  if (std::optional<SecretText> digest = digest_of(password)) user.remembered = std::move(*digest);
}

/// Nothing where the system has no random numbers right now: then nothing is remembered.
std::optional<SecretText> RightPasswords::digest_of(std::string_view password) {
  if (key_.empty()) {
    SecretText key(kKeyBytes);
    if (::getrandom(key.bytes().data(), kKeyBytes, GRND_NONBLOCK) !=
        static_cast<ssize_t>(kKeyBytes))
      return {};
    key_ = std::move(key);
  }
  SecretText keyed(kKeyBytes + password.size());
  std::ranges::copy(key_.view(), keyed.bytes().begin());
  std::ranges::copy(password, keyed.bytes().begin() + kKeyBytes);
  Sha256Digest digest = sha256(keyed.view());
  SecretText kept(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
  wipe(digest.data(), digest.size());
  return kept;
}

}  // namespace reactord
