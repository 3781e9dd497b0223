// SPDX-License-Identifier: MIT
#include "daemon/net/handshake_thread.h"

#include <doctest/doctest.h>

#include <thread>

#include "tests/unit/support/fake_clock.h"

namespace reactord {
namespace {

/// Done with its first step, which another thread takes.
class QuickHandshake final : public Handshake {
 public:
  [[nodiscard]] HandshakeStep advance() noexcept override {
    by = std::this_thread::get_id();
    return HandshakeStep::done;
  }
  [[nodiscard]] std::string problem() const override { return {}; }
  [[nodiscard]] bool is_resumed() const noexcept override { return false; }
  [[nodiscard]] std::string description() const override { return {}; }
  [[nodiscard]] int fd() const noexcept override { return -1; }
  [[nodiscard]] std::string peer() const override { return {}; }
  [[nodiscard]] Stream* make_stream(void*, std::size_t) noexcept override { return nullptr; }
  [[nodiscard]] std::unique_ptr<Stream> take_stream() override { return nullptr; }

  std::thread::id by;
};

std::shared_ptr<SharedHandshake> quick() {
  auto shared = std::make_shared<SharedHandshake>();
  shared->handshake = std::make_unique<QuickHandshake>();
  return shared;
}

TEST_CASE("handshake_thread: steps are taken beside the loop, and told some at a time") {
  constexpr std::size_t kMany = 3 * HandshakeThread::kMaxDonePerTurn;
  FakeClock clock;
  EventLoop loop(clock);
  std::vector<std::shared_ptr<SharedHandshake>> handshakes;
  std::vector<SlotId> told;
  {
    HandshakeThread thread(loop, 1);
    for (SlotId who = 0; who < kMany; ++who) {
      handshakes.push_back(quick());
      REQUIRE_FALSE(thread.advance(handshakes.back(), who));
    }
    for (int turn = 0; told.size() < kMany && turn < 10'000; ++turn) {
      const std::vector<SlotId> some = thread.take_done();
      CHECK_LE(some.size(), HandshakeThread::kMaxDonePerTurn);
      told.insert(told.end(), some.begin(), some.end());
      if (some.empty()) std::this_thread::yield();
    }
  }
  REQUIRE_EQ(told.size(), kMany);
  for (SlotId who = 0; who < kMany; ++who) {
    CHECK_EQ(told[who], who);
    CHECK(handshakes[who]->step == HandshakeStep::done);
    CHECK(static_cast<QuickHandshake&>(*handshakes[who]->handshake).by !=
          std::this_thread::get_id());
  }
}

}  // namespace
}  // namespace reactord
