// SPDX-License-Identifier: MIT
// Messages of a Unix socket that carry descriptors beside their bytes (unix(7), SCM_RIGHTS).
// Non-blocking; knows not what they are for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/reactor/unique_fd.h"

namespace reactord {

/// SCM_MAX_FD (unix(7)).
inline constexpr std::size_t kMaxFdsPerMessage = 253;

/// All of it or, with errno, nothing; a part of the bytes counts as nothing (EMSGSIZE). At least a
/// byte: a message without any looks like the end. While the kernel has no memory it is tried
/// again, for up to half a second.
[[nodiscard]] bool send_with_fds(int socket, std::string_view bytes, std::span<const int> fds);
/// The same, once: for who has others to serve, and tries again later.
[[nodiscard]] bool send_with_fds_once(int socket, std::string_view bytes, std::span<const int> fds);

struct FdMessage {
  enum class Status : std::uint8_t { received, none_waits, end, failed };
  Status status = Status::failed;
  std::string problem = {};  ///< of `failed`; with `received`, if descriptors are missing
  std::string bytes = {};
  std::vector<UniqueFd> fds = {};
};

/// What waits, at most `most` bytes of it; waits for memory as send_with_fds(). Throws
/// std::bad_alloc.
[[nodiscard]] FdMessage receive_with_fds(int socket, std::size_t most);

/// Takes the oldest message out, and closes its descriptors; false where none waits.
bool drop_message(int socket) noexcept;

}  // namespace reactord
