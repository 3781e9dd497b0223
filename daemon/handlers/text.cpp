// SPDX-License-Identifier: MIT
#include "daemon/handlers/text.h"

#include <utility>

#include "daemon/handlers/registry.h"

namespace reactord {
namespace {

constexpr CommandSpec kCommands[] = {
    {.name = "text",
     .synopsis = "message",
     .summary = "Sends the server a message and returns its answer",
     .min_arguments = 1,
     .max_arguments = 1,
     .rest_of_line = true}};

class TextHandler : public Handler {
 public:
  using Settings = TextSettings;
  static constexpr KeySpec kKeys[] = {
      key<&TextSettings::mode>("mode", "How the answer is made: \"template\" takes it from reply.",
                               Apply::reload),
      key<&TextSettings::reply>(
          "reply",
          "The answer, over {message}, {bytes} (the message's length) and {peer} (the client's "
          "address); {{ and }} are braces. By default the message itself.",
          Apply::reload),
      key<&TextSettings::log_level>(
          "log_level",
          "The level at which messages are logged; \"off\" where they are private or many.",
          Apply::reload),
  };

  TextHandler(Service&, const TextSettings& settings) : settings_(settings) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    const std::string_view message = request.arguments[0];
    if (settings_.log_level != HandlerLogLevel::off) context.log(settings_.log_level, message);
    switch (settings_.mode) {
      case TextMode::text_template:
        answer_from_template(message, reply, context);
        break;
    }
    return HandlerResult::replied;
  }

  void reload(const void* settings) override {
    settings_ = *static_cast<const TextSettings*>(settings);
  }

 private:
  void answer_from_template(std::string_view message, ReplyWriter& reply, HandlerContext& context);

  TextSettings settings_;
  std::string answer_;  // kept from call to call, so that most calls allocate nothing
};

void TextHandler::answer_from_template(std::string_view message, ReplyWriter& reply,
                                       HandlerContext& context) {
  if (settings_.reply.is_message_alone()) return reply.bulk(message);
  answer_.clear();
  const bool names_peer = settings_.reply.names_peer();
  settings_.reply.fill_in(message, names_peer ? context.peer() : std::string(), answer_);
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
