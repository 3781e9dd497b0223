// SPDX-License-Identifier: MIT
// One client connection: owns its stream, parser, kept bytes, deadlines and state, and nothing
// more. Requests leave it through RequestSink. Of commands it knows names at most, no handler, and
// no other connection.
//
//   connection.cpp          events, states, the end        connection_output.cpp  replies
//   connection_input.cpp    requests                       connection_timing.cpp  deadlines
//   connection_receiving.cpp  bytes in                     snapshot/  it as plain values
//
//   accept
//     |
//     v          a request is to be answered later
//   open <=====================================> pending, or overlapping: the next request may be
//     |            all replies have come            |          promised beside what is owed
//     | the input has ended and all that was        |
//     | received is answered and sent               |
//     |                                             |
//     | end(): QUIT, protocol error, deadline, kill | end()
//     v                                             |
//   flushing <--------------------------------------+
//     | all is sent: FIN to the client
//     +-----> discarding   input is thrown away until the client's FIN or deadlines.linger: closing
//     |          |         with unread input makes the kernel send RST, and lose replies that are
//     |          |         still under way
//     +-----> confirming   the client has sent FIN: its acknowledgement of ours is waited for,
//     |          |         because somebody wants to know whether the replies have arrived
//     v          v
//   closed      from any state at once if it is lost, evicted, or stalls. The table destroys it at
//               the end of the turn
//
// Beside it goes the state of the input: flowing, then draining (it ends where the kernel has no
// more for now), then ended, by the client's FIN or by the drain. Only an open or pending
// connection serves what it has received.
//
// Input and output are edge-triggered: may_receive_ and may_send_ remember edges that are not used
// up.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/connection/client_figures.h"
#include "daemon/connection/connection_deadlines.h"
#include "daemon/connection/connection_host.h"
#include "daemon/connection/in_place.h"
#include "daemon/connection/listener_policy.h"
#include "daemon/connection/loop_context.h"
#include "daemon/connection/snapshot/connection_notes.h"
#include "daemon/interface/session.h"
#include "daemon/log/events.h"
#include "daemon/net/socket_stream.h"
#include "daemon/probes/probes.h"
#include "daemon/reactor/event_loop.h"
#include "daemon/reactor/out_of_memory.h"
#include "daemon/reactor/slot_table.h"
#include "protocol/buffers/buffer.h"
#include "protocol/framing/frame_parser.h"
#include "protocol/framing/protocol_detector.h"
#include "protocol/reply_writer.h"

namespace reactord {

struct ConnectionDetails;
struct SavedConnection;

class Connection final : public DeadlineLink<InputDeadline>, public DeadlineLink<OutputDeadline> {
 public:
  /// Its stream is made in its place (in_place.h) from `kind` and `args`.
  template <class Kind, class... Args>
  Connection(SlotId id, std::uint64_t client_id, const ListenerPolicy& policy, Kind kind,
             Args&&... args)
      : id_(id),
        client_id_(client_id),
        policy_(policy),
        limits_(&policy.loop_context.parser_limits),
        parser_(policy.framing),
        stream_(kind, std::forward<Args>(args)...) {
    start();
  }

  [[nodiscard]] SlotId id() const { return id_; }
  /// What CLIENT ID tells: counts up from 1, never used twice.
  [[nodiscard]] std::uint64_t client_id() const { return client_id_; }
  [[nodiscard]] const ListenerPolicy& policy() const { return policy_; }
  [[nodiscard]] Stream& stream() { return *stream_; }
  [[nodiscard]] Session& session() { return session_; }
  [[nodiscard]] const Session& session() const { return session_; }
  [[nodiscard]] std::chrono::seconds age() const { return seconds_since(created_); }
  [[nodiscard]] std::chrono::seconds idle() const { return seconds_since(last_active_); }
  /// The encoding that the reply to the latest request is due in. On a `command` listener plain
  /// until the client has sent an array, and RESP from then on: whoever parses RESP cannot tell
  /// where a plain reply ends.
  [[nodiscard]] ReplyEncoding reply_encoding() const { return reply_encoding_; }
  /// For CLIENT LIST and the log; null before the first.
  [[nodiscard]] const std::string* last_command() const {
    const auto& names = loop().command_names;
    return commands_ == 0 || last_command_ >= names.size() ? nullptr : names[last_command_];
  }
  /// Commands that were called for it, those of transactions too.
  [[nodiscard]] std::uint64_t commands() const { return commands_; }
  /// By its number among all (LoopContext::command_names).
  void note_command(std::size_t number) {
    last_command_ = static_cast<std::uint16_t>(number);
    ++commands_;
  }
  [[nodiscard]] std::uint64_t bytes_received() const { return bytes_received_; }
  [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }
  [[nodiscard]] ClientFigures& figures() { return figures_; }
  [[nodiscard]] const ClientFigures& figures() const { return figures_; }
  /// Requests of its were answered, each so long after it had come.
  void note_answers(Duration latency, std::uint64_t requests) noexcept;

