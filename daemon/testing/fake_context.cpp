// SPDX-License-Identifier: MIT
#include "daemon/testing/fake_context.h"

#include <exception>
#include <string_view>
#include <utility>

#include "daemon/testing/handler_fault.h"

namespace reactord::test {

bool FakePort::complete(std::uint64_t, std::uint64_t promise, const WriteReply& write,
                        std::function<void()> uncertain) noexcept {
  promises.erase(promise);
  ++completed;
  on_uncertain = std::move(uncertain);
  if (!is_gone) run(write, true);
  return !is_gone;
}

void FakePort::abandon(std::uint64_t, std::uint64_t promise) noexcept {
  promises.erase(promise);
  ++abandoned;
}

PushResult FakePort::push(std::uint64_t, const CommandEntry*, const WriteReply& write) noexcept {
  ++pushed;
  if (is_gone) return PushResult::gone;
  if (push_result == PushResult::queued) run(write, false);
  return push_result;
}

void FakePort::run(const WriteReply& write, bool is_reply) {
  const std::string_view call = is_reply ? "the writer of complete()" : "the writer of push()";
  Buffer buffer;
  ReplyWriter writer(buffer, encoding);
  std::string problem;
  try {
    write(writer);
    const auto breach = is_reply ? find_breach(writer) : find_push_breach(writer, buffer.size());
    if (breach) problem = fault_text(*breach, call);
  } catch (const std::exception& error) {
    problem = std::string(call) + " threw: " + error.what();
  }
  if (problem.empty()) written += buffer.view();
  if (fault.empty()) fault = problem;
}

std::string FakeContext::take_output() {
  return std::exchange(port.written, {});
}

void FakeContext::finish_sending() {
  has_finished = true;
  // A copy: whoever is told may keep its promise.
  for (const auto& [number, promise] : std::map(port.promises))
    if (promise.on_finished) promise.on_finished();
}

void FakeContext::leave() {
  port.is_gone = true;
  for (const auto& [number, promise] : std::exchange(port.promises, {}))
    if (promise.on_gone) promise.on_gone();
  end_states();
}

void FakeContext::log(HandlerLogLevel level, std::string_view message) {
  logged.push_back({level, std::string(message)});
}

DeferredReply FakeContext::defer(std::function<void()> gone, std::function<void()> finished,
                                 SavePromise save) {
  has_promised = true;
  port.promises[++last_promise_] = {std::move(gone), std::move(finished), std::move(save)};
  return {port, id, last_promise_};
}

void FakeContext::produce(std::unique_ptr<ReplyProducer> made) {
  producer = std::move(made);
  has_promised = true;
}

}  // namespace reactord::test
