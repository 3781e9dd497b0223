// SPDX-License-Identifier: MIT
// Remembers of each user the latest password that a slow hash was compared with and that was right,
// as a keyed digest: the other connections of a pool, and whoever connects again, need no worker
// and wait behind no guesser. The key is random, of this process, and is in no core dump; nor are
// the digests.
#pragma once

#include <optional>
#include <string_view>

#include "config/secrets/secret_text.h"
#include "daemon/users/user_table.h"

namespace reactord {

class RightPasswords {
 public:
  /// It is one of the user's tokens, or was right before: some microseconds.
  [[nodiscard]] bool knows(const User& user, std::string_view password);
  void remember(const User& user, std::string_view password);

 private:
  [[nodiscard]] std::optional<SecretText> digest_of(std::string_view password);

  SecretText key_;  ///< empty until it is needed
};

}  // namespace reactord
