// SPDX-License-Identifier: MIT
// The PROXY header under arbitrary bytes: no crash, the same answer however the bytes were cut, and
// not one byte taken beyond the length that is declared. The first byte of the input chooses the
// cut, the second what stands before the rest.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/proxy/proxy_header.h"
#include "tests/fuzz/cut_up.h"
#include "tests/fuzz/require.h"

namespace {

using namespace std::string_literals;
using reactord::ProxyHeaderParser;
using reactord::test::require;
using Status = ProxyHeaderParser::Status;

struct Outcome {
  Status status = Status::need_more;
  std::size_t taken = 0;
  std::optional<reactord::ProxiedClient> client;
  bool is_local = false;
  std::string_view error;
};

/// As a socket offers it: what was not taken comes again, with more behind it.
Outcome play(const std::vector<std::string_view>& pieces) {
  ProxyHeaderParser parser;
  Outcome outcome;
  std::string waiting;
  for (const std::string_view piece : pieces) {
    waiting += piece;
    const ProxyHeaderParser::Result result = parser.feed(waiting);
    if (result.taken > waiting.size()) std::abort();
    waiting.erase(0, result.taken);
    outcome.taken += result.taken;
    outcome.status = result.status;
    if (result.status != Status::need_more) break;
  }
  if (outcome.status == Status::error) return {Status::error, 0, {}, false, parser.error()};
  if (outcome.status != Status::done) return {Status::need_more, 0, {}, false, {}};
  outcome.client = parser.client();
  outcome.is_local = parser.is_local();
  return outcome;
}

/// Where a header that is good ends, told by nothing but its form.
std::size_t declared_end(std::string_view bytes) {
  if (bytes.starts_with('P')) return bytes.find("\r\n") + 2;
  const auto byte_at = [&](std::size_t at) {
    return std::size_t{static_cast<std::uint8_t>(bytes[at])};
  };
  return 16 + (byte_at(14) << 8 | byte_at(15));
}

/// Most random bytes are no header: what is looked for lies behind the beginning of one.
std::string_view opening(std::uint8_t choice) {
  static const std::vector<std::string> kOpenings = {
      "",
      "PROXY ",
      "PROXY TCP4 1.2.3.4 5.6.7.8 ",
      "PROXY UNKNOWN",
      "\r\n\r\n\0\r\nQUIT\n"s,
      "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x20"s + std::string(12, '\1'),
      "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x1c"s + std::string(12, '\1') + "\x03\0\4"s,
      "\r\n\r\n\0\r\nQUIT\n\x20\0\0\x08"s};
  return kOpenings[choice % kOpenings.size()];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size <= 2) return 0;
  std::string stream(opening(data[1]));
  stream.append(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Outcome whole = play({stream});
  const Outcome cut = play(reactord::test::cut_up(stream, data[0]));
  require(whole.status == cut.status && whole.taken == cut.taken && whole.client == cut.client &&
              whole.is_local == cut.is_local && whole.error == cut.error,
          "the answer depends on how the bytes were cut");
  if (whole.status == Status::done)
    require(whole.taken == declared_end(stream), "not exactly the header was taken");
  return 0;
}