  /// Replies are owed, this many.
  [[nodiscard]] bool is_pending() const {
    return state_ == State::overlapping || state_ == State::pending;
  }
  [[nodiscard]] std::size_t owed_replies() const { return owed_replies_; }
  [[nodiscard]] bool is_subscribed() const { return subscriptions_ > 0; }
  [[nodiscard]] std::size_t subscriptions() const { return subscriptions_; }
  /// The client has sent FIN, though perhaps not all before it is read yet. It may still wait for
  /// replies.
  [[nodiscard]] bool is_fin_announced() const { return is_fin_announced_; }
  /// It serves no more.
  [[nodiscard]] bool is_ending() const { return state_ > State::pending; }
  [[nodiscard]] bool is_closed() const { return state_ == State::closed; }
  [[nodiscard]] std::size_t input_bytes() const { return input_.size(); }
  [[nodiscard]] std::size_t output_bytes() const { return output_.size(); }
  [[nodiscard]] std::size_t buffer_bytes() const {
    return input_.capacity() + output_.capacity() + session_.held_bytes();
  }

  /// For a dump: snapshot/connection_details.h.
  [[nodiscard]] ConnectionDetails details() const;

  /// The loop has news, or (none) the connection's turn has come again. An allocation that fails
  /// costs this connection, and no other; so it does wherever one is served.
  void on_event(Readiness readiness) noexcept;

  /// Delivers the next of the replies that are owed, in the order of their requests: `write`
  /// formats them into a Buffer, and returns how many they are.
  template <class Write>
  void complete(Write&& write) noexcept {
    if (!is_pending()) return;
    last_active_ = seconds_now();
    std::size_t replies = 0;
    if (!has_memory_for([&] { replies = write(output()); }))
      return abort(CloseReason::closed_out_of_memory);
    REACTORD_PROBE_REPLY_LATE(client_id_, replies);
    owed_replies_ = static_cast<std::uint16_t>(owed_replies_ - replies);
    if (owed_replies_ == 0 && is_pending()) state_ = State::open;
    settle();
  }

  /// Tells the host, once, whether what was written so far has arrived: it has when the client
  /// sends more or the connection ends in order; nobody can know when it is lost.
  void want_receipt() noexcept { wants_receipt_ = true; }

  /// Writes a message that no request asked for; false if the reader is behind.
  template <class Write>
  [[nodiscard]] bool push(Write&& write) noexcept {
    if (is_ending() || is_input_ended() || output().size() >= loop().output_high_water)
      return false;
    if (has_memory_for([&] { write(output()); }))
      settle();
    else
      abort(CloseReason::closed_out_of_memory);
    return !is_closed();
  }
  void subscribe() noexcept { ++subscriptions_; }
  /// Pushes come between replies, and so speak as these do now.
  [[nodiscard]] ReplyEncoding push_encoding() const { return line_encoding(); }
  void unsubscribe() noexcept;
  /// A handler keeps something for it.
  void set_bound(bool is_bound) noexcept { is_bound_ = is_bound; }

  /// Serves no more; sends what is owed, then closes. Where a request, or a part of one, goes
  /// unanswered, `last_words` (code and text of an error) are sent behind it.
  void end(CloseReason reason, std::string_view last_words = {},
           std::string_view detail = {}) noexcept;
  /// Closes at once; nothing more is sent.
  void abort(CloseReason reason, std::string_view detail = {}) noexcept;
  /// Answers what the kernel has received so far, then ends.
  void drain() noexcept;

  /// What its limiter held back may be served again.
  void resume_input() noexcept;
  /// The same of a pause of all clients.
  void end_pause() noexcept;
  /// After ConnectionHost::try_later().
  void try_again() noexcept;

  /// Who it is, and what that lets it do and send. Between two requests alone.
  void set_principal(std::shared_ptr<const Principal> who, std::string_view user, bool must_log_in);

  /// Whatever the socket has told so far: one more turn, which receives and sends what can be.
  void look_at_socket() noexcept;
  /// What is held for it elsewhere has changed (Session::held_bytes).
  void account_memory() noexcept;
  /// It has a turn coming.
  [[nodiscard]] bool is_scheduled() const { return scheduled_; }
  /// It has let a deadline pass, and a look at its socket has not changed that.
  void on_deadline(DeadlineKind kind) noexcept;
  /// A reload has changed deadlines.idle.
  void restart_idle_deadline() noexcept;

