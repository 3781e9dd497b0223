// SPDX-License-Identifier: MIT
// The result for programs (JSON) and to look at (HTML, which has the JSON inside), and two results
// beside each other.
#pragma once

#include <string>

#include "tools/reactor-load/report/machine.h"
#include "tools/reactor-load/run/load_run.h"

namespace reactord::load {

/// All times are in nanoseconds, all counts whole numbers.
[[nodiscard]] std::string to_json(const Plan& plan, const Result& result, const Machine& machine);

/// One page that needs nothing else: no file, no network. `json` is what to_json() made.
[[nodiscard]] std::string to_html(const std::string& json);

/// Two results, row by row. `a` and `b` are JSON texts. Throws Stopped (usage) where one is not a
/// result.
[[nodiscard]] std::string compare(const std::string& a_name, const std::string& a,
                                  const std::string& b_name, const std::string& b);

}  // namespace reactord::load
