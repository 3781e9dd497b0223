// SPDX-License-Identifier: MIT
#include "tests/simulation/model/told_log.h"

#include <fmt/format.h>

#include <cstdlib>

#include "tests/simulation/model/verdict.h"

namespace simulation {

void ToldLog::take(std::string_view bytes) {
  rest_ += bytes;
  for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
    take_line(std::string_view(rest_).substr(0, end));
    rest_.erase(0, end + 1);
  }
}

/// "... 127.0.0.2:5000 closed: the server is stopping client=1"; lost is an end, too.
void ToldLog::take_line(std::string_view line) {
  const bool is_end = line.find(" closed: ") != line.npos ||
                      line.find(" closed unanswered: ") != line.npos ||
                      line.find(" lost: ") != line.npos;
  const std::size_t at = line.rfind(" client=");
  if (!is_end || at == line.npos) return;
  const bool may_stop = world_.is_stopping() || world_.has_restarted;
  if (!may_stop && line.find(" closed: the server is stopping") != line.npos)
    fail("one end, one reason", fmt::format("nobody has stopped the daemon: {}", line));
  const std::uint64_t client = std::strtoull(line.data() + at + 8, nullptr, 10);
  if (!ended_.insert(client).second)
    fail("one end, one reason",
         fmt::format("the end of client {} was told twice: {}", client, line));
}

}  // namespace simulation
