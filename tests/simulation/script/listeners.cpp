// SPDX-License-Identifier: MIT
#include "tests/simulation/script/listeners.h"

namespace simulation {

namespace {

constexpr std::string_view kHttp = R"(
[[listener]]
name = "http"
role = "http"
address = "127.0.0.1:12349"
)";

}  // namespace

std::string_view listener_text(std::string_view name) {
  if (name == "http") return kHttp;
  return {};
}

}  // namespace simulation
