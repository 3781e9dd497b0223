// SPDX-License-Identifier: MIT
// A client that sends any bytes, in any pieces, to what serves it in the daemon: its table of
// connections, the dispatcher and all handlers, on a socket, with a loop whose clock stands still.
// Whatever it sends: what comes back is whole replies and nothing else, one for each request, and
// they do not depend on the cuts; and at the end the daemon holds nothing. The first byte of the
// input chooses the listener, the second the cuts.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/connection/connection_table.h"
#include "daemon/dispatch/dispatcher.h"
#include "daemon/interface/registry.h"
#include "daemon/testing/fake_service.h"
#include "protocol/framing/protocol_detector.h"
#include "protocol/replies/reply_parser.h"
#include "protocol/words.h"
#include "tests/fuzz/cut_up.h"
#include "tests/fuzz/require.h"
#include "tests/support/parse_stream.h"
#include "tests/unit/support/fake_clock.h"

namespace {

using namespace reactord;
using test::require;
using test::require_same;

using Pieces = std::vector<std::string_view>;

constexpr ParserLimits kLimits{
    .max_frame_bytes = 2000, .max_arguments = 30, .max_inline_bytes = 500};

/// What a client may run whose replies do not depend on who else was here.
CommandClasses of_the_public() {
  CommandClasses classes;
  classes.allow(CommandClass::public_);
  return classes;
}

LogSettings no_log() {
  LogSettings settings;
  settings.level = LogLevel::off;
  return settings;
}

class Daemon final : public EventSink {
 public:
  Daemon() {
    for (const HandlerEntry& entry : handler_entries()) {
      const std::shared_ptr<void> settings = entry.table.make();
      handlers_.push_back(entry.make(service_, settings.get()));
      commands_.add(*handlers_.back(), entry.name);
    }
    service_.known_commands.assign(commands_.specs().begin(), commands_.specs().end());
    loop_context_.command_names = commands_.names();
    by_lines_.bound_command = commands_.first_of("ceil");
    table_.set_observer(dispatcher_);
  }

  /// All that a client of that listener is sent for these pieces and FIN; nothing where something
  /// is left that only time would end.
  std::optional<std::string> answers(const ListenerPolicy& policy, const Pieces& pieces) {
    std::array<int, 2> ends{};
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0,
            "socketpair");
    const UniqueFd client(ends[1]);
    require(table_.open(UniqueFd(ends[0]), SocketAddress::ipv4({10, 0, 0, 1}, 1), policy),
            "a client is not let in");
    received_.clear();
    has_ended_ = false;
    for (const std::string_view piece : pieces) {
      (void)!::send(client.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
      run_turns(client, 2);
    }
    ::shutdown(client.get(), SHUT_WR);
    run_turns(client, kMostTurns);
    table_.for_each([](Connection& left) { left.abort(CloseReason::closed_at_once); });
    while (table_.end_turn()) continue;
    require(table_.is_empty() && table_.buffer_bytes() == 0, "something is left of a client");
    return has_ended_ ? std::optional(received_) : std::nullopt;
  }

  const ListenerPolicy& listener(unsigned choice) const {
    return choice % 4 == 0 ? by_lines_ : by_commands_;
  }

  // --- EventSink ---
  void on_event(Token token, Readiness readiness) noexcept override {
    if (Connection* const connection = table_.find(token)) connection->on_event(readiness);
    loop_.charge(1 + loop_context_.take_work());
  }
  std::optional<TimePoint> next_deadline() noexcept override { return {}; }
  void on_deadlines(TimePoint) noexcept override {}
  void on_turn_end() noexcept override {
    (void)dispatcher_.pending().run_slices();
    (void)table_.end_turn();
  }

 private:
  static constexpr int kMostTurns = 100;

  void run_turns(const UniqueFd& client, int most) {
    for (int turn = 0; turn < most && !has_ended_; ++turn) {
      loop_.stay_awake();
      loop_.run_turn(*this);
      receive(client);
    }
  }

  void receive(const UniqueFd& client) {
    std::array<char, 4096> chunk;
    ssize_t bytes = 0;
    while ((bytes = ::recv(client.get(), chunk.data(), chunk.size(), 0)) > 0)
      received_.append(chunk.data(), static_cast<std::size_t>(bytes));
    has_ended_ = bytes == 0;
  }

