// SPDX-License-Identifier: MIT
#include "daemon/tls/openssl.h"

#include <openssl/err.h>

#include <cstring>

namespace reactord::tls {

/// The last entry is the one nearest to the caller, and the first the one nearest to the fault.
std::string take_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return {};
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const char* const reason = ERR_reason_error_string(code);
  return reason == nullptr ? std::string() : reason;
}

}  // namespace reactord::tls
