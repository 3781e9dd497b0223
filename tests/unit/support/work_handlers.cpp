// SPDX-License-Identifier: MIT
#include "tests/unit/support/work_handlers.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "daemon/interface/offload.h"
#include "daemon/reactor/unique_fd.h"

namespace reactord::test {
namespace {

WorkGate* the_gate = nullptr;  // handlers are made by a plain function

/// TESTWORK text passes the gate beside the loop, and then returns the text. TESTFAIL fails at it,
/// TESTDONE throws when it is told. TESTSTARTED: how often start() was called.
class WorkHandler final : public Handler {
 public:
  explicit WorkHandler(Service& service) : service_(service) {}
  [[nodiscard]] std::span<const CommandSpec> commands() const override { return kCommands; }
  void start() override { ++started_; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    switch (static_cast<Command>(request.command.id)) {
      case kWork:
        return work(std::string(request.arguments[0]), false, reply, context);
      case kFail:
        return work("", true, reply, context);
      case kDone:
        lost_ = offload(
            service_, [] { return 1; },
            [](WorkResult<int>&) { throw std::runtime_error("done on purpose"); });
        reply.ok();
        break;
      case kStarted:
        reply.integer(started_);
        break;
    }
    return HandlerResult::replied;
  }

 private:
  enum Command : std::uint8_t { kWork, kFail, kDone, kStarted };
  static constexpr CommandSpec kCommands[] = {
      {.name = "testwork", .min_arguments = 1, .max_arguments = 1, .id = kWork},
      {.name = "testfail", .id = kFail},
      {.name = "testdone", .id = kDone},
      {.name = "teststarted", .id = kStarted},
  };
  struct Waiting {
    std::unique_ptr<Task> task;
    DeferredReply reply;
  };

  HandlerResult work(std::string text, bool fails, ReplyWriter& reply, HandlerContext& context) {
    const int id = ++last_id_;
    auto task = offload(
        service_,
        [text = std::move(text), fails] {
          if (fails) throw std::runtime_error("work on purpose");
          the_gate->pass();
          return text;
        },
        [this, id](WorkResult<std::string>& result) { answer(id, result); });
    if (task == nullptr) {
      reply.error("BUSY too much is at work");
      return HandlerResult::replied;
    }
    waiting_[id] = {std::move(task), context.defer([this, id] { waiting_.erase(id); })};
    return HandlerResult::pending;
  }

  void answer(int id, WorkResult<std::string>& result) {
    auto node = waiting_.extract(id);
    node.mapped().reply.complete([&](ReplyWriter& reply) {
      if (result.ok())
        reply.bulk(result.value());
      else
        reply.error("ERR the work failed");
    });
  }

  Service& service_;
  std::map<int, Waiting> waiting_;
  std::unique_ptr<Task> lost_;
  int last_id_ = 0;
  std::int64_t started_ = 0;
};

/// TESTPIPE text goes through a pipe, whose other end is watched, to TESTREAD, which also says how
/// often the watch was woken after it had asked twice. TESTCROWD watches 100 that are always
/// readable.
class PipeHandler final : public Handler {
 public:
  explicit PipeHandler(Service& service) : service_(service) {}
  [[nodiscard]] std::span<const CommandSpec> commands() const override { return kCommands; }

  void start() override {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::system_error(errno, std::system_category(), "pipe");
    out_.reset(ends[0]);
    in_.reset(ends[1]);
    watch_ = service_.watch(out_.get(), {.readable = true}, [this](FdEvent event) { on(event); });
    tick_ = service_.call_every(std::chrono::milliseconds(1), [this] { ++ticks_; });
  }

  HandlerResult handle(const Request& request, ReplyWriter& reply, HandlerContext&) override {
    if (request.command.id == kWrite) {
      const std::string_view text = request.arguments[0];
      if (::write(in_.get(), text.data(), text.size()) < 0) throw std::runtime_error("write");
      reply.ok();
    } else if (request.command.id == kTicks) {
      reply.integer(ticks_);
    } else if (request.command.id == kCrowd) {
      for (int i = 0; i < 100; ++i) {
        UniqueFd fd(::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
        crowd_.push_back(service_.watch(fd.get(), {}, [](FdEvent) {}));
        crowd_fds_.push_back(std::move(fd));
      }
      reply.ok();
    } else {
      reply.bulk(received_ + " " + std::to_string(woken_));
    }
    return HandlerResult::replied;
  }

 private:
  enum Command : std::uint8_t { kWrite, kRead, kTicks, kCrowd };
  static constexpr CommandSpec kCommands[] = {
      {.name = "testpipe", .min_arguments = 1, .max_arguments = 1, .id = kWrite},
      {.name = "testread", .id = kRead},
      {.name = "testticks", .id = kTicks},
      {.name = "testcrowd", .id = kCrowd},
  };

  void on(FdEvent event) {
    if (event.woken) ++woken_;
    if (!event.readable) return;
    char byte = 0;  // one at a time: the rest is told again
    if (::read(out_.get(), &byte, 1) == 1) received_ += byte;
    if (byte != '!') return;
    watch_->wake();
    watch_->wake();
    throw std::runtime_error("watch on purpose");
  }

  Service& service_;
  UniqueFd out_;
  UniqueFd in_;
  std::unique_ptr<Watch> watch_;
  std::unique_ptr<Timer> tick_;
  std::string received_;
  int woken_ = 0;
  std::int64_t ticks_ = 0;
  std::vector<UniqueFd> crowd_fds_;
  std::vector<std::unique_ptr<Watch>> crowd_;
};

class BadStart final : public Handler {
 public:
  explicit BadStart(Service&) {}
  [[nodiscard]] std::span<const CommandSpec> commands() const override { return {}; }
  void start() override { throw std::runtime_error("no database"); }
  HandlerResult handle(const Request&, ReplyWriter&, HandlerContext&) override {
    return HandlerResult::replied;
  }
};

}  // namespace

HandlerEntry bad_start_handler() {
  return handler_entry<BadStart>("test-bad-start");
}

std::vector<HandlerEntry> work_handlers(WorkGate& gate) {
  the_gate = &gate;
  std::vector<HandlerEntry> entries(handler_entries().begin(), handler_entries().end());
  entries.push_back(handler_entry<WorkHandler>("test-work"));
  entries.push_back(handler_entry<PipeHandler>("test-pipe"));
  return entries;
}

}  // namespace reactord::test
