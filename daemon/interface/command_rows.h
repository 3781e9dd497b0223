// SPDX-License-Identifier: MIT
// A handler's commands as rows: each is declared, and says what answers it, in one place. A handler
// with one command needs none.
//
//   static constexpr MethodRow<NewsHandler> kRows[] = {
//       {{.name = "follow", .summary = "..."}, &NewsHandler::follow}, ...};
//   static constexpr auto kSubcommands = specs_of(kRows);
//   ...
//   return (this->*answer_of(kRows, request))(request, reply, context);
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "daemon/interface/handler.h"

namespace reactord {

/// `Answer` is a pointer to a function or to a method.
template <class Answer>
struct CommandRow {
  CommandSpec spec;  ///< without an id: that is the number of the row
  Answer answer;
};

template <class H>
using MethodRow = CommandRow<HandlerResult (H::*)(const Request&, ReplyWriter&, HandlerContext&)>;

/// The declarations of the rows.
template <class Answer, std::size_t N>
[[nodiscard]] constexpr std::array<CommandSpec, N> specs_of(const CommandRow<Answer> (&rows)[N]) {
  static_assert(N <= std::numeric_limits<std::uint8_t>::max());
  std::array<CommandSpec, N> specs;
  for (std::size_t i = 0; i < N; ++i) {
    specs[i] = rows[i].spec;
    specs[i].id = static_cast<std::uint8_t>(i);
  }
  return specs;
}

/// Of the row that `request` is for.
template <class Answer, std::size_t N>
[[nodiscard]] constexpr Answer answer_of(const CommandRow<Answer> (&rows)[N],
                                         const Request& request) {
  return rows[request.command.id].answer;
}

}  // namespace reactord
