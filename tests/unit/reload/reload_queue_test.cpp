// SPDX-License-Identifier: MIT
#include "daemon/reload/reload_queue.h"

#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <semaphore>
#include <set>
#include <thread>

#include "tests/unit/support/failing_allocations.h"
#include "tests/unit/support/running_server.h"
#include "tests/unit/support/temporary_folder.h"
#include "tests/unit/support/test_handlers.h"

namespace reactord::test {

namespace {

/// How often settings were made, by which threads; and a gate that a load waits at.
struct Loads {
  std::mutex mutex;
  std::multiset<std::thread::id> made_by;
  std::thread::id loop;
  std::atomic<bool> is_gated = false;
  std::counting_semaphore<> at_gate{0};
  std::counting_semaphore<> may_pass{0};
};
Loads* loads = nullptr;

/// AGAIN asks for a reload and answers with its number of problems. The loop's thread is the one
/// whose allocations fail.
class AgainHandler final : public Handler {
 public:
  struct Settings {
    std::int64_t number = 1;
  };
  static constexpr KeySpec kKeys[] = {
      key<&Settings::number>("number", "A number.", Apply::reload, {0, 9})};

  AgainHandler(Service& service, const Settings&) : service_(service) {}
  [[nodiscard]] std::span<const CommandSpec> commands() const override { return kCommands; }
  HandlerResult handle(const Request&, ReplyWriter&, HandlerContext& context) override {
    loads->loop = std::this_thread::get_id();
    let_allocations_fail_here();
    const auto late = std::make_shared<DeferredReply>(context.defer());
    service_.reload("a test", [late](const ReloadOutcome& outcome) {
      late->complete([&](ReplyWriter& reply) {
        reply.integer(static_cast<std::int64_t>(outcome.problems.size()));
      });
    });
    return HandlerResult::pending;
  }

 private:
  static constexpr CommandSpec kCommands[] = {{.name = "again"}};
  Service& service_;
};

std::vector<HandlerEntry> handlers() {
  std::vector<HandlerEntry> entries = test_handlers();
  entries.push_back(handler_entry<AgainHandler>("again"));
  entries.back().table.make = []() -> std::shared_ptr<void> {
    const std::lock_guard lock(loads->mutex);
    loads->made_by.insert(std::this_thread::get_id());
    if (loads->is_gated.exchange(false)) {
      loads->at_gate.release();
      loads->may_pass.acquire();
    }
    return std::make_shared<AgainHandler::Settings>();
  };
  return entries;
}

/// Each reload has listeners to open, to keep and to leave.
std::string listeners_of(const std::string& folder, bool is_even) {
  std::string toml = "[[listener]]\nname = \"main\"\naddress = \"127.0.0.1:0\"\n";
  for (const std::string name : {is_even ? "even" : "odd", is_even ? "even-too" : "odd-too"})
    toml +=
        "[[listener]]\nname = \"" + name + "\"\naddress = \"unix:" + folder + "/" + name + "\"\n";
  return toml;
}

}  // namespace

TEST_CASE("a reload is whole, and answered, whichever allocation of the loop fails in it") {
  constexpr long kStride = 11;
  Loads own;
  loads = &own;
  const TemporaryFolder folder;
  const std::string at = folder / "";
  bool is_even = false;
  const std::string file = folder.file("reactord.toml", listeners_of(at, is_even));
  const RunningServer server(handlers(), listeners_of(at, is_even), file);
  TestClient bystander(server);
  REQUIRE(bystander.ask("AGAIN") == "0\n");
  bool has_failed = true;
  for (long nth = 1; has_failed; nth += kStride) {
    is_even = !is_even;
    (void)folder.file("reactord.toml", listeners_of(at, is_even));
    TestClient asker(server);
    fail_allocation(nth, Failing::one);
    asker.send("AGAIN\n");
    asker.finish_sending();
    const std::string answer = asker.read_to_end();
    has_failed = stop_failing();
    // Who could not be served has not asked for anything.
    if (answer != "0\n") REQUIRE(bystander.ask("AGAIN") == "0\n");
    CHECK(bystander.ask("PING") == "PONG\n");
    CHECK_MESSAGE((std::filesystem::exists(at + "even") == is_even), "allocation " << nth);
    CHECK_MESSAGE((std::filesystem::exists(at + "odd-too") != is_even), "allocation " << nth);
  }
}

TEST_CASE("a reload loads beside the loop, which serves meanwhile, and those who ask are one") {
  Loads own;
  loads = &own;
  const RunningServer server(handlers());
  TestClient first(server), second(server), third(server), other(server);
  REQUIRE(other.ask("PING") == "PONG\n");
  own.made_by.clear();
  own.is_gated = true;
  first.send("AGAIN\n");
  own.at_gate.acquire();
  // It loads, and will until the gate opens.
  second.send("AGAIN\n");
  third.send("AGAIN\n");
  CHECK(other.ask("PING") == "PONG\n");
  CHECK(other.ask("LOG LEVEL") != "");
  own.may_pass.release();
  CHECK(first.read_line() == "0\n");
  CHECK(second.read_line() == "0\n");
  CHECK(third.read_line() == "0\n");
  CHECK(own.made_by.count(own.loop) == 0);
  const std::size_t made_by_two = own.made_by.size();
  own.made_by.clear();
  CHECK(first.ask("AGAIN") == "0\n");
  CHECK(own.made_by.size() * 2 == made_by_two);
}

TEST_CASE("a stop does not wait for a reload's answer, and the answer comes") {
  Loads own;
  loads = &own;
  RunningServer server(handlers());
  TestClient client(server);
  REQUIRE(client.ask("PING") == "PONG\n");
  own.is_gated = true;
  client.send("AGAIN\n");
  own.at_gate.acquire();
  server.signal(SIGTERM);
  REQUIRE(server.logs("stopping on SIGTERM"));
  own.may_pass.release();
  CHECK(client.read_line() == "1\n");
  server.join();
}

}  // namespace reactord::test
