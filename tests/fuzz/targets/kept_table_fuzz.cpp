// SPDX-License-Identifier: MIT
// What a process that has crashed has left in memory, as anybody's bytes: reading it never crashes,
// and what is read can be put into a table, and read again as the same.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "daemon/keeping/kept_table.h"

namespace {

using namespace reactord;

constexpr std::chrono::seconds kNow{1'000'000};
constexpr std::size_t kMost = 100;
constexpr std::uint32_t kSlots = 2;

void check_round_trip(const KeptConnection& kept) {
  KeptTable table;
  if (!table.open(1).empty() || !table.put(0, kept.cookie, kept.saved, kNow)) std::abort();
  const ReceivedTable again = read_kept_table(table.memory().bytes(), kNow, kMost);
  if (again.connections.size() != 1 || again.connections[0].saved != kept.saved) std::abort();
}

/// As the bytes say, of what the table keeps.
KeptConnection made_of(std::string_view bytes) {
  const auto byte_at = [&](std::size_t at) {
    return at < bytes.size() ? static_cast<std::uint8_t>(bytes[at]) : std::uint8_t{0};
  };
  SavedConnection saved;
  saved.client_id = byte_at(0) * std::uint64_t{1'000'000'007};
  saved.listener = std::string(1 + byte_at(1) % 64, 'l');
  saved.name = std::string(byte_at(2) % 65, 'n');
  saved.peer_ip[15] = byte_at(3);
  saved.peer_port = static_cast<std::uint16_t>(byte_at(4) * 257);
  saved.protocol = (byte_at(5) & 1) != 0 ? 3 : 2;
  saved.is_admin = (byte_at(5) & 2) != 0;
  saved.no_evict = (byte_at(5) & 4) != 0;
  saved.answers_in_resp = (byte_at(5) & 8) != 0;
  saved.past_first = saved.must_linger = (byte_at(5) & 16) != 0;
  saved.age = std::chrono::seconds(byte_at(6));
  saved.is_input_timed = !saved.past_first;
  if (saved.is_input_timed) saved.input_waited = saved.age;
  return {.cookie = 1, .standing = {}, .saved = saved};
}

/// A table with one connection, over which the bytes are laid: pairs of a place and a byte.
std::string damaged(std::string_view bytes) {
  KeptTable table;
  SavedConnection saved;
  saved.client_id = 1;
  saved.listener = "main";
  saved.name = "me";
  if (!table.open(kSlots).empty() || !table.put(0, 1, saved, kNow)) std::abort();
  std::string all(table.memory().bytes());
  for (std::size_t at = 0; at + 3 <= bytes.size(); at += 3) {
    std::uint16_t place = 0;
    std::memcpy(&place, bytes.data() + at, sizeof place);
    all[place % all.size()] = bytes[at + 2];
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)read_kept_table(bytes, kNow, kMost);
  check_round_trip(made_of(bytes));
  for (const KeptConnection& kept : read_kept_table(damaged(bytes), kNow, kMost).connections)
    check_round_trip(kept);
  return 0;
}
