// SPDX-License-Identifier: MIT
// MONITOR: whoever asks sees what is run, a line each, in the form of Redis. A watcher that reads
// too slowly misses lines, and is told how many; nobody waits for it.
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/handlers/builtin/asker.h"
#include "daemon/interface/diagnostics.h"
#include "daemon/interface/handler_entry.h"

namespace reactord {
namespace {

/// As many as an operator and their colleagues need: each costs all others the bytes of every
/// request.
constexpr std::size_t kMaxWatchers = 64;

constexpr CommandSpec kCommands[] = {{.name = "monitor",
                                      .summary = "Shows what is run from now on, until RESET",
                                      .command_class = CommandClass::admin}};

/// One who watches.
class Watcher {
 public:
  explicit Watcher(PushHandle handle) : handle_(std::move(handle)) {}
  /// How many of the lines were left out.
  std::uint64_t tell(std::string_view lines, std::size_t count);

 private:
  PushHandle handle_;
  std::uint64_t left_out_ = 0;  ///< and not told yet
};

using Watchers = std::vector<std::shared_ptr<Watcher>>;

class MonitorHandler : public Handler {
 public:
  explicit MonitorHandler(Service& service) : service_(service) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request&, ReplyWriter& reply, HandlerContext& context) override {
    auto& watching = context.state<Watching>();
    if (watching.watcher == nullptr && watchers_.size() >= kMaxWatchers) {
      reply.error(fmt::format("ERR {} connections watch already", kMaxWatchers));
      return HandlerResult::replied;
    }
    if (watching.watcher == nullptr) begin(watching, context);
    reply.ok();
    return HandlerResult::replied;
  }

  void append_info(std::vector<InfoField>& fields) const override {
    fields.push_back({"monitor_clients", fmt::format("{}", watchers_.size())});
    fields.push_back({"monitor_lines_left_out", fmt::format("{}", left_out_)});
  }

 private:
  /// Goes with its connection, or by RESET.
  struct Watching : ConnectionState {
    ~Watching() override {
      if (watcher != nullptr) handler->end(watcher);
    }
    MonitorHandler* handler = nullptr;
    std::shared_ptr<Watcher> watcher;
  };

  void begin(Watching& watching, HandlerContext& context) {
    watchers_.push_back(std::make_shared<Watcher>(context.subscribe()));
    watching.handler = this;
    watching.watcher = watchers_.back();
    service_.log(HandlerLogLevel::info, "monitor", who_asks(context) + " sees what is run");
    watch();
  }

  void end(const std::shared_ptr<Watcher>& watcher) {
    std::erase(watchers_, watcher);
    watch();
  }

  void watch() {
    service_.diagnostics().watch_requests(
        watchers_.size(),
        [this](std::string_view lines, std::size_t count) { tell(lines, count); });
  }

  /// A push may end its connection, which takes the watcher from the list.
  void tell(std::string_view lines, std::size_t count) {
    const Watchers watchers = watchers_;
    for (const std::shared_ptr<Watcher>& watcher : watchers)
      left_out_ += watcher->tell(lines, count);
  }

  Service& service_;
  Watchers watchers_;
  std::uint64_t left_out_ = 0;
};

std::uint64_t Watcher::tell(std::string_view lines, std::size_t count) {
  const auto write = [&](ReplyWriter& reply) {
    if (left_out_ > 0)
      reply.notice(fmt::format(R"({} [0 reactord] "{} lines were left out: you read too slowly")",
                               lines.substr(0, lines.find(' ')), left_out_));
    for (std::size_t begin = 0; begin < lines.size();) {
      const std::size_t end = lines.find('\n', begin);
      reply.notice(lines.substr(begin, end - begin));
      begin = end + 1;
    }
  };
  switch (handle_.push(write)) {
    case PushResult::queued:
      left_out_ = 0;
      return 0;
    case PushResult::gone:
      return 0;
    case PushResult::dropped:
      break;
  }
  left_out_ += count;
  return count;
}

}  // namespace

HandlerEntry monitor_handler() {
  return builtin_entry<MonitorHandler>("monitor");
}

}  // namespace reactord
