// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/operator/operator_console.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/reactor-cli/completion/completion.h"
#include "tools/reactor-cli/net/session.h"
#include "tools/reactor-cli/operator/console.h"
#include "tools/reactor-cli/operator/desk_events.h"
#include "tools/reactor-cli/operator/desk_text.h"
#include "tools/reactor-cli/operator/desk_view.h"

namespace reactord::cli {
namespace {

constexpr std::string_view kHelp =
    "Enter answers the message that the prompt names: the oldest when you began to type.\n"
    "  12 TEXT         answers number 12\n"
    "   TEXT           a blank in front: answers as Enter does, with a TEXT that begins with\n"
    "                  a number or a '/'\n"
    "  /reply 12 TEXT  the same as 12 TEXT\n"
    "  /reject 12 WHY  gives the client the error REJECTED WHY\n"
    "  /show 12        all of a long message\n"
    "  /list           what waits, how long, and who else answers\n"
    "  /help, /quit    (or Ctrl-D; what waits stays with the others)\n"
    "Of a text that is pasted, the first line is sent: no prompt was there for the others.\n"
    "TAB completes. Ctrl-C drops the line. The up arrow brings back what you typed before.\n";

constexpr int kMaxNames = 9;  // alice, alice-2 ... alice-9

std::string login_name() {
  const passwd* user = ::getpwuid(::getuid());
  return user != nullptr && user->pw_name != nullptr ? user->pw_name : "operator";
}

/// A request whose reply has not come.
struct Request {
  enum class Kind : std::uint8_t {
    answer,
    reject,
    show,
    turn,  ///< LIST of one message that was not shown yet, and is the next to be answered
    list,
    resync,   ///< LIST, because events are missing
    recheck,  ///< LIST of one message, because an answer to it failed
  };
  Kind kind;
  MessageId id = 0;  ///< of a list: the newest that was known
  Deadline deadline;
};

class OperatorConsole final : public Conversation {
 public:
  OperatorConsole(const Options& options, Screen& screen)
      : options_(options), screen_(screen), style_(style_for(options, screen)) {}

  // --- the connection

  void connect() override {
    view_.reset();
    unseen_.clear();
    in_flight_.clear();
    session_.emplace(options_);
    greet();
    join();
    begin();
  }

  Session* session() override { return session_ ? &*session_ : nullptr; }

  Deadline deadline() const override {
    return in_flight_.empty() ? Deadline() : in_flight_.front().deadline;
  }

  void on_overdue() override { session_->fail_timed_out(); }

  void on_ended() override {
    if (!in_flight_.empty()) session_->fail_ended(in_flight_.size());
    throw Failure(ExitCode::protocol_broken,
                  fmt::format("{} closed the connection: it is stopping, or somebody ended it",
                              to_string(session_->endpoint())));
  }

  void on_lost(const Failure& failure) override {
    error(0, failure.what());
    for (const Request& request : in_flight_) {
      if (request.kind != Request::Kind::answer && request.kind != Request::Kind::reject) continue;
      note(fmt::format("whether the answer to {} was sent is not known", request.id));
    }
    code_ = failure.code();
    session_.reset();
    in_flight_.clear();
    view_.reset();
  }

  void on_reply(Reply reply) override {
    view_.at(Clock::now());
    if (reply.kind == Reply::Kind::push) return on_push(reply);
    if (in_flight_.empty() && reply.kind == Reply::Kind::error) return error(0, reply.text);
    if (in_flight_.empty()) session_->fail_unasked();
    const Request request = in_flight_.front();
    in_flight_.pop_front();
    on_answer(request, reply);
  }

  // --- lines

  void on_typing(std::string_view typed) override {
    view_.at(Clock::now());
    view_.on_typing(typed);
    show_whose_turn_it_is();
  }

  std::string prompt() const override { return session_ ? view_.prompt() : "not connected> "; }
  Deadline next_prompt() const override { return session_ ? view_.next_change() : Deadline(); }

