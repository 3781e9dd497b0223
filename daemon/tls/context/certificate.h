// SPDX-License-Identifier: MIT
// A certificate with its chain and its key, out of files: read, held against each other, and judged
// as an administrator would want it. Makes no use of them.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "daemon/tls/openssl.h"

namespace reactord::tls {

/// Of one file; a chain of some certificates has 20 KiB.
inline constexpr std::size_t kMaxPemBytes = 1u << 20;

struct CertifiedKey {
  CertificatePtr certificate;
  std::vector<CertificatePtr> chain;  ///< behind it, as in the file
  KeyPtr key;
  std::chrono::system_clock::time_point expires;
};

/// Fills `out`, or says which file is wrong, why, and what to do. `now` is what dates are held
/// against. A key that anybody may read is a problem, and so is a pair that does not fit.
[[nodiscard]] std::string load_certified_key(const std::string& certificate_file,
                                             const std::string& key_file,
                                             std::chrono::system_clock::time_point now,
                                             CertifiedKey& out);

/// All certificates of a file, at least one; the problem, or "".
[[nodiscard]] std::string load_certificates(const std::string& file,
                                            std::vector<CertificatePtr>& out);

}  // namespace reactord::tls
