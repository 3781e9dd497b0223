// SPDX-License-Identifier: MIT
// A connection on a scripted stream, a clock that the test moves, and a sink with a few made-up
// commands:
//   ECHO word     the word          BIG n     a reply of n bytes
//   QUIT          closes            WAIT      pending, until the test completes it
//   BYE           closes, as the handler wants
//   AHEAD word    owed, until the test completes it; others of its kind may be served meanwhile
//   COSTLY n      as ECHO; costs n units of work
//   TAKE_BACK w   "taken", in place of the word, which was a reply already
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/connection/connection.h"
#include "daemon/handover/handover_state.h"
#include "tests/unit/support/scripted_stream.h"

namespace reactord::test {

class ConnectionBench final : public ConnectionHost, public RequestSink {
 public:
  static constexpr auto kFirstRequest = std::chrono::seconds(60);
  static constexpr auto kFrame = std::chrono::seconds(30);
  static constexpr auto kWriteStall = std::chrono::seconds(20);
  static constexpr auto kLinger = std::chrono::seconds(2);

  explicit ConnectionBench(Framing framing = Framing::command)
      : policy{.loop_context = loop_context, .framing = framing} {
    connection.emplace(SlotId{1} << 32, std::uint64_t{1}, policy,
                       std::in_place_type<ScriptedStream>, script);
  }

  // --- what the test does ---
  /// The client sends `piece`, which arrives by itself.
  void receive(std::string piece) {
    script.input.push_back(std::move(piece));
    turn({.readable = true, .writable = true});
  }
  void finish() {
    script.input_ends = true;
    turn({.readable = true, .peer_finished = true});
  }
  /// The event, then turns until nothing asks for another: as the loop does.
  void turn(Readiness readiness) {
    connection->on_event(readiness);
    for (int turns = 0; is_ready && turns < 10'000; ++turns) {
      is_ready = false;
      connection->on_event({});
    }
  }
  void complete(std::string_view text) {
    connection->complete([&](Buffer& out) {
      ReplyWriter(out, connection->reply_encoding()).bulk(text);
      return std::size_t{1};
    });
    turn({});
  }
  /// Moves the clock and lets deadlines expire: as the loop does, which was late by as much as
  /// `span` is longer than they are.
  void pass(std::chrono::milliseconds span) {
    time += span;
    do {
      loop_context.deadlines.expire(time);
      turn({});
    } while (loop_context.deadlines.next().value_or(TimePoint::max()) <= time);
  }
  /// The connection goes on as in another process, with the same socket; false if it cannot now.
  [[nodiscard]] bool change_process() {
    if (connection->movable() != Connection::Movable::yes) return false;
    const std::string state = write_state({.connections = {connection->save()}});
    connection->let_go();
    --closed;
    const std::uint64_t client_id = connection->client_id();
    is_ready = false;
    connection.emplace(SlotId{1} << 32, client_id, policy, std::in_place_type<ScriptedStream>,
                       script);
    connection->restore(read_state(state, 1).connections.at(0).value());
    turn({.readable = true, .writable = !script.blocks_sends, .peer_finished = script.input_ends});
    return true;
  }
  [[nodiscard]] std::string take_sent() { return std::exchange(script.sent, {}); }

  // --- ConnectionHost ---
  [[nodiscard]] TimePoint now() const noexcept override { return time; }
  void make_ready(Connection&) noexcept override { is_ready = true; }
  void try_later(Connection&) noexcept override { ++tried_later; }
  void on_end(Connection&, CloseReason reason, std::string_view) noexcept override {
    ends.push_back(reason);
  }
  void on_peer_finished(Connection&) noexcept override { ++finished; }
  void on_receipt(Connection&, bool arrived) noexcept override { receipts.push_back(arrived); }
  void on_closed(Connection&) noexcept override { ++closed; }
  void on_memory_change(std::ptrdiff_t bytes) noexcept override { memory += bytes; }

  // --- RequestSink ---
  [[nodiscard]] ServeResult serve(Connection& c, const Frame& frame,
                                  Buffer& out) noexcept override {
    ReplyWriter reply(out, c.reply_encoding(), &loop_context.borrowed);
    const std::vector<std::string> words = words_of(frame);
    served.push_back(words.back());
    if (on_serve) on_serve();
    if (words[0] == "COSTLY") loop_context.charge(static_cast<WorkUnits>(std::stoul(words[1])));
    if (words[0] == "WAIT") return ServeResult::pending;
    if (words[0] == "AHEAD") return ServeResult::overlapping;
    if (words[0] == "TAKE_BACK")
      take_back(frame, reply, out);
    else if (words[0] == "BIG")
      reply.bulk(std::string(static_cast<std::size_t>(std::stoul(words[1])), 'x'));
    else
      reply.bulk(frame.kind == FrameKind::array ? frame.arguments.back() : words.back());
    if (words[0] == "QUIT") return ServeResult::quit;
    return words[0] == "BYE" ? ServeResult::close_after_reply : ServeResult::replied;
  }
  [[nodiscard]] ServeResult serve_behind(Connection& c, const Frame& frame,
                                         Buffer& out) noexcept override {
    return words_of(frame)[0] == "AHEAD" ? serve(c, frame, out) : ServeResult::not_yet;
  }
  void end_batch() noexcept override { ++batches; }
  void on_sent(Connection&, TimePoint arrived) noexcept override {
    sent_after.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(time - arrived));
  }

  LoopContext loop_context{.parser_limits = {},
                           .output_high_water = 1u << 20,
                           .deadlines = ConnectionDeadlines({.first_request = kFirstRequest,
                                                             .frame = kFrame,
                                                             .write_stall = kWriteStall,
                                                             .linger = kLinger}),
                           .host = *this,
                           .sink = *this};
  ListenerPolicy policy;
  StreamScript script;
  std::vector<std::string> served;
  std::function<void()> on_serve;  ///< in the middle of each
  std::vector<CloseReason> ends;
  int closed = 0;
  int finished = 0;
  std::vector<bool> receipts;
  int batches = 0;
  /// Of each call of on_sent(): how long before its requests had come.
  std::vector<std::chrono::milliseconds> sent_after;
  bool is_ready = false;
  int tried_later = 0;
  std::ptrdiff_t memory = 0;
  TimePoint time = TimePoint{} + std::chrono::hours(1);
  std::optional<Connection> connection;

 private:
  void take_back(const Frame& frame, ReplyWriter& reply, Buffer& out) {
    const std::size_t mark = out.size();
    reply.bulk(frame.arguments.back());
    out.truncate(mark);
    loop_context.borrowed.truncate(mark);
    reply.restart();
    reply.bulk("taken");
  }

  static std::vector<std::string> words_of(const Frame& frame) {
    if (frame.kind == FrameKind::array) return {frame.arguments.begin(), frame.arguments.end()};
    const std::string line(frame.payload);
    const std::size_t blank = line.find(' ');
    if (blank == std::string::npos) return {line};
    return {line.substr(0, blank), line.substr(blank + 1)};
  }
};

}  // namespace reactord::test
