// SPDX-License-Identifier: MIT
// A module, and with one of these defined one that its daemon refuses: TAKES_PING,
// THROWS_WHEN_MADE, THROWS_WHEN_LOADED, THROWS_WHEN_INITIALISED, LACKS_SYMBOL, HAS_NO_HANDLER. With
// LEAVES_A_MARK it makes the file $MARK as soon as any code of it runs.
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "reactord/module.h"

namespace {

using namespace reactord;

#ifdef TAKES_PING
constexpr const char* kName = "ping";
#else
constexpr const char* kName = "greet";
#endif

constexpr CommandSpec kCommands[] = {
    {.name = kName, .synopsis = "[name]", .summary = "Says hello", .max_arguments = 1}};

struct GreetSettings {
  std::string greeting = "hello";
};

class GreetHandler : public Handler {
 public:
  using Settings = GreetSettings;
  static constexpr KeySpec kKeys[] = {
      key<&GreetSettings::greeting>("greeting", "What GREET says first.", Apply::reload)};

  GreetHandler(Service&, const GreetSettings& settings) : settings_(settings) {
#ifdef THROWS_WHEN_MADE
    throw std::runtime_error("made on purpose");
#endif
  }

  std::span<const CommandSpec> commands() const override {
    return kCommands;
  }

  HandlerResult handle(const Request& request, ReplyWriter& reply, HandlerContext&) override {
    const std::string_view name = request.arguments.empty() ? "stranger" : request.arguments[0];
    reply.bulk(fmt::format("{}, {}", settings_.greeting, name));
    return HandlerResult::replied;
  }

  void reload(const void* settings) override {
    settings_ = *static_cast<const GreetSettings*>(settings);
  }

 private:
  GreetSettings settings_;
};

#ifdef THROWS_WHEN_LOADED
[[maybe_unused]] HandlerEntry greet() {
  throw std::runtime_error("loaded on purpose");
}
#else
[[maybe_unused]] HandlerEntry greet() {
  return handler_entry<GreetHandler>("greet");
}
#endif

}  // namespace

#ifdef LACKS_SYMBOL
int nobody_has_this();
int used = nobody_has_this();
#endif

#ifdef THROWS_WHEN_INITIALISED
int initialised = []() -> int { throw std::runtime_error("initialised on purpose"); }();
#endif

#ifdef LEAVES_A_MARK
const std::ofstream mark(std::getenv("MARK"));
#endif

#ifdef HAS_NO_HANDLER
REACTORD_MODULE();
#else
REACTORD_MODULE(greet());
#endif
