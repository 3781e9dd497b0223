// SPDX-License-Identifier: MIT
#include "daemon/handover/inheritance.h"

#include <algorithm>
#include <iterator>

#include "daemon/handover/parcel.h"

namespace reactord {

namespace {

/// What the kernel gives one process (fs.nr_open).
constexpr std::size_t kMaxTakenOver = std::size_t{1} << 20;
/// Where the parcel has taken all descriptors that there are: a start needs some of its own.
constexpr std::size_t kLeftForStart = 32;

}  // namespace

Inheritance open_parcel(const UniqueFd& parcel) {
  Inheritance found;
  if (!parcel) return found;
  found.is_there = true;
  UnpackedParcel unpacked = unpack(parcel.get(), kMaxStateBytes, kMaxTakenOver);
  found.state = read_state(unpacked.bytes, kMaxTakenOver);
  if (!unpacked.problem.empty())
    unpacked.fds.resize(unpacked.fds.size() - std::min(unpacked.fds.size(), kLeftForStart));
  found.bytes = std::move(unpacked.bytes);
  found.problem = unpacked.problem.empty() ? found.state.problem : unpacked.problem;
  const std::size_t connections = std::min(found.state.connections.size(), unpacked.fds.size());
  const auto border = unpacked.fds.begin() + static_cast<std::ptrdiff_t>(connections);
  found.connections.assign(std::make_move_iterator(unpacked.fds.begin()),
                           std::make_move_iterator(border));
  found.listening.assign(std::make_move_iterator(border),
                         std::make_move_iterator(unpacked.fds.end()));
  return found;
}

}  // namespace reactord
