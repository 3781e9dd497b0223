// SPDX-License-Identifier: MIT
// The result for people: a table by group and command, what went wrong, what the generator itself
// took, and the verdict.
#pragma once

#include <string>
#include <vector>

#include "tools/reactor-load/run/load_run.h"

namespace reactord::load {

[[nodiscard]] std::string summarize(const Plan& plan, const Result& result, bool color);

/// What makes the figures mean less than they seem to.
[[nodiscard]] std::vector<std::string> warnings(const Plan& plan, const Result& result);

/// Columns side by side; the first is flush left, the others flush right.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace reactord::load
