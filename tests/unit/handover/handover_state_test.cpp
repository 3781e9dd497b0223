// SPDX-License-Identifier: MIT
#include "daemon/handover/handover_state.h"

#include <doctest/doctest.h>

#include <string>

using namespace reactord;
using namespace std::chrono_literals;

namespace {

SavedConnection saved_sample() {
  SavedConnection saved;
  saved.client_id = 7;
  saved.listener = "main";
  saved.framing = Framing::line;
  saved.is_admin = true;
  saved.peer_ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
  saved.peer_port = 50'000;
  saved.protocol = 3;
  saved.reply_mode = ReplyMode::off;
  saved.no_evict = saved.answers_in_resp = true;
  saved.name = "n";
  saved.library_name = "lib";
  saved.library_version = "1.0";
  saved.user = "ann";
  saved.in_transaction = saved.is_spoilt = true;
  saved.queued = "*1\r\n$4\r\nPING\r\n";
  saved.handler_states = {{"operator", std::string("\0\1", 2)}, {"other", ""}};
  saved.owed_command = "text";
  saved.owed_state = std::string("\0 1", 3);
  saved.is_owed_lost = true;
  saved.input = std::string("*1\r\n$4\r\0PI", 11);
  saved.has_frames = true;
  saved.output = "+OK\r\n";
  saved.past_first = saved.must_linger = saved.frame_timed = true;
  saved.input_waited = 1500ms;
  saved.is_input_timed = true;
  saved.output_waited = 20ms;
  saved.is_output_timed = true;
  saved.age = 100s;
  saved.idle = 3s;
  saved.commands = 1u << 20;
  saved.bytes_received = UINT64_MAX;
  saved.bytes_sent = 12;
  saved.last_command = "echo";
  return saved;
}

}  // namespace

TEST_CASE("handover state: what is written is read") {
  HandoverState state{.last_client_id = 99, .connections = {saved_sample(), {}, saved_sample()}};
  const ReceivedState read = read_state(write_state(state), 3);
  CHECK(read.problem == "");
  CHECK(read.last_client_id == 99);
  REQUIRE(read.connections.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(read.connections[i] == state.connections[i]);
}

TEST_CASE("handover state: a damaged record costs its own connection") {
  const SavedConnection whole = saved_sample();
  const std::string text = write_state({.last_client_id = 1, .connections = {whole, whole}});
  const std::size_t second = text.rfind("main");
  for (std::size_t at = second; at < text.size(); ++at) {
    CAPTURE(at);
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    const ReceivedState read = read_state(damaged, 2);
    CHECK(read.problem == "");
    REQUIRE(read.connections.size() == 2);
    CHECK(read.connections[0] == whole);
    CHECK_FALSE(read.connections[1].has_value());
  }
}

TEST_CASE("handover state: one that is cut off keeps those that are whole") {
  const std::string text =
      write_state({.last_client_id = 1, .connections = {saved_sample(), saved_sample()}});
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    CAPTURE(cut);
    const ReceivedState read = read_state(std::string_view(text).substr(0, cut), 2);
    if (!read.problem.empty()) continue;
    REQUIRE(read.connections.size() == 2);
    CHECK_FALSE(read.connections[1].has_value());
  }
}

TEST_CASE("handover state: what is none is told") {
  const std::string text = write_state({.last_client_id = 1, .connections = {saved_sample()}});
  CHECK(read_state("", 1).problem == "it is no state of reactord's");
  CHECK(read_state("REACTORE" + text.substr(8), 1).problem == "it is no state of reactord's");
  std::string newer = text;
  newer[12] = 2;  // the oldest reader
  CHECK(read_state(newer, 1).problem ==
        "it was written by a newer reactord (format 2, this one reads 1)");
  std::string later = text;
  later[8] = 2;  // the format alone: it says that we can read it
  CHECK(read_state(later, 1).problem == "");
  CHECK(read_state(text, 0).problem == "its first record is damaged");
}

TEST_CASE("handover state: values that no connection has are refused") {
  SavedConnection bad = saved_sample();
  bad.protocol = 4;
  CHECK_FALSE(read_state(write_state({.connections = {bad}}), 1).connections[0].has_value());
  bad = saved_sample();
  bad.name = "two words";
  CHECK_FALSE(read_state(write_state({.connections = {bad}}), 1).connections[0].has_value());
  bad = saved_sample();
  bad.library_name = std::string(Session::kMaxLabelBytes + 1, 'x');
  CHECK_FALSE(read_state(write_state({.connections = {bad}}), 1).connections[0].has_value());
}
