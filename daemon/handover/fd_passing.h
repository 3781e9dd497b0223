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
/// byte: a message without any looks like the end.
[[nodiscard]] bool send_with_fds(int socket, std::string_view bytes, std::span<const int> fds);

struct FdMessage {
  enum class Status : std::uint8_t { received, none_waits, end, failed };
  Status status = Status::failed;
  std::string problem = {};  ///< of `failed`; with `received`, if descriptors are missing
  std::string bytes = {};
  std::vector<UniqueFd> fds = {};
};

/// What waits, at most `most` bytes of it. Throws std::bad_alloc.
[[nodiscard]] FdMessage receive_with_fds(int socket, std::size_t most);

}  // namespace reactord
