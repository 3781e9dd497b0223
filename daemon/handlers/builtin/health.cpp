// SPDX-License-Identifier: MIT
// HEALTH: whether a balancer should send clients here. For whoever may ask nothing else, so it
// tells no names.
#include "daemon/interface/handler_entry.h"

namespace reactord {
namespace {

class HealthHandler : public Handler {
 public:
  explicit HealthHandler(Service& service) : service_(service) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request&, ReplyWriter& reply, HandlerContext&) override {
    if (const std::string reason = service_.why_draining(); reason.empty())
      reply.ok();
    else
      reply.simple("DRAINING: " + reason);
    return HandlerResult::replied;
  }

 private:
  static constexpr CommandSpec kCommands[] = {
      {.name = "health", .summary = "Tells balancers OK, or DRAINING and why"}};

  Service& service_;
};

}  // namespace

HandlerEntry health_handler() {
  return builtin_entry<HealthHandler>("health");
}

}  // namespace reactord
