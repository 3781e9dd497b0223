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

/// login.cpp has the passwords, and what each may run.
constexpr std::string_view kLogin = R"(
[[listener]]
name = "login"
address = "127.0.0.1:12350"
require = "user"

[[user]]
name = "ann"
password = ["sha256:dfa603dfa2ef13eb23a30434d7feef5de20829cb6c5181623c8028a74eaf4971"]

[[user]]
name = "ben"
password = ["$y$j/T$simulatedsalt./$0hoSKY8bAP/BX0hjuOiM3ChsNoKX2IPRdgps6ZkSYN9"]
commands = ["all", "-ceil"]

[[user]]
name = "eve"
password = ["sha256:90623e5477a896ff088b7223109b65c9f6931b8889a22170c72f733462dd3bac"]
commands = ["ceil"]

[[limit]]
name = "of_users"
per = "user"
listeners = ["login"]
connections = 2
)";

constexpr std::string_view kProxied = R"(
[[listener]]
name = "proxied"
address = "127.0.0.1:12351"
proxy = ["127.0.1.0/24"]
allow_commands = "all"
)";

}  // namespace

std::string_view listener_text(std::string_view name) {
  if (name == "http") return kHttp;
  if (name == "login") return kLogin;
  if (name == "proxied") return kProxied;
  return {};
}

}  // namespace simulation
