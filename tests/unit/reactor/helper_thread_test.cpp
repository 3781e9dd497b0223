// SPDX-License-Identifier: MIT
#include "daemon/reactor/helper_thread.h"

#include <doctest/doctest.h>

#include <future>
#include <thread>
#include <vector>

namespace reactord {
namespace {

TEST_SUITE("helper_thread") {
  TEST_CASE("jobs are done in order, beside the caller, all before it ends") {
    std::vector<int> done;
    std::thread::id who;
    {
      HelperThread helper;
      for (int i = 0; i < 100; ++i)
        helper.run([&, i] {
          done.push_back(i);
          who = std::this_thread::get_id();
        });
    }
    REQUIRE(done.size() == 100);
    for (int i = 0; i < 100; ++i) CHECK(done[static_cast<std::size_t>(i)] == i);
    CHECK(who != std::this_thread::get_id());
  }

  TEST_CASE("the caller does not wait for a job") {
    std::promise<void> go_on;
    bool is_done = false;
    {
      HelperThread helper;
      helper.run([&] {
        go_on.get_future().wait();
        is_done = true;
      });
      go_on.set_value();  // only now: the call above has returned
    }
    CHECK(is_done);
  }

  TEST_CASE("without a job there is no thread") {
    const HelperThread helper;
  }
}

}  // namespace
}  // namespace reactord
