// SPDX-License-Identifier: MIT
// One scripted client: plays its group's program over one connection at a time. Owns the socket and
// what is said on it; is woken by its worker, for events, for times and for the end.
//
//                 start time                 connected
//   waiting ------------------> offline ----------------> open <---+
//                                 ^   ^  connecting        | |     | the script goes on
//                                 |   +---- failed, pause  | +-----+
//                                 +-------- closed --------+
//                                                          | no more to do, or the run ends
//                                                          v
//                              done <------------- finishing (all replies in, FIN sent, until the
//                                                             server closes: nothing may follow)
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "daemon/net/handshake.h"
#include "daemon/net/socket_stream.h"
#include "daemon/reactor/deadline_queue.h"
#include "daemon/reactor/event_loop.h"
#include "tools/reactor-load/run/conversation.h"
#include "tools/reactor-load/run/pacing.h"
#include "tools/reactor-load/run/plan.h"

namespace reactord::load {

/// The kind of deadline that a client has: of its oldest reply, or of its connection.
struct ReplyTimeout;

/// What a client needs of its worker. All outlive it.
struct ClientHost {
  EventLoop& loop;
  const Clock& clock;
  Agenda& agenda;
  DeadlineQueue<ReplyTimeout>& timeouts;
  std::span<char> scratch;  ///< for what is received, valid while one client is served
  const Plan& plan;
  Tally& tally;
  TimePoint measure_from;  ///< replies count from here
};

/// A group as one worker has it.
struct GroupShare {
  const GroupPlan* plan = nullptr;
  GroupTally* tally = nullptr;
  Ledger ledger;
  std::int64_t requests_left = 0;  ///< of this worker's clients together; not used without bound
  std::uint32_t clients_playing = 0;
};

class Client : public DeadlineLink<ReplyTimeout> {
 public:
  struct Identity {
    std::uint32_t index = 0;        ///< among the worker's clients
    std::uint64_t number = 0;       ///< from 1, in its group
    std::uint64_t group_index = 0;  ///< of the scenario
  };

  Client(ClientHost& host, GroupShare& group, const Identity& identity, TimePoint start);

  /// An event of the connection that `token` names, or a turn on the ready list.
  void on_event(Token token, Readiness readiness) noexcept;
  /// A time that it asked for has come; one that it no longer waits for is ignored.
  void on_time(std::uint32_t ticket) noexcept;
  /// The oldest reply, or the connection, did not come in time.
  void on_timeout() noexcept;

  /// Sends no more; ends when all replies are in.
  void stop() noexcept;
  /// Ends now; what is owed is missing.
  void stop_at_once() noexcept;

  [[nodiscard]] bool is_done() const { return state_ == State::done; }
  [[nodiscard]] bool is_honest() const { return !hostile(); }
  [[nodiscard]] std::size_t owed() const { return talk_.owed(); }
  [[nodiscard]] bool is_connected() const {
    return state_ == State::open || state_ == State::finishing;
  }

 private:
  enum class State : std::uint8_t { waiting, offline, connecting, open, finishing, done };
  /// What an instruction has led to.
  enum class Next : std::uint8_t {
    go_on,  ///< to the instruction at pc_
    wait,   ///< for an event or a time; then the instruction at pc_ again
  };
  /// Why a time was asked for.
  enum class Waiting : std::uint8_t { nothing, start, think, due, piece, retry, close, farewell };
  enum class Closed : std::uint8_t { by_client, by_server, by_reset };

  [[nodiscard]] bool hostile() const { return group_.plan->group.hostile; }
  [[nodiscard]] bool has_rate() const { return pacer_.has_value(); }

  void serve() noexcept;
  [[nodiscard]] bool receive();
  void received(std::string_view bytes, TimePoint now);
  void play();
  void flush();
  [[nodiscard]] bool send_unsent(std::size_t most);
  void send_piece();
  void update_timeout(bool progress);

  [[nodiscard]] Next perform(const Instruction& instruction);
  [[nodiscard]] Next perform_send(const Instruction& instruction);
  [[nodiscard]] bool has_room();
  [[nodiscard]] bool is_due();
  [[nodiscard]] Next perform_think(const Instruction& instruction);
  [[nodiscard]] Next perform_await_close(const Instruction& instruction);
  [[nodiscard]] Next perform_half_close();
  [[nodiscard]] Next perform_connect();
  /// Closes when all replies are in, and nothing more than them: false while it waits for them.
  [[nodiscard]] bool close_when_settled();
  [[nodiscard]] Next perform_loop_end(const Instruction& instruction);
  [[nodiscard]] Next perform_choose(const Instruction& instruction);
  [[nodiscard]] Next next_round();
  [[nodiscard]] Next advance() {
    ++pc_;
    return Next::go_on;
  }

  [[nodiscard]] Next connect();
  [[nodiscard]] bool shake_hands();
  void hang_up();
  void finish_sending();
  void connected();
  void connect_failed(const std::string& cause);
  void note_whether_it_took_part();
  void close(Closed how);
  void closed_by_peer(Closed how, std::string_view reason);
  void begin_anew();
  void note_not_closed();
  void finish();
  void say_farewell();
  void done();

  void wake_at(TimePoint when, Waiting why);
  void cancel_time() {
    ++ticket_;
    waiting_for_ = Waiting::nothing;
  }
  [[nodiscard]] Token token() const { return (Token{generation_} << 32) | identity_.index; }

  ClientHost& host_;
  GroupShare& group_;
  Identity identity_;
  Conversation talk_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<Handshake> handshake_;  ///< until it is done, where the server speaks TLS
  std::optional<Pacer> pacer_;
  GeneratorState generators_;
  std::vector<std::int64_t> counters_;
  TimePoint connect_began_{};
  TimePoint now_{};
  TimePoint last_reply_{};
  std::int64_t loops_ = 0;
  std::uint32_t pc_ = 0;
  std::uint32_t generation_ = 1;  ///< of the connection; never 0, so that tokens are ours
  std::uint32_t ticket_ = 0;      ///< of the time that is waited for
  std::uint32_t piece_of_ = 0;    ///< the request that is being sent in pieces, plus one
  State state_ = State::waiting;
  Waiting waiting_for_ = Waiting::nothing;
  bool stopping_ = false;
  bool wanted_ = false;         ///< it has tried to connect, or was stopped before it could
  bool was_in_ = false;         ///< connected, and not turned away for want of room
  bool goes_by_script_ = true;  ///< what it did at the end is what its script says
  bool is_reached_ = false;     ///< TCP's part of connecting is over
  bool may_send_ = false;
  bool may_receive_ = false;
  bool reads_to_block_ = false;  ///< an event said what may end a read early, with more behind it
  bool reading_ = true;
  bool half_closed_ = false;
  bool window_is_full_ = false;  ///< `pipeline` requests were sent; wait for all their replies
  bool held_back_ = false;       ///< the next request was due before there was room for it
};

}  // namespace reactord::load
