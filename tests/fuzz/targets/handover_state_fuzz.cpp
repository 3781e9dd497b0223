// SPDX-License-Identifier: MIT
// What another process has left, as anybody's bytes: reading it never crashes, and what is read is
// written and read again as the same. Records are given their right checksums, or nothing would get
// any further.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "daemon/handover/handover_state.h"
#include "protocol/crc32c.h"

namespace {

using namespace reactord;

constexpr std::size_t kMost = 100;

void put_number(std::string& out, std::uint32_t value) {
  for (int byte = 0; byte < 4; ++byte) out.push_back(static_cast<char>(value >> (8 * byte)));
}

void put_record(std::string& out, std::string_view record) {
  put_number(out, static_cast<std::uint32_t>(record.size()));
  put_number(out, crc32c(record));
  out += record;
}

/// A whole state, whose one connection's record is `record`.
std::string state_of(std::string_view record) {
  std::string state = "REACTORD";
  put_number(state, 1);
  put_number(state, 1);
  put_record(state, std::string_view("\x08\x05\x10\x01", 4));
  put_record(state, record);
  return state;
}

void check_round_trip(const SavedConnection& saved) {
  const ReceivedState again =
      read_state(write_state({.last_client_id = 5, .connections = {saved}}), 1);
  if (!again.problem.empty() || again.connections.size() != 1 || again.connections[0] != saved)
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)read_state(bytes, kMost);
  const ReceivedState one = read_state(state_of(bytes), kMost);
  if (!one.problem.empty() || one.connections.size() != 1) std::abort();
  if (one.connections[0]) check_round_trip(*one.connections[0]);
  // With what no connection is without: an address, and a protocol.
  const std::string whole =
      "\x2a\x10"
      "0123456789abcdef"
      "\x38\x02" +
      std::string(bytes);
  const ReceivedState other = read_state(state_of(whole), kMost);
  if (!other.connections.empty() && other.connections[0]) check_round_trip(*other.connections[0]);
  return 0;
}