  // --- to another process, and from one (snapshot/connection_saving.cpp) ---
  enum class Movable : std::uint8_t {
    yes,      ///< it is between two requests: what is owed to it is sent, or in output_
    not_now,  ///< a reply is owed
    never     ///< its stream belongs to this process, or it is ending
  };
  [[nodiscard]] Movable movable() const noexcept;
  /// Of a movable one. Throws std::bad_alloc.
  [[nodiscard]] SavedConnection save() const;
  /// What it is at rest, without what is on its way, deadlines and figures. Throws std::bad_alloc.
  [[nodiscard]] SavedConnection save_at_rest() const;
  /// What ConnectionNotes have of it; of what it is at rest, the part that no Session tells of when
  /// it changes.
  [[nodiscard]] Standing standing() const noexcept;
  [[nodiscard]] std::uint8_t traits() const noexcept;
  /// Goes on as `saved` says. Right behind its construction; throws std::bad_alloc.
  void restore(const SavedConnection& saved);
  /// ... and a reply is owed to it, which comes by complete().
  void owe_again() noexcept;
  /// Its socket has another owner now: nothing is sent, and nobody is told.
  void let_go() noexcept;

 private:
  enum class State : std::uint8_t {
    open,
    overlapping,
    pending,
    flushing,
    discarding,
    confirming,
    closed
  };
  /// `cut_off`: by an end that may not be the peer's, so that nothing unfinished counts as a frame.
  enum class Input : std::uint8_t { flowing, draining, ended_by_fin, ended_by_drain, cut_off };
  /// What input_ holds.
  enum class Kept : std::uint8_t {
    nothing,
    part_of_frame,
    frames,  ///< or what the end of the input has made one: to be served before more is received
  };
  struct Turn;

  /// Seconds on the loop's clock, in half of a TimePoint's size.
  using Seconds = std::uint32_t;

  void start() noexcept;
  [[nodiscard]] LoopContext& loop() const { return policy_.loop_context; }
  [[nodiscard]] ConnectionHost& host() const { return policy_.loop_context.host; }
  [[nodiscard]] Seconds seconds_now() const noexcept;
  [[nodiscard]] std::chrono::seconds seconds_since(Seconds then) const noexcept;

  void take_turn(Readiness readiness);

  // --- input ---
  void serve_turn();
  WorkUnits serve_share(WorkUnits share);
  [[gnu::noinline]] void serve_limited();
  [[nodiscard]] bool must_wait() const noexcept;
  void serve_input(Turn& turn);
  void release_wide_frame() noexcept;
  void serve_kept(Turn& turn);
  void flush_early(Turn& turn);
  void send_batch(Buffer& out);
  void go_on_with_input() noexcept;
  [[nodiscard]] TimePoint kept_since() const noexcept;
  void note_arrival(std::size_t bytes) noexcept;
  void receive_into_scratch(Turn& turn);
  void receive_behind_kept(Turn& turn);
  void keep(std::string_view rest);
  void widen_kept(std::size_t received, std::size_t wanted);
  void release(Buffer& buffer) noexcept {
    if (buffer.capacity() > 0) loop().pool.give(buffer);
  }
  [[nodiscard]] std::size_t receive(std::span<char> room) noexcept;
  [[nodiscard]] std::size_t serve_frames(std::string_view input, Turn& turn);
  [[nodiscard]] ParseStatus parse(std::string_view input);
  [[nodiscard, gnu::noinline]] ParseStatus look_for_foreign(std::string_view input);
  [[nodiscard]] ForeignMatch match_foreign(std::string_view input) const noexcept;
  [[nodiscard]] ParseStatus say_farewell(const ForeignProtocol& protocol);
  void reject_input();
  [[nodiscard]] bool serve_frame(Turn& turn);
  [[gnu::noinline]] bool serve_frame_behind(Turn& turn);
  [[gnu::noinline]] void end_or_wait(ServeResult result);
  void owe_reply(State next) noexcept;
  [[nodiscard]] bool may_serve() const { return state_ <= State::overlapping; }
  [[nodiscard]] bool must_pause(const Turn& turn) const noexcept;
  [[nodiscard]] bool is_overtaken(const Turn& turn) const noexcept;
  [[nodiscard]] bool is_input_ended() const { return input_state_ > Input::draining; }
  [[nodiscard]] bool owes_answer() const { return is_pending() || kept_ != Kept::nothing; }
  [[nodiscard]] ReplyEncoding line_encoding() const noexcept;
  [[nodiscard]] ReplyEncoding resp_encoding() const {
    return session_.protocol() == 3 ? ReplyEncoding::resp3 : ReplyEncoding::resp2;
  }
  void discard_input();

