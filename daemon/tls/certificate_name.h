// SPDX-License-Identifier: MIT
// The names in a certificate: whom it is for.
#pragma once

#include <string>
#include <vector>

#include "daemon/tls/openssl.h"

namespace reactord::tls {

/// The subject's common name; where it has none, the first of its subject alternative names. ""
/// where it has neither, or where a name has a NUL byte in it, which hides what follows.
[[nodiscard]] std::string name_of(const X509& certificate);

/// The same of the other side's certificate; "" where it has shown none that was verified.
[[nodiscard]] std::string verified_name_of(const SSL& session);

/// Its DNS names in lower case, "*.example.com" among them; the common name where it has none (RFC
/// 6125, section 6.4.4).
[[nodiscard]] std::vector<std::string> host_names_of(const X509& certificate);

/// Whether `pattern`, in which "*" is one whole label in front, names `host`; both in lower case.
[[nodiscard]] bool matches_host(std::string_view pattern, std::string_view host);

}  // namespace reactord::tls
