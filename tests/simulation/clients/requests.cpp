// SPDX-License-Identifier: MIT
#include "tests/simulation/clients/requests.h"

#include <fmt/format.h>

namespace simulation {

namespace {

std::string number_text(Random& random) {
  return fmt::format("{}{}.{}", random.chance(20) ? "-" : "", random.below(1000),
                     random.between(1, 99));
}

}  // namespace

std::string exact_request(Random& random) {
  switch (random.below(6)) {
    case 0:
      return "PING";
    case 1:
      return fmt::format("PING m{}", random.below(1000));
    case 2:
      return fmt::format("ECHO e{}", random.below(1000));
    case 3:
      return fmt::format("TEXT t{}", random.below(1000));
    default:
      return "CEIL " + number_text(random);
  }
}

std::string any_request(Random& random) {
  switch (random.below(12)) {
    case 0:
      return "NOSUCH thing";
    case 1:
      return "CEIL";
    case 2:
      return "CEIL x";
    case 3:
      return "CLIENT ID";
    case 4:
      return fmt::format("ECHO x*{}", random.between(100, 3000));
    default:
      return exact_request(random);
  }
}

}  // namespace simulation
