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
  for (const KeptConnection& kept : read_kept_table(damaged(bytes), kNow, kMost).connections)
    check_round_trip(kept);
  return 0;
}