  Completion complete(std::string_view before) const override {
    static const std::vector<std::string> commands = {"/help",   "/list",  "/quit",
                                                      "/reject", "/reply", "/show"};
    const std::size_t blank = before.find(' ');
    if (before.starts_with('/') && blank == std::string_view::npos) {
      return complete_word(before, commands);
    }
    const bool after_command = before.starts_with('/') && before.rfind(' ') == blank;
    if (!after_command && blank != std::string_view::npos) return {};
    std::vector<std::string> numbers;
    for (const MessageId id : view_.open()) numbers.push_back(std::to_string(id));
    return complete_word(after_command ? before.substr(blank + 1) : before, numbers);
  }

  LineFate on_line(std::string_view line) override {
    const DeskLine meaning = view_.read(line);
    if (meaning.kind == DeskLine::Kind::quit) leaving_ = true;
    if (meaning.kind == DeskLine::Kind::help) screen_.show(kHelp);
    if (leaving_ || meaning.kind == DeskLine::Kind::help) return LineFate::taken;
    if (!session_) return connect_again(meaning);
    return act(meaning);
  }

  void on_end_of_lines(bool person) override {
    if (leaving_) in_flight_.clear();  // asked twice: without waiting for what was sent
    leaving_ = leaving_ || person;
  }
  void on_interrupt() override {}

  bool wants_line() const override {
    constexpr std::size_t kMaxInFlight = 1000;
    return !leaving_ && in_flight_.size() < kMaxInFlight;
  }
  bool done() const override { return leaving_ && in_flight_.empty(); }
  ExitCode code() const override { return code_; }

 private:
  static DeskStyle style_for(const Options& options, const Screen& screen) {
    if (options.json) return {DeskForm::json, false, screen.is_terminal()};
    if (screen.is_terminal()) return {DeskForm::terminal, screen.has_color(), false};
    return {DeskForm::plain, false, false};
  }

  // --- greeting

  void greet() {
    const Reply reply = ask(std::array<std::string_view, 2>{"HELLO", "3"});
    if (reply.kind == Reply::Kind::error) refuse(reply.text);
  }

  void join() {
    const std::string wanted = options_.name.empty() ? login_name() : options_.name;
    std::string name = wanted;
    Reply reply;
    for (int i = 2; i <= kMaxNames + 1; ++i) {
      reply = ask(std::array<std::string_view, 3>{"OPERATOR", "JOIN", name});
      if (reply.kind != Reply::Kind::error) break;
      const bool taken = reply.text.find(name) != std::string::npos &&
                         reply.text.find("attached") != std::string::npos;
      if (!taken || i > kMaxNames) refuse(reply.text);
      name = fmt::format("{}-{}", wanted, i);
    }
    name_ = name;
  }

  // What waits already, and who else is there.
  void begin() {
    const Reply reply = ask(std::array<std::string_view, 2>{"OPERATOR", "LIST"});
    const std::optional<DeskList> list = read_desk_list(reply);
    if (!list) refuse(reply.kind == Reply::Kind::error ? reply.text : "no list of messages");
    view_.at(Clock::now());
    const DeskView::Difference difference = view_.replace(*list, 0);
    if (style_.form == DeskForm::terminal) {
      note(fmt::format("joined as {}; /help tells what to type", name_));
      return show_list(*list, difference);
    }
    DeskEvent joined;
    joined.kind = DeskEvent::Kind::joined;
    joined.name = name_;
    screen_.show(event_text(joined, name_, style_));
    show(difference);
  }

  [[noreturn]] void refuse(std::string_view why) const {
    const bool unknown = why.find("unknown command") != std::string_view::npos;
    throw Failure(ExitCode::server_error,
                  fmt::format("{} takes no operator: {}{}", to_string(session_->endpoint()), why,
                              unknown ? "; name an admin listener with --uri" : ""));
  }

