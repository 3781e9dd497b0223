// SPDX-License-Identifier: MIT
// What some commands answer as one text, or as a flat list, has a structure that programs want:
// INFO, CLIENT LIST and CLIENT INFO, CONFIG GET, COMMAND DOCS. Knows these commands' replies, of
// Redis as of reactord, and not how a reply is printed.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/replies/reply.h"

namespace reactord::cli {

enum class Shape : std::uint8_t {
  as_it_is,
  info,      ///< sections of "name:value" lines
  clients,   ///< a client a line, of "name=value" words
  client,    ///< one of them
  settings,  ///< names and values in turn
  docs,      ///< commands and their properties in turn
};

[[nodiscard]] Shape shape_of(std::span<const std::string_view> words);
/// Of a line that has not been split yet.
[[nodiscard]] Shape shape_of(std::string_view line);

/// Maps, lists and numbers. What has another form than the command's stays as it is.
[[nodiscard]] Reply structured(const Reply& reply, Shape shape);

}  // namespace reactord::cli
