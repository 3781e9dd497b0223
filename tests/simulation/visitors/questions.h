// SPDX-License-Identifier: MIT
// What is asked by HTTP, as bytes, and what the answer must look like (daemon/http/http_pages.h).
#pragma once

#include <string>
#include <vector>

#include "tests/simulation/visitors/http_reader.h"

namespace simulation {

struct Question {
  std::string method = {};
  std::string path = {};
  std::string bytes = {};
  int status = 200;          ///< of the answer; 0: of /readyz, which depends
  bool is_stream = false;    ///< it has no end of its own
  bool may_be_last = false;  ///< ... of those that are answered
  std::size_t end = 0;       ///< where it ends in all that is asked
};

/// From a script's words: "GET /metrics Host=127.0.0.1 Connection=close". HTTP/1.0 is a word, too;
/// where no Host is named, or "-Host", the right one is added.
[[nodiscard]] Question question_of(const std::vector<std::string>& words);

/// The library's own: it has none of the daemon's header fields.
[[nodiscard]] bool is_librarys(const HttpAnswer& answer);

/// Why that is no answer to it, but for its status; "" if it is one.
[[nodiscard]] std::string problem_with(const HttpAnswer& answer, const Question& question);

}  // namespace simulation
