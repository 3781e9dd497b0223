// SPDX-License-Identifier: MIT
#include "daemon/dispatch/handler_guard.h"

#include <cxxabi.h>
#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <typeinfo>
#include <utility>

namespace reactord {

namespace {

/// The shortest time between two lines about one handler's faults of one kind: a handler that fails
/// on every request must not fill the log.
constexpr auto kTellInterval = std::chrono::seconds(1);

/// "std::runtime_error" for "St13runtime_error".
std::string type_of_current_exception() {
  const std::type_info* const type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "an exception of a foreign language";
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : type->name();
}

std::string text_of_current_exception() {
  try {
    throw;
  } catch (const std::exception& exception) {
    return exception.what();
  } catch (...) {
    return "it has no text, since it is no std::exception";
  }
}

/// "handle() of client|list"
std::string words_of(const HandlerCall& call) {
  if (call.command.empty()) return std::string(call.call);
  return fmt::format("{} of {}", call.call, call.command);
}

}  // namespace

void HandlerGuard::report_exception(const HandlerCall& call) {
  report(Event::handler_threw, call, {"type", type_of_current_exception()},
         {"problem", text_of_current_exception()});
}

void HandlerGuard::report_breach(const HandlerCall& call, const Breach& breach) {
  report(Event::handler_broke_rules, call, {"did", breach.did},
         {"right", std::string(breach.right)});
}

void HandlerGuard::report_slow(const HandlerCall& call, std::chrono::nanoseconds time,
                               std::uint64_t calls) noexcept {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  (void)has_memory_for([&] {
    const std::string in = calls == 1 ? "" : fmt::format("{} calls in a row, ", calls);
    report(Event::handler_slow, call, {"ms", std::to_string(ms)}, {"calls", in});
  });
}

void HandlerGuard::report(Event event, const HandlerCall& call, EventField what, EventField more) {
  events_.count(event);
  std::uint64_t left_out = 0;
  if (!events_.wants(event) || !is_told(event, call, left_out)) return;
  const std::string repeats =
      left_out == 0 ? "" : fmt::format(" ({} more like this before)", left_out);
  const EventField client =
      call.client == 0 ? EventField{"", ""} : EventField{"client", std::to_string(call.client)};
  const EventField peer = call.peer.empty() ? EventField{"", ""} : EventField{"peer", call.peer};
  events_.log(event, {{"handler", std::string(call.handler)},
                      {"call", words_of(call)},
                      {"command", std::string(call.command), true},
                      std::move(what),
                      std::move(more),
                      {"repeats", repeats},
                      client,
                      peer});
}

bool HandlerGuard::is_told(Event event, const HandlerCall& call, std::uint64_t& left_out) {
  const TimePoint now = clock_.now();
  Recent& recent = recent_[{call.handler, event, call.call}];
  if (recent.told != TimePoint{} && now - recent.told < kTellInterval) {
    ++recent.left_out;
    return false;
  }
  recent.told = now;
  left_out = std::exchange(recent.left_out, 0);
  return true;
}

}  // namespace reactord