  FakeClock clock_;
  EventLog events_{clock_, no_log()};
  EventLoop loop_{clock_};
  ConnectionTable table_{loop_, events_, {.clients = 4, .admins = 1}};
  test::FakeService service_;
  CommandTable commands_;
  Dispatcher dispatcher_{clock_, events_, table_, commands_};
  LoopContext loop_context_{
      .parser_limits = kLimits,
      .output_high_water = 1000,
      .deadlines =
          ConnectionDeadlines({.first_request = {}, .frame = {}, .write_stall = {}, .linger = {}}),
      .host = table_,
      .sink = dispatcher_};
  ListenerPolicy by_commands_{.loop_context = loop_context_,
                              .inline_replies_resp = true,
                              .allowed_commands = of_the_public()};
  ListenerPolicy by_lines_{.loop_context = loop_context_, .framing = Framing::line};
  std::vector<std::unique_ptr<Handler>> handlers_;
  std::string received_;
  bool has_ended_ = false;
};

/// Replies as far as they do not depend on what there was before: of errors and statuses the text.
struct Heard {
  std::string text;
  std::size_t replies = 0;
  bool may_be_last = false;  ///< behind such a reply a connection may end
};

/// Whoever has spoken another protocol is told so in its own words, the last: by its first bytes,
/// or by a line that only a browser sends.
bool is_farewell(std::string_view bytes, std::string_view sent) {
  const ForeignMatch opening = match_foreign_opening(sent);
  const bool is_known = opening.protocol != nullptr && bytes == opening.protocol->farewell;
  return is_known || bytes.starts_with("HTTP/1.1 400");
}

Heard heard(std::string_view bytes, std::string_view sent) {
  ReplyParser parser;
  Heard heard;
  while (!bytes.empty()) {
    if (is_farewell(bytes, sent)) return {heard.text + std::string(bytes), heard.replies + 1, true};
    std::size_t consumed = 0;
    const ReplyStatus status = parser.parse(bytes, consumed);
    if (status == ReplyStatus::error) require_same("", parser.error(), "what came is no reply");
    require(status == ReplyStatus::reply, "a reply is cut off");
    const Reply reply = parser.take();
    const bool has_text = reply.kind == Reply::Kind::error || reply.kind == Reply::Kind::status;
    heard.text +=
        std::to_string(static_cast<int>(reply.kind)) + (has_text ? reply.text : "") + "\n";
    if (reply.kind != Reply::Kind::push) ++heard.replies;
    heard.may_be_last = reply.kind == Reply::Kind::error || reply.text == "OK";  // of QUIT
    bytes.remove_prefix(consumed);
  }
  return heard;
}

struct Requests {
  std::size_t most = 0;
  std::size_t least = 0;  ///< lines may be blank
};

/// That the parser of frames finds, by itself.
Requests requests_in(std::string_view sent) {
  Requests found;
  for (const std::string& event :
       test::play(Framing::command, kLimits, {sent}, test::AtEnd::end_of_input)) {
    if (event.starts_with("array") || event.starts_with("line")) ++found.most;
    if (event.starts_with("array")) ++found.least;
  }
  return found;
}

void check_replies(const std::string& answers, std::string_view sent) {
  const Heard all = heard(answers, sent);
  const Requests requests = requests_in(sent);
  const bool may_be_silent = lower_case(sent).find("reply") != sent.npos;  // CLIENT REPLY
  require(all.replies <= requests.most + 1, "more replies than requests");
  require(all.may_be_last || may_be_silent || all.replies >= requests.least,
          "a request without a reply");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostBytes = 3000;
  if (size < 3 || size > kMostBytes) return 0;
  static Daemon daemon;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const ListenerPolicy& policy = daemon.listener(data[0]);
  const auto whole = daemon.answers(policy, {bytes});
  const auto cut = daemon.answers(policy, test::cut_up(bytes, data[1]));
  require(whole.has_value() == cut.has_value(), "it ends, or not, by the cuts");
  if (!whole) return 0;
  if (policy.framing == Framing::line) {
    require_same(*whole, *cut, "lines are answered by their cuts");
    return 0;
  }
  require_same(heard(*whole, bytes).text, heard(*cut, bytes).text, "replies depend on the cuts");
  check_replies(*whole, bytes);
  return 0;
}
