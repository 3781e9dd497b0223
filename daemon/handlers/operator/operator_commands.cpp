// SPDX-License-Identifier: MIT
#include "daemon/handlers/operator/operator_commands.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "daemon/interface/command_rows.h"
#include "protocol/words.h"

namespace reactord {

namespace {

/// LIST shows this much of each message; LIST with an id shows all.
constexpr std::size_t kShownBytes = 1024;
/// Of LIST, in one turn: some 64 KiB.
constexpr std::size_t kMessagesPerSlice = 64;

/// `bytes` cut to kShownBytes, never inside a UTF-8 character (RFC 3629).
std::string_view shortened(std::string_view bytes) {
  if (bytes.size() <= kShownBytes) return bytes;
  std::size_t end = kShownBytes;
  while (end > kShownBytes - 4 && (static_cast<unsigned char>(bytes[end]) & 0xc0) == 0x80) --end;
  return bytes.substr(0, end);
}

void write_field(ReplyWriter& reply, std::string_view name, std::string_view value) {
  reply.bulk(name);
  reply.bulk(value);
}

void write_field(ReplyWriter& reply, std::string_view name, std::uint64_t value) {
  reply.bulk(name);
  reply.integer(static_cast<std::int64_t>(value));
}

void write_message(ReplyWriter& reply, const WaitingMessage& message, std::string_view state,
                   std::string_view text, TimePoint now) {
  const auto waiting = std::chrono::duration_cast<std::chrono::milliseconds>(now - message.arrived);
  reply.map(7);
  write_field(reply, "id", message.id);
  write_field(reply, "peer", message.peer);
  write_field(reply, "client", message.client);
  write_field(reply, "state", state);
  write_field(reply, "waiting_ms", static_cast<std::uint64_t>(waiting.count()));
  write_field(reply, "bytes", message.text.size());
  write_field(reply, "text", text);
}

std::string_view state_of(const WaitingMessage& message) {
  return message.has_finished ? "finished" : "open";
}

/// LIST over several turns: of what waited when it was asked.
class ListProducer final : public ReplyProducer {
 public:
  ListProducer(const OperatorDesk& desk, std::string_view mode, TimePoint now)
      : desk_(desk), mode_(mode), now_(now) {
    for (const auto& [id, message] : desk.waiting()) ids_.push_back(id);
  }

  Progress produce(ReplyWriter& reply) override {
    if (next_ == 0) begin(reply);
    for (std::size_t n = 0; n < kMessagesPerSlice && next_ < ids_.size(); ++n, ++next_)
      write(reply, ids_[next_]);
    return next_ == ids_.size() ? Progress::done : Progress::more;
  }

 private:
  void begin(ReplyWriter& reply) const {
    reply.map(3);
    write_field(reply, "mode", mode_);
    reply.bulk("operators");
    reply.array(desk_.operators().size());
    for (const Operator& one : desk_.operators()) {
      reply.map(4);
      write_field(reply, "name", one.name);
      write_field(reply, "client", one.client);
      write_field(reply, "answered", one.answered);
      write_field(reply, "dropped", one.dropped);
    }
    reply.bulk("waiting");
    reply.array(ids_.size());
  }

  /// The number of elements was promised: what has been settled meanwhile is shown as gone.
  void write(ReplyWriter& reply, std::uint64_t id) const {
    if (const WaitingMessage* message = desk_.find(id))
      return write_message(reply, *message, state_of(*message), shortened(message->text), now_);
    WaitingMessage settled;
    settled.id = id;
    settled.arrived = now_;
    write_message(reply, settled, "gone", {}, now_);
  }

