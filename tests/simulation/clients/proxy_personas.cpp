// SPDX-License-Identifier: MIT
#include "tests/simulation/clients/proxy_personas.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "tests/simulation/clients/requests.h"

namespace simulation {

namespace {

constexpr std::string_view kSignature = "\\r\\n\\r\\n\\x00\\r\\nQUIT\\n";

void add(Plan& plan, Verb verb, std::int64_t number = 0, std::string text = {}) {
  plan.push_back({verb, number, std::move(text)});
}

std::string bytes_of(std::int64_t number, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += fmt::format("\\x{:02x}", (number >> (8 * i)) & 0xff);
  return text;
}

/// Of version 2: what it is, its family, what is behind that, and so many bytes of it.
std::string version2(const char* command, const char* family, const std::string& rest, int size) {
  return fmt::format("{}{}{}{}{}", kSignature, command, family, bytes_of(size, 2), rest);
}

std::string address4(std::int64_t last, std::int64_t port) {
  return "\\x7f\\x00\\x03" + bytes_of(last, 1) + "\\x7f\\x00\\x00\\x01" + bytes_of(port, 2) +
         "\\x30\\x3f";
}

/// Some TLVs, of `size` bytes in all.
std::string tlvs(int size) {
  return "\\x04" + bytes_of(size - 3, 2) + [size] {
    std::string value;
    for (int i = 0; i < size - 3; ++i) value += 't';
    return value;
  }();
}

std::string right_header(Random& random) {
  const std::int64_t last = random.between(1, 9);
  const std::int64_t port = random.between(1000, 65'000);
  const std::string named = fmt::format("127.0.3.{}:{} ", last, port);
  const int more =
      static_cast<int>(random.chance(30) ? random.between(1000, 9000) : random.between(3, 60));
  switch (random.below(6)) {
    case 0:
      return fmt::format("{}PROXY TCP4 127.0.3.{} 127.0.0.1 {} 12351\\r\\n", named, last, port);
    case 1:
      return fmt::format("[2001:db8::{}]:{} PROXY TCP6 2001:db8::{} ::1 {} 12351\\r\\n", last, port,
                         last, port);
    case 2:
      return "- PROXY UNKNOWN\\r\\n";
    case 3:
      return "- " + version2("\\x20", "\\x00", "", 0);
    case 4:
      return named + version2("\\x21", "\\x11", address4(last, port), 12);
    default:
      return named + version2("\\x21", "\\x11", address4(last, port) + tlvs(more), 12 + more);
  }
}

std::string wrong_header(Random& random) {
  switch (random.below(8)) {
    case 0:
      return "- PROXY TCP4 127.0.3.300 127.0.0.1 1 2\\r\\n";
    case 1:
      return "- PROXY TCP4 127.0.3.1 127.0.0.1 1 20\\n";
    case 2:
      return "- *1\\r\\n$4\\r\\nPING\\r\\n";
    case 3:
      return "- " + version2("\\x31", "\\x11", address4(1, 1), 12);
    case 4:
      return "- " + version2("\\x21", "\\x11", address4(1, 1) + "\\x04\\x00\\x09xx", 17);
    case 5:
      return "- " +
             version2("\\x21", "\\x11", address4(1, 1) + "\\x03\\x00\\x04\\x00\\x00\\x00\\x00", 19);
    case 6:
      return "- PROXY TCP4 " + std::string(120, '1');
    default:
      return "- " + version2("\\x21", "\\x51", address4(1, 1), 12);
  }
}

/// Cut anywhere.
void send(Plan& plan, Random& random) {
  if (random.chance(30)) return add(plan, Verb::trickle, random.between(1, 20));
  if (random.chance(40))
    add(plan, Verb::send, random.between(1, 40)), add(plan, Verb::wait, random.between(1, 300));
  add(plan, Verb::send);
}

void work(Plan& plan, Random& random) {
  for (std::int64_t i = random.between(1, 10); i > 0; --i)
    add(plan, Verb::ask_resp, 1, random.chance(25) ? "CLIENT INFO" : any_request(random));
}

Plan proxied_client(Random& random) {
  Plan plan;
  if (random.chance(20)) add(plan, Verb::wait, random.between(1, 2000));
  add(plan, Verb::proxy_header, 1, right_header(random));
  if (random.chance(30)) send(plan, random);
  work(plan, random);
  send(plan, random);
  add(plan, Verb::await, kPatience);
  work(plan, random);
  add(plan, Verb::send);
  if (random.chance(30)) add(plan, Verb::finish);
  return plan;
}

Plan impostor(Random& random) {
  Plan plan;
  add(plan, Verb::proxy_header, 0, wrong_header(random));
  if (random.chance(50)) work(plan, random);
  send(plan, random);
  return plan;
}

/// None, half of one, or one that comes too late.
Plan late_proxy(Random& random) {
  Plan plan;
  if (random.chance(20)) return plan;
  add(plan, Verb::proxy_header, 1, right_header(random));
  if (random.chance(50)) return add(plan, Verb::send, random.between(1, 12)), plan;
  add(plan, Verb::wait, random.between(4000, 12'000));
  work(plan, random);
  add(plan, Verb::send);
  return plan;
}

constexpr Persona kPersonas[] = {
    {"proxied_client", proxied_client, "proxied", false},
    {"impostor", impostor, "proxied", false},
    {"late_proxy", late_proxy, "proxied", false},
};

}  // namespace

std::span<const Persona> proxy_personas() {
  return kPersonas;
}

}  // namespace simulation
