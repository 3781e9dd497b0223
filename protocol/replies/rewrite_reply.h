// SPDX-License-Identifier: MIT
// Hands a reply on that a server has given: as it was sent to whoever reads RESP, in lines to
// people. Knows no connection.
#pragma once

#include <string_view>

#include "protocol/reply_writer.h"

namespace reactord {

/// `resp` is exactly one reply, an attribute in front of it included, in the version of RESP that
/// `reply` writes or an older one; `is_error`: it is an error. One that cannot be shown as text is
/// an error that says so.
void rewrite_reply(std::string_view resp, bool is_error, ReplyWriter& reply);

}  // namespace reactord