  // For the greeting, which nothing else waits behind.
  Reply ask(std::span<const std::string_view> words) {
    static_cast<void>(session_->dialect().write_words(session_->output(), words));
    const Deadline deadline = deadline_in(options_.timeout);
    while (true) {
      Reply reply = session_->exchange(deadline);
      if (reply.kind != Reply::Kind::push) return reply;
      on_push(reply);
    }
  }

  // The new server may be another one, where another message has the old one's number.
  LineFate connect_again(const DeskLine& meaning) {
    connect();
    code_ = ExitCode::success;
    if (meaning.kind == DeskLine::Kind::nothing) return LineFate::taken;
    note("connected again; nothing was sent: see which messages wait now");
    return LineFate::kept;
  }

  // --- what the server says

  void on_push(const Reply& push) {
    const std::optional<DeskEvent> event = read_desk_event(push);
    if (!event) return;
    const bool known = event->kind == DeskEvent::Kind::message && view_.waits(event->message.id);
    view_.apply(*event);
    if (!known) screen_.show(event_text(*event, name_, style_));
    if (event->kind == DeskEvent::Kind::dropped) {
      request({Request::Kind::resync, view_.newest(), {}},
              std::array<std::string_view, 2>{"OPERATOR", "LIST"});
    }
  }

  void on_answer(const Request& request, const Reply& reply) {
    const bool failed = reply.kind == Reply::Kind::error;
    switch (request.kind) {
      case Request::Kind::answer:
      case Request::Kind::reject:
        return failed ? on_failed_answer(request, reply.text) : on_sent(request);
      case Request::Kind::recheck:
        return on_rechecked(request.id, !failed);
      case Request::Kind::turn:
        return failed ? void() : on_listed(request, reply);
      case Request::Kind::show:
        return failed ? error(request.id, reply.text) : on_listed(request, reply);
      case Request::Kind::list:
      case Request::Kind::resync:
        return failed ? error(0, reply.text) : on_listed(request, reply);
    }
  }

  void on_sent(const Request& request) {
    const bool rejected = request.kind == Request::Kind::reject;
    DeskEvent event;
    event.kind = rejected ? DeskEvent::Kind::rejected : DeskEvent::Kind::answered;
    event.message.id = request.id;
    event.name = name_;
    view_.settle(request.id, rejected ? "was rejected by you" : "was answered by you");
    screen_.show(event_text(event, name_, style_));
  }

  // Nearly always it waits no more, which the error says; whether it does is asked.
  void on_failed_answer(const Request& failed, std::string_view why) {
    error(failed.id, why);
    if (style_.form == DeskForm::terminal) note("nothing was sent; the up arrow has your text");
    if (!view_.waits(failed.id)) return;
    const std::string id = std::to_string(failed.id);
    request({Request::Kind::recheck, failed.id, {}},
            std::array<std::string_view, 3>{"OPERATOR", "LIST", id});
  }

  void on_rechecked(MessageId id, bool waits) {
    if (waits) {
      view_.take_back(id);
    } else if (view_.waits(id)) {
      view_.settle(id, "no longer waits");
    }
  }

  void on_listed(const Request& request, const Reply& reply) {
    const bool is_show = request.kind == Request::Kind::show;
    if (is_show || request.kind == Request::Kind::turn) {
      const std::optional<WaitingMessage> message = read_waiting_message(reply);
      if (!message) return error(request.id, "not a message");
      return screen_.show(message_text(*message, style_, is_show));
    }
    const std::optional<DeskList> list = read_desk_list(reply);
    if (!list) return error(0, "not a list of messages");
    const DeskView::Difference difference = view_.replace(*list, request.id);
    if (request.kind == Request::Kind::list) return show_list(*list, difference);
    show(difference);
  }

  // --- what is sent

