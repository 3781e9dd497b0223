// SPDX-License-Identifier: MIT
// CRASH how [secret]: crashes while it serves, each time in another way.
#include <signal.h>
#include <sys/mman.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "reactord/module.h"
#include "reactord/offload.h"

namespace {

using namespace reactord;

constexpr CommandSpec kCommands[] = {
    {.name = "crash", .summary = "Crashes", .min_arguments = 1, .max_arguments = 20}};

// What the compiler must not see through.
volatile int zero = 0;
int* volatile nowhere = nullptr;

__attribute__((noinline)) int use_up_the_stack(int depth) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(depth);
  return use_up_the_stack(depth + 1) + frame[0];
}

/// A file that has become shorter than what is mapped of it.
int read_behind_a_file() {
  std::FILE* file = std::tmpfile();
  void* page = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, ::fileno(file), 0);
  return *static_cast<volatile int*>(page);
}

int crash(std::string_view how) {
  if (how == "null") return *nowhere;
  if (how == "divide") return 1000 / zero;
  if (how == "illegal") __builtin_trap();
  if (how == "bus") return read_behind_a_file();
  if (how == "stack") return use_up_the_stack(1);
  if (how == "abort") std::abort();
  throw std::runtime_error("no such way");
}

class CrashHandler : public Handler {
 public:
  explicit CrashHandler(Service& service) : service_(service) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    const std::string how(request.arguments[0]);
    if (how == "timer") {
      timer_ = service_.call_after(std::chrono::milliseconds(1), [] { crash("null"); });
      reply.ok();
      return HandlerResult::replied;
    }
    if (!how.starts_with("beside-")) {
      reply.integer(crash(how));
      return HandlerResult::replied;
    }
    return offload_reply(
        service_, context, reply, [how] { return crash(how.substr(7)); },
        [](ReplyWriter& later, int number) { later.integer(number); });
  }

 private:
  Service& service_;
  std::unique_ptr<Timer> timer_;
};

}  // namespace

reactord::HandlerEntry crash_handler() {
  return reactord::handler_entry<CrashHandler>("crash");
}

REACTORD_MODULE(crash_handler());
