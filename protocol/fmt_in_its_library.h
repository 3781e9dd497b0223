// SPDX-License-Identifier: MIT
// Precompiled with the other headers of libraries, and included by none of ours. {fmt} keeps the
// body of its formatting in a header, and every file that formats into an iterator would compile
// all of it, for all kinds of numbers; it is in libfmt already.
#pragma once

#include <fmt/format.h>

extern template void fmt::detail::vformat_to<char>(fmt::detail::buffer<char>&, fmt::string_view,
                                                   fmt::format_args, fmt::detail::locale_ref);