  // --- output ---
  [[nodiscard]] Buffer& output() noexcept;
  void flush_turn(Buffer& out);
  void flush(Buffer& out);
  void flush_gathered(Buffer& out);
  [[nodiscard]] std::size_t send_gathered(std::span<const std::string_view> parts,
                                          std::size_t bytes);
  void keep_parts(std::span<std::string_view> parts, std::size_t sent, std::size_t rest);
  [[nodiscard]] bool take_over_input(std::span<const std::string_view> parts, std::size_t bytes);
  [[nodiscard]] std::size_t note_sent(const IoResult& result, std::size_t wanted) noexcept;
  void keep_unsent(Buffer& out);

  // --- the end ---
  void end_if_answered() noexcept;
  void finish_sending() noexcept;
  void await_room_for_end() noexcept;
  void await_confirmation(Readiness readiness) noexcept;
  void lose(const IoResult& result) noexcept;
  void give_receipt(bool arrived) noexcept;
  enum class InOrder : bool { no, yes };
  void become_closed(InOrder in_order) noexcept;

  // --- deadlines ---
  void update_input_deadline() noexcept;
  void time_frame() noexcept;
  [[nodiscard]] bool is_first_request_nearer() const noexcept;
  void stop_frame_time() noexcept;
  void time_idle() noexcept;
  void note_activity() noexcept;
  void update_write_stall(bool progress) noexcept;
  /// The kernel would take more, in the next turn.
  [[nodiscard]] bool has_sent_its_share() const { return may_send_ && !output_.empty(); }
  [[nodiscard]] bool is_reader_behind() const { return output_.size() >= loop().output_high_water; }
  [[nodiscard]] bool is_input_paused() const {
    return state_ == State::pending || kept_ == Kept::frames || is_held_back_ || is_paused_ ||
           is_reader_behind();
  }

  // --- to another process ---
  void save_session(SavedConnection& saved) const;
  void note(Standing standing) noexcept {
    if (ConnectionNotes* const notes = loop().notes) [[unlikely]]
      notes->put(id_, standing);
  }
  [[gnu::noinline]] void note_settled() noexcept;
  void restore_session(const SavedConnection& saved);
  void restore_deadlines(const SavedConnection& saved) noexcept;

  // --- after a turn ---
  /// Its turn is under way: replies go to the scratch, and what they change is settled at its end.
  [[nodiscard]] bool is_being_served() const { return loop().serving == this; }
  void settle() noexcept;
  void schedule() noexcept;
  [[nodiscard]] bool has_more_to_do() const noexcept;

  SlotId id_;
  std::uint64_t client_id_;
  const ListenerPolicy& policy_;
  const ParserLimits* limits_;  ///< of the loop's: tighter ones before it has logged in
  FrameParser parser_;
  std::uint32_t kept_since_usec_ = 0;  ///< the low bits of when the frames in input_ had come
  Buffer input_;                       ///< input that could not be served yet
  Buffer output_;                      ///< output that the kernel did not take yet
  Session session_;
  InPlace<Stream, sizeof(SocketStream)> stream_;
  std::uint64_t commands_ = 0;
  std::uint64_t bytes_received_ = 0;
  std::uint64_t bytes_sent_ = 0;
  ClientFigures figures_;
  Seconds created_ = 0;
  Seconds last_active_ = 0;
  std::uint32_t accounted_bytes_ = 0;
  std::uint16_t subscriptions_ = 0;
  std::uint16_t owed_replies_ = 0;
  State state_ = State::open;
  Input input_state_ = Input::flowing;
  Kept kept_ = Kept::nothing;
  ReplyEncoding reply_encoding_ = ReplyEncoding::plain;
  bool may_receive_ : 1 = false;
  bool may_send_ : 1 = true;
  bool reads_to_block_ : 1 = false;    ///< a short read does not mean that the socket is drained
  bool is_fin_announced_ : 1 = false;  ///< by the loop; what came before it may still be unread
  bool is_hung_up_ : 1 = false;
  bool frame_timed_ : 1 = false;  ///< the deadline of the frame in input_ runs
  bool past_first_ : 1 = false;   ///< a request was served: no foreign protocol is looked for
  bool scheduled_ : 1 = false;
  bool must_linger_ : 1 = false;  ///< something was sent that the peer may not have read yet
  bool wants_receipt_ : 1 = false;
  bool is_held_back_ : 1 = false;  ///< by its limiter: its input waits
  bool is_paused_ : 1 = false;     ///< its input waits for end_pause()
  bool is_bound_ : 1 = false;      ///< a handler keeps something for it
  std::uint16_t last_command_ = 0;
};

/// 272 bytes of memory per idle connection, with the table's 8: the promise of daemon/README.md.
static_assert(sizeof(Connection) <= 264);

}  // namespace reactord
