// SPDX-License-Identifier: MIT
// What a password is compared with: its yescrypt hash (crypt(5)), which takes long on purpose; or
// the SHA-256 of a generated token, which is too long to be guessed. Makes both, and never holds
// the password itself.
//
//   $y$j9T$salt$hash        a password that a person has chosen
//   sha256:64 hex digits    a token
#pragma once

#include <string>
#include <string_view>

#include "config/secrets/secret_text.h"

namespace reactord {

class PasswordHash {
 public:
  /// libcrypt takes no longer passphrase (CRYPT_MAX_PASSPHRASE_SIZE), and neither do we.
  static constexpr std::size_t kMaxPasswordBytes = 511;

  /// The problem with `text`, which it does not repeat, or "" after filling `hash`. Throws
  /// std::bad_alloc.
  [[nodiscard]] static std::string parse(std::string_view text, PasswordHash& hash);

  /// It takes tens of milliseconds and 16 MiB or more to compare: nothing for the loop.
  [[nodiscard]] bool is_slow() const { return text_.view().starts_with('$'); }
  /// In a time that tells nothing of where they differ. Throws std::bad_alloc.
  [[nodiscard]] bool matches(std::string_view password) const;

  [[nodiscard]] bool operator==(const PasswordHash& other) const {
    return is_same_secret(text_.view(), other.text_.view());
  }

 private:
  SecretText text_;
};

/// The yescrypt hash of `password`, of at most kMaxPasswordBytes without NUL. Throws
/// std::runtime_error where the system has no random numbers, or no yescrypt.
[[nodiscard]] std::string make_password_hash(std::string_view password);

struct GeneratedToken {
  SecretText text;   ///< 256 random bits, 64 hexadecimal digits
  std::string hash;  ///< "sha256:..."
};
/// The same for a token. Throws std::runtime_error.
[[nodiscard]] GeneratedToken make_token();

}  // namespace reactord
