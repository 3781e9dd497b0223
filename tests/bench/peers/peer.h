// SPDX-License-Identifier: MIT
// What the peers share: how they are called, and what they do with bytes. Each peer adds what its
// library is for: sockets, readiness, buffers. Yardsticks, not servers: they trust their clients.
#pragma once

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace peer {

/// Bytes of one recv where the library leaves it to us: what libuv suggests.
inline constexpr std::size_t kReceiveBytes = 64 * 1024;

/// `peer resp|echo PORT`
struct Arguments {
  bool resp = false;
  unsigned short port = 0;
};

inline Arguments parse_arguments(int argc, char** argv) {
  const std::string_view mode = argc == 3 ? argv[1] : "";
  if (mode != "resp" && mode != "echo") {
    std::fprintf(stderr, "usage: %s resp|echo PORT\n", argv[0]);
    std::exit(2);
  }
  return {mode == "resp", static_cast<unsigned short>(std::atoi(argv[2]))};
}

/// The number after `mark` at `at`, which moves past the line; nothing if the line is not whole.
inline std::optional<std::size_t> read_count(std::string_view input, char mark, std::size_t& at) {
  if (at >= input.size() || input[at] != mark) return std::nullopt;
  std::size_t count = 0;
  std::size_t i = at + 1;
  for (; i < input.size() && input[i] != '\r'; ++i) {
    count = count * 10 + static_cast<std::size_t>(input[i] - '0');
  }
  if (input.size() < i + 2) return std::nullopt;
  at = i + 2;
  return count;
}

inline void append_bulk(std::string& out, std::string_view text) {
  char head[24] = {'$'};
  const char* const end = std::to_chars(head + 1, head + sizeof head, text.size()).ptr;
  out.append(head, static_cast<std::size_t>(end - head)).append("\r\n").append(text).append("\r\n");
}

/// Answers PING and ECHO, framed in RESP, as far as they are whole. Returns the bytes consumed.
inline std::size_t answer(std::string_view input, std::string& out) {
  std::size_t done = 0;
  while (true) {
    std::size_t at = done;
    const auto words = read_count(input, '*', at);
    if (!words) return done;
    std::string_view last;
    for (std::size_t i = 0; i < *words; ++i) {
      const auto bytes = read_count(input, '$', at);
      if (!bytes || input.size() - at < *bytes + 2) return done;
      last = input.substr(at, *bytes);
      at += *bytes + 2;
    }
    if (*words == 1) {
      out.append("+PONG\r\n");
    } else {
      append_bulk(out, last);
    }
    done = at;
  }
}

}  // namespace peer
