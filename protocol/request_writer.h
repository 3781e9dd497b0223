// SPDX-License-Identifier: MIT
// Formats requests at the end of a Buffer, as RESP arrays of bulk strings. Owns no memory.
#pragma once

#include <span>
#include <string_view>

#include "protocol/buffers/buffer.h"

namespace reactord {

/// Appends `*N`, then each word as a bulk string. Words may hold any bytes; no words give `*0`,
/// which servers ignore.
void write_request(Buffer& out, std::span<const std::string_view> words);

}  // namespace reactord
