// SPDX-License-Identifier: MIT
// A plain stream to another server: what is sent, what is shown, and how it ends and begins again.
#include "daemon/outgoing/outgoing_stream.h"

#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>

#include "daemon/testing/fake_service.h"
#include "protocol/buffers/buffer.h"
#include "tests/unit/support/scripted_connector.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;

struct StreamBench : OutgoingStreamUser {
  StreamBench()
      : stream(std::in_place, service,
               OutgoingStreamSettings{
                   .address = "test:1", .max_output_bytes = 10, .max_input_bytes = 20},
               *this, std::make_unique<test::ScriptedConnector>(script), [] { return 0.0; }) {}

  void on_connected() override { log += "connected;"; }
  std::size_t on_bytes(std::string_view bytes) override {
    log += "bytes " + std::string(bytes) + ";";
    if (destroys) stream.reset();
    return std::min(bytes.size(), uses);
  }
  void on_closed(std::string_view why) override { log += "closed " + std::string(why) + ";"; }

  void connect() {
    while (!script.is_trying()) REQUIRE(service.run_timer());
    script.succeed();
  }
  test::StreamScript& server() { return script.connections.back(); }
  void receive(std::string_view bytes) {
    server().input.emplace_back(bytes);
    service.fire(server().fd, {.readable = true});
  }
  std::string taken() { return std::exchange(log, ""); }

  test::FakeService service;
  test::ConnectionScript script;
  std::string log;
  std::size_t uses = SIZE_MAX;
  bool destroys = false;
  std::optional<OutgoingStream> stream;
};

TEST_CASE("a turn's bytes go out in one send, within the bound") {
  StreamBench bench;
  CHECK_FALSE(bench.stream->send("x"));  // not connected
  bench.connect();
  CHECK(bench.stream->send("hello"));
  CHECK(bench.stream->send("world"));
  CHECK_FALSE(bench.stream->send("!"));
  CHECK_EQ(bench.stream->unsent_bytes(), 10);
  bench.service.run_woken();
  CHECK_EQ(bench.server().sent, "helloworld");
  CHECK_EQ(bench.server().sends, 1);
  CHECK(bench.stream->send("!"));
}

TEST_CASE("memory of an unusual batch is given back") {
  StreamBench bench;
  bench.connect();
  for (const std::size_t bytes : {1000u, 500'000u}) {
    bench.stream->output().append(std::string(bytes, 'x'));
    bench.stream->flush_soon();
    bench.service.run_woken();
    CHECK_EQ(bench.stream->output().capacity() == 0, bytes > 1000);
  }
}

TEST_CASE("bytes that were not used are shown again with what follows") {
  StreamBench bench;
  bench.connect();
  bench.uses = 3;
  bench.receive("abcde");
  bench.receive("f");
  CHECK_EQ(bench.taken(), "connected;bytes abcde;bytes def;");
  bench.uses = 0;
  bench.receive("0123456789");
  bench.stream->show_again();
  bench.service.run_woken();
  CHECK_EQ(bench.taken(), "bytes 0123456789;bytes 0123456789;");
  bench.receive("0123456789");
  bench.receive("x");
  CHECK_EQ(bench.taken(),
           "bytes 01234567890123456789;closed more than 20 bytes came that nobody can use;");
}

TEST_CASE("an end is told with its reason, and the next attempt follows") {
  StreamBench bench;
  bench.connect();
  bench.stream->close("enough");
  bench.stream->close("enough");
  CHECK_EQ(bench.taken(), "connected;closed enough;");
  CHECK_FALSE(bench.stream->is_promising());
  CHECK_FALSE(bench.stream->send("x"));
  bench.connect();
  bench.stream->mark_good();
  bench.server().input_ends = true;
  bench.service.fire(bench.server().fd, {.readable = true});
  CHECK_EQ(bench.taken(), "connected;closed the server has closed the connection;");
  CHECK(bench.stream->is_promising());
  bench.connect();
  CHECK(bench.stream->send("x"));
  bench.server().is_lost = true;
  bench.service.run_woken();
  CHECK_EQ(bench.taken(), "connected;closed the connection broke: Broken pipe;");
}

TEST_CASE("a stream may be destroyed in a callback, and then nothing of it is left") {
  StreamBench bench;
  bench.connect();
  bench.destroys = true;
  bench.receive("abc");
  CHECK_FALSE(bench.stream);
  CHECK_EQ(bench.service.timers(), 0);
  CHECK_FALSE(bench.service.is_watched(bench.server().fd));
}

TEST_CASE("an address that is none is told at once") {
  StreamBench bench;
  CHECK_THROWS_AS(OutgoingStream(bench.service, {.address = "nowhere"}, bench),
                  std::invalid_argument);
}

}  // namespace
}  // namespace reactord
