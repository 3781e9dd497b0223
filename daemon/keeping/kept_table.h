// SPDX-License-Identifier: MIT
// What is known of each connection at rest, in memory that outlives the process. Whatever moment
// the process is killed at, what lies there is right or is not taken for anything: a slot counts
// once its cookie is written, which is last. A socket is recognised by the cookie that the kernel
// has given it (socket(7), SO_COOKIE), in whatever order sockets come. Knows no descriptor of a
// connection.
//
//   head      what it is, how many slots, the last client's number
//   names     of listeners: a slot has the number of its
//   notes     a ConnectionNote for each slot of the connection table
//   slots     48 bytes each: what every connection has
//   details   what few have: names, and a user, as fields (handover/fields.h)
//
// Whoever reads it believes none of it: a slot has a checksum, over its listener's name too.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/connection/snapshot/connection_notes.h"
#include "daemon/connection/snapshot/saved_connection.h"
#include "daemon/keeping/shared_memory.h"

namespace reactord {

struct KeptSlot;

class KeptTable {
 public:
  /// Names and a user, together, with their lengths: most clients have less, many none.
  static constexpr std::size_t kDetailsBytes = 256;

  /// For slots below `capacity`; the problem, or "".
  [[nodiscard]] std::string open(std::uint32_t capacity);
  void close() noexcept;
  [[nodiscard]] const SharedMemory& memory() const { return memory_; }
  [[nodiscard]] ConnectionNote* notes() const;

  /// `now` on CLOCK_MONOTONIC, which does not begin again with the next process. False where it has
  /// more than there is room for: then the slot is empty. Throws std::bad_alloc.
  [[nodiscard]] bool put(std::uint32_t slot, std::uint64_t cookie, const SavedConnection& saved,
                         std::chrono::seconds now);
  void clear(std::uint32_t slot) noexcept;
  /// 0: the slot is empty.
  [[nodiscard]] std::uint64_t cookie(std::uint32_t slot) const noexcept;
  void set_last_client_id(std::uint64_t client_id) noexcept;

 private:
  [[nodiscard]] KeptSlot& slot_at(std::uint32_t slot) const noexcept;
  [[nodiscard]] int number_of(const std::string& listener) noexcept;

  SharedMemory memory_;
};

struct KeptConnection {
  std::uint64_t cookie = 0;
  Standing standing = Standing::bound;
  SavedConnection saved{};
};

struct ReceivedTable {
  std::string problem = {};  ///< with all of it; "" where there is none
  std::uint64_t last_client_id = 0;
  std::vector<KeptConnection> connections = {};  ///< those that can be understood
};

/// At most `most` connections. Throws std::bad_alloc.
[[nodiscard]] ReceivedTable read_kept_table(std::string_view bytes, std::chrono::seconds now,
                                            std::size_t most);

}  // namespace reactord
