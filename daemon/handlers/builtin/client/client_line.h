// SPDX-License-Identifier: MIT
// The line in which CLIENT LIST and CLIENT INFO describe one client. The fields are those of
// Redis 7.
#pragma once

#include <string>

#include "daemon/interface/service.h"

namespace reactord {

/// Appends the line, its end included.
void append_client(std::string& lines, const ClientFacts& client);

}  // namespace reactord
