// SPDX-License-Identifier: MIT
// GREET [name]: says hello.
#include "reactord/module.h"

namespace {

using namespace reactord;

constexpr CommandSpec kCommands[] = {
    {.name = "greet", .synopsis = "[name]", .summary = "Says hello", .max_arguments = 1}};

class GreetHandler : public Handler {
 public:
  explicit GreetHandler(Service&) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply, HandlerContext&) override {
    const std::string_view name = request.arguments.empty() ? "stranger" : request.arguments[0];
    reply.bulk(std::string("hello, ").append(name));
    return HandlerResult::replied;
  }
};

}  // namespace

reactord::HandlerEntry greet_handler() {
  return reactord::handler_entry<GreetHandler>("greet");
}

REACTORD_MODULE(greet_handler());