  const OperatorDesk& desk_;
  std::string mode_;
  TimePoint now_;
  std::vector<std::uint64_t> ids_;
  std::size_t next_ = 0;
};

std::optional<std::uint64_t> parse_id(std::string_view text, ReplyWriter& reply) {
  const std::optional<std::int64_t> id = parse_integer(text);
  if (id && *id > 0) return static_cast<std::uint64_t>(*id);
  reply.error("ERR a message's id is a whole number from 1, as OPERATOR LIST shows it");
  return std::nullopt;
}

std::string operator_name(const Request& request, HandlerContext& context) {
  if (!request.arguments.empty()) return std::string(request.arguments[0]);
  const std::string_view name = context.session().name();
  return name.empty() ? fmt::format("operator-{}", context.client_id()) : std::string(name);
}

std::string join_problem(OperatorDesk& desk, std::string_view name, ReplyEncoding encoding,
                         HandlerContext& context) {
  if (encoding == ReplyEncoding::resp2)
    return "ERR OPERATOR JOIN pushes messages, which needs RESP3: send HELLO 3 first";
  if (name.empty()) return "ERR an operator needs a name";
  std::string problem = label_problem("Operator names", name);
  return problem.empty() ? desk.join(name, context) : problem;
}

/// What answers a subcommand: `mode` is how TEXT is answered now.
struct Asked {
  OperatorDesk& desk;
  std::string_view mode;
  const Request& request;
  ReplyWriter& reply;
  HandlerContext& context;
};

HandlerResult join(const Asked& asked) {
  auto& [desk, mode, request, reply, context] = asked;
  const std::string name = operator_name(request, context);
  if (const std::string problem = join_problem(desk, name, reply.encoding(), context);
      !problem.empty()) {
    reply.error(problem);
    return HandlerResult::replied;
  }
  context.log(HandlerLogLevel::info, fmt::format("operator {} has joined", name));
  reply.map(4);
  write_field(reply, "name", name);
  write_field(reply, "mode", mode);
  write_field(reply, "waiting", desk.waiting().size());
  reply.bulk("operators");
  reply.array(desk.operators().size());
  for (const Operator& one : desk.operators()) reply.bulk(one.name);
  return HandlerResult::replied;
}

HandlerResult leave(const Asked& asked) {
  const bool has_left = asked.desk.leave(asked.context.client_id());
  has_left ? asked.reply.ok() : asked.reply.error("ERR you have not joined");
  return HandlerResult::replied;
}

HandlerResult list(const Asked& asked) {
  auto& [desk, mode, request, reply, context] = asked;
  if (request.arguments.empty()) {
    context.produce(std::make_unique<ListProducer>(desk, mode, context.now()));
    return HandlerResult::pending;
  }
  const auto id = parse_id(request.arguments[0], reply);
  if (!id) return HandlerResult::replied;
  if (const WaitingMessage* message = desk.find(*id))
    write_message(reply, *message, state_of(*message), message->text, context.now());
  else
    reply.error(desk.problem_of(*id));
  return HandlerResult::replied;
}

/// What REPLY and REJECT have in common: `settle` returns the problem, or "".
template <class Settle>
HandlerResult settle(const Asked& asked, std::string_view done, const Settle& settle) {
  const auto id = parse_id(asked.request.arguments[0], asked.reply);
  if (!id) return HandlerResult::replied;
  const Answerer by = asked.desk.answerer(asked.context);
  const std::string problem = settle(*id, asked.request.arguments[1], by);
  if (!problem.empty()) {
    asked.reply.error(problem);
    return HandlerResult::replied;
  }
  asked.context.log(HandlerLogLevel::info, fmt::format("message {} {} by {}", *id, done, by.name));
  asked.reply.ok();
  return HandlerResult::replied;
}

HandlerResult reject(const Asked& asked) {
  return settle(asked, "rejected",
                [&](std::uint64_t id, std::string_view reason, const Answerer& by) {
                  return asked.desk.reject(id, reason, by);
                });
}

HandlerResult reply(const Asked& asked) {
  return settle(asked, "answered",
                [&](std::uint64_t id, std::string_view text, const Answerer& by) {
                  return asked.desk.reply(id, text, by);
                });
}

constexpr CommandRow<HandlerResult (*)(const Asked&)> kRows[] = {
    {{.name = "join",
      .synopsis = "[name]",
      .summary = "Receives messages as they arrive",
      .max_arguments = 1,
      .command_class = CommandClass::admin},
     join},
    {{.name = "leave",
      .summary = "Receives messages no longer",
      .command_class = CommandClass::admin},
     leave},
    {{.name = "list",
      .synopsis = "[id]",
      .summary = "Shows the operators and what waits, or one message whole",
      .max_arguments = 1,
      .command_class = CommandClass::admin},
     list},
    {{.name = "reject",
      .synopsis = "id reason",
      .summary = "Refuses to answer a message",
      .min_arguments = 2,
      .max_arguments = 2,
      .command_class = CommandClass::admin,
      .rest_of_line = true},
     reject},
    {{.name = "reply",
      .synopsis = "id text",
      .summary = "Answers a message",
      .min_arguments = 2,
      .max_arguments = 2,
      .command_class = CommandClass::admin,
      .rest_of_line = true},
     reply},
};
constexpr auto kSubcommands = specs_of(kRows);

constexpr CommandSpec kCommand = {
    .name = "operator",
    .summary = "Answers messages that wait for a person",
    .min_arguments = 1,
    .max_arguments = CommandSpec::kAnyNumber,
    .command_class = CommandClass::admin,
    .subcommands = kSubcommands,
};

}  // namespace

const CommandSpec& operator_command() {
  return kCommand;
}

HandlerResult handle_operator(OperatorDesk& desk, std::string_view mode, const Request& request,
                              ReplyWriter& reply, HandlerContext& context) {
  return answer_of(kRows, request)({desk, mode, request, reply, context});
}

}  // namespace reactord
