// SPDX-License-Identifier: MIT
#include "daemon/handlers/job/text.h"

#include <fmt/format.h>

#include <utility>

#include "daemon/handlers/operator/operator_commands.h"
#include "daemon/handlers/operator/operator_desk.h"
#include "daemon/interface/handler_entry.h"

namespace reactord {
namespace {

using namespace std::chrono_literals;

class TextHandler : public Handler {
 public:
  using Settings = TextSettings;
  static constexpr KeySpec kKeys[] = {
      key<&TextSettings::mode>("mode", Apply::reload),
      key<&TextSettings::reply>("reply", Apply::reload),
      key<&TextSettings::log_level>("log_level", Apply::reload),
      key<&TextSettings::operator_timeout>("operator_timeout", Apply::reload,
                                           duration_range(0ms, 24h)),
      key<&TextSettings::operator_fallback>("operator_fallback", Apply::reload),
      key<&TextSettings::operator_max_waiting>("operator_max_waiting", Apply::reload,
                                               {1, 10'000, "each may be 64KiB"}),
  };

  TextHandler(Service& service, const TextSettings& settings)
      : settings_(settings),
        desk_(service, [this](const WaitingMessage& message, ReplyWriter& reply) {
          write_fallback(message.text, message.peer, reply);
        }) {}

  std::span<const CommandSpec> commands() const override {
    static const std::array kCommands{kTextCommand, operator_command()};
    return kCommands;
  }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    if (&request.command != &commands().front())
      return handle_operator(desk_, mode_word(), request, reply, context);
    const std::string_view message = request.arguments[0];
    if (settings_.log_level != HandlerLogLevel::off) context.log(settings_.log_level, message);
    switch (settings_.mode) {
      case TextMode::text_template:
        write_filled_in(settings_.reply, message, context, reply);
        return HandlerResult::replied;
      case TextMode::human:
        return ask_operator(message, reply, context);
    }
    return HandlerResult::replied;
  }

  void stop() override { desk_.stop(); }
  [[nodiscard]] bool restore(std::string_view state, HandlerContext& context) override {
    return desk_.resume(state, context);
  }
  [[nodiscard]] bool resume_reply(const CommandSpec&, std::string_view state,
                                  HandlerContext& context) override {
    return desk_.resume_message(state, context);
  }

  void reload(const void* settings) override {
    const TextMode before = settings_.mode;
    settings_ = *static_cast<const TextSettings*>(settings);
    if (settings_.mode != before) desk_.announce_mode(mode_word());
  }

 private:
  static constexpr CommandSpec kTextCommand{.name = "text",
                                            .synopsis = "message",
                                            .summary = "Sends a message and returns the answer",
                                            .min_arguments = 1,
                                            .max_arguments = 1,
                                            .rest_of_line = true};

  [[nodiscard]] std::string mode_word() const {
    return plain_text(ValueTraits<TextMode>::show(settings_.mode));
  }

  HandlerResult ask_operator(std::string_view message, ReplyWriter& reply, HandlerContext& context);
  void write_fallback(std::string_view message, std::string_view peer, ReplyWriter& reply);
  void write_filled_in(const TextTemplate& filled, std::string_view message,
                       HandlerContext& context, ReplyWriter& reply);

  TextSettings settings_;
  std::string answer_;  // kept from call to call, so that most calls allocate nothing
  OperatorDesk desk_;
};

HandlerResult TextHandler::ask_operator(std::string_view message, ReplyWriter& reply,
                                        HandlerContext& context) {
  if (message.size() > OperatorDesk::kMaxMessageBytes) {
    reply.error(fmt::format("ERR a person reads the messages here: at most {} bytes, not {}",
                            OperatorDesk::kMaxMessageBytes, message.size()));
    return HandlerResult::replied;
  }
  if (!desk_.is_open(static_cast<std::size_t>(settings_.operator_max_waiting))) {
    write_fallback(message, context.peer(), reply);
    return HandlerResult::replied;
  }
  // A copy for each operator.
  context.charge(
      std::chrono::microseconds(desk_.operators().size() * (1 + (message.size() >> 11))));
  desk_.add(message, settings_.operator_timeout, context);
  return HandlerResult::pending;
}

void TextHandler::write_fallback(std::string_view message, std::string_view peer,
                                 ReplyWriter& reply) {
  std::string answer;
  settings_.operator_fallback.fill_in(message, peer, answer);
  settings_.operator_fallback.source().starts_with("ERR ") ? reply.error(answer)
                                                           : reply.bulk(answer);
}

void TextHandler::write_filled_in(const TextTemplate& filled, std::string_view message,
                                  HandlerContext& context, ReplyWriter& reply) {
  if (filled.is_message_alone()) return reply.bulk(message);
  if (filled.most_bytes(message) > TextTemplate::kMaxFilledBytes)
    return reply.error(fmt::format(
        "ERR the message is too long for the answer's template: {} bytes, of which the answer may "
        "have {}",
        message.size(), TextTemplate::kMaxFilledBytes));
  context.charge(std::chrono::microseconds(filled.most_bytes(message) >> 11));
  answer_.clear();
  filled.fill_in(message, filled.names_peer() ? context.peer() : std::string(), answer_);
  reply.bulk(answer_);
  // One giant message must not cost its memory for ever.
  constexpr std::size_t kKeptBytes = 64u << 10;
  if (answer_.capacity() > kKeptBytes) answer_ = std::string();
}

}  // namespace

HandlerEntry text_handler() {
  return handler_entry<TextHandler>("text");
}

}  // namespace reactord
