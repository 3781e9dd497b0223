// SPDX-License-Identifier: MIT
#include "tools/reactor-load/scenario/personas.h"

#include <fmt/format.h>

namespace reactord::load {
namespace {

constexpr Persona kPersonas[] = {
    {"trickler", "sends a request byte by byte, so slowly that it never ends", R"(
hostile = true
steps = [
  { bytes = "*2\r\n$4\r\nECHO\r\n$65536\r\n{text:65536}\r\n", piece = "1B", every = "100ms" },
  { await_close = "60s" },
]
)"},
    {"never-reader", "asks and asks, and reads no reply", R"(
hostile = true
pipeline = 100000
steps = [
  { connect = true },
  { read = false },
  { send = "ECHO {text:16KiB}", times = 1000, expect = "none" },
  { await_close = "60s" },
]
)"},
    {"half-closer", "sends 100 requests and FIN, and is owed every reply", R"(
pipeline = 100
steps = [
  { send = "ECHO {text:1..200}", expect = "echo", times = 100 },
  { half_close = true },
  { await_replies = true },
  { await_close = "10s" },
]
)"},
    {"resetter", "sends 100 requests and resets the connection", R"(
hostile = true
pipeline = 100
steps = [
  { send = "ECHO {text:1..200}", times = 100, expect = "none" },
  { think = "1ms..20ms" },
  { reset = true },
  { think = "50ms..500ms" },
]
)"},
    {"announcer", "announces a million words of 16 MB, and sends nothing of them", R"(
hostile = true
steps = [
  { bytes = "*1048576\r\n$16000000\r\n" },
  { await_close = "60s" },
  { think = "50ms..200ms" },
]
)"},
    {"connect-and-leave", "connects and leaves", R"(
hostile = true
steps = [
  { connect = true },
  { leave = true },
  { think = "20ms..200ms" },
]
)"},
    {"garbage-sender", "sends random bytes", R"(
hostile = true
steps = [
  { bytes = "{bytes:1..4KiB}", times = 8 },
  { half_close = true },
  { await_close = "60s" },
  { think = "50ms..500ms" },
]
)"},
};

}  // namespace

std::span<const Persona> personas() {
  return kPersonas;
}

std::string describe_personas() {
  std::string out = "# Use one with [[group]] persona = \"NAME\"; any key set beside it wins.\n";
  for (const Persona& persona : kPersonas) {
    out += fmt::format("\n# {}\n[[group]]\nname = \"{}\"{}", persona.summary, persona.name,
                       persona.toml);
  }
  return out;
}

}  // namespace reactord::load
