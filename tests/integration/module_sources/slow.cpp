// SPDX-License-Identifier: MIT
// SLOW milliseconds: waits beside the loop, and says so. HANG: waits for ever.
#include <unistd.h>

#include <chrono>
#include <thread>

#include "reactord/module.h"
#include "reactord/offload.h"
#include "reactord/words.h"

namespace {

using namespace reactord;

constexpr CommandSpec kCommands[] = {
    {.name = "slow", .summary = "Waits", .min_arguments = 1, .max_arguments = 1},
    {.name = "hang", .summary = "Waits for ever", .id = 1}};

class SlowHandler : public Handler {
 public:
  explicit SlowHandler(Service& service) : service_(service) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    const bool hangs = request.command.id == 1;
    const auto wait = parse_integer(hangs ? "0" : request.arguments[0]).value();
    return offload_reply(
        service_, context, reply,
        [hangs, wait] {
          while (hangs) ::pause();
          std::this_thread::sleep_for(std::chrono::milliseconds(wait));
          return wait;
        },
        [](ReplyWriter& later, std::int64_t waited) { later.integer(waited); });
  }

 private:
  Service& service_;
};

}  // namespace

reactord::HandlerEntry slow_handler() {
  return reactord::handler_entry<SlowHandler>("slow");
}

REACTORD_MODULE(slow_handler());
