// SPDX-License-Identifier: MIT
// What becomes of an allocation that fails. Whoever runs a piece of work through has_memory_for()
// knows what is given up if there is no memory for it: a connection, a line of the log, the work
// itself until the next turn. It is never the process.
#pragma once

#include <new>
#include <stdexcept>

namespace reactord {

/// Runs `body`; false if it wanted memory that the system does not have, or more than one object
/// can hold.
template <class Body>
[[nodiscard]] bool has_memory_for(Body&& body) {
  try {
    body();
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  } catch (const std::length_error&) {
    return false;
  }
}

}  // namespace reactord