  LineFate act(const DeskLine& line) {
    const std::string id = std::to_string(line.id);
    switch (line.kind) {
      case DeskLine::Kind::answer:
        settle({Request::Kind::answer, line.id, {}}, "REPLY", line.text);
        return LineFate::taken;
      case DeskLine::Kind::reject:
        settle({Request::Kind::reject, line.id, {}}, "REJECT", line.text);
        return LineFate::taken;
      case DeskLine::Kind::show:
        request({Request::Kind::show, line.id, {}},
                std::array<std::string_view, 3>{"OPERATOR", "LIST", id});
        return LineFate::taken;
      case DeskLine::Kind::list:
        request({Request::Kind::list, view_.newest(), {}},
                std::array<std::string_view, 2>{"OPERATOR", "LIST"});
        return LineFate::taken;
      case DeskLine::Kind::refused:
        return refuse_line(line.text);
      case DeskLine::Kind::nothing:
      case DeskLine::Kind::help:
      case DeskLine::Kind::quit:
        return LineFate::taken;
    }
    return LineFate::taken;
  }

  void settle(const Request& how, std::string_view verb, std::string_view text) {
    const std::string id = std::to_string(how.id);
    view_.begin_answer(how.id);
    request(how, std::array<std::string_view, 4>{"OPERATOR", verb, id, text});
  }

  void request(Request request, std::span<const std::string_view> words) {
    request.deadline = deadline_in(options_.timeout);
    in_flight_.push_back(request);
    static_cast<void>(session_->dialect().write_words(session_->output(), words));
  }

  LineFate refuse_line(std::string_view why) {
    if (style_.form == DeskForm::terminal) {
      note(why);
    } else {
      error(0, why);
      code_ = ExitCode::usage;
    }
    return LineFate::kept;
  }

  // --- what is shown

  void show(const DeskView::Difference& difference) {
    for (const MessageId id : difference.vanished) screen_.show(vanished_text(id, style_));
    const std::size_t count = count_shown(difference.appeared.size());
    for (std::size_t i = 0; i < count; ++i) {
      screen_.show(message_text(difference.appeared[i], style_));
    }
    for (std::size_t i = count; i < difference.appeared.size(); ++i) {
      unseen_.insert(difference.appeared[i].id);
    }
    screen_.show(more_text(difference.appeared.size() - count, style_));
  }

  // What the list leaves out is unseen, unless it was known before.
  void show_list(const DeskList& list, const DeskView::Difference& difference) {
    for (const WaitingMessage& message : difference.appeared) unseen_.insert(message.id);
    for (std::size_t i = 0; i < count_shown(list.waiting.size()); ++i) {
      unseen_.erase(list.waiting[i].id);
    }
    screen_.show(list_text(list, name_, style_));
  }

  // A person sees a screen of them at a time; a program wants all.
  [[nodiscard]] std::size_t count_shown(std::size_t count) const {
    return style_.form == DeskForm::terminal ? std::min(count, kMaxListed) : count;
  }

  void show_whose_turn_it_is() {
    const std::optional<MessageId> id = view_.addressee();
    if (!session_ || !id || unseen_.erase(*id) == 0) return;
    const std::string number = std::to_string(*id);
    request({Request::Kind::turn, *id, {}},
            std::array<std::string_view, 3>{"OPERATOR", "LIST", number});
  }

  void error(MessageId id, std::string_view text) {
    if (style_.form == DeskForm::json) {
      screen_.show(error_json(id, text, style_));
    } else {
      screen_.error(text);
    }
    if (style_.form != DeskForm::terminal) code_ = ExitCode::server_error;
  }

  void note(std::string_view text) {
    if (style_.form != DeskForm::json) screen_.message(text);
  }

  const Options& options_;
  Screen& screen_;
  DeskStyle style_;
  std::string name_;
  DeskView view_;
  std::set<MessageId> unseen_;  ///< that wait, and whose text was not shown
  std::optional<Session> session_;
  std::deque<Request> in_flight_;
  bool leaving_ = false;
  ExitCode code_ = ExitCode::success;
};

}  // namespace

ExitCode run_operator(const Options& options, Output& output) {
  return run_console(
      [&options](Screen& screen) { return std::make_unique<OperatorConsole>(options, screen); },
      output);
}

}  // namespace reactord::cli
