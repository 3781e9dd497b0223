// SPDX-License-Identifier: MIT
// Makes allocations of one thread fail, by operators new of the test program's own.
#pragma once

namespace reactord::test {

/// From now on it is the calling thread whose allocations can be made to fail.
void let_allocations_fail_here();

enum class Failing { one, all_from_there };

/// The `nth` allocation of that thread from now on fails, or it and all that follow do.
void fail_allocation(long nth, Failing how);
/// No more of them; true if one has failed.
[[nodiscard]] bool stop_failing();

}  // namespace reactord::test
