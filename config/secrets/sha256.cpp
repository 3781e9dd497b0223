// SPDX-License-Identifier: MIT
#include "config/secrets/sha256.h"

#include <openssl/sha.h>

#include <new>

namespace reactord {

Sha256Digest sha256(std::string_view text) {
  Sha256Digest digest{};
  if (::SHA256(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), digest.data()) ==
      nullptr)
    throw std::bad_alloc();  // it has no other way to fail
  return digest;
}

}  // namespace reactord
