// SPDX-License-Identifier: MIT
// Service::offload() for work that has a result, and for a request that is answered with it.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "daemon/interface/handler.h"
#include "daemon/interface/service.h"

namespace reactord {

/// What work has returned, or thrown.
template <class R>
class WorkResult {
 public:
  explicit WorkResult(std::exception_ptr problem) : problem_(std::move(problem)) {}
  explicit WorkResult(R value) : value_(std::move(value)) {}

  [[nodiscard]] bool ok() const { return value_.has_value(); }
  [[nodiscard]] const std::exception_ptr& problem() const { return problem_; }
  /// Rethrows what the work has thrown.
  [[nodiscard]] R& value() {
    if (problem_) std::rethrow_exception(problem_);
    return *value_;
  }

 private:
  std::exception_ptr problem_;  ///< null: there is a value
  std::optional<R> value_;
};

/// `work()` returns an R, of which `done(WorkResult<R>&)` is told. Both may hold what can only be
/// moved. The rest is as Service::offload() says.
template <class Work, class Done>
[[nodiscard]] std::unique_ptr<Task> offload(Service& service, Work work, Done done) {
  using R = std::invoke_result_t<Work&>;
  static_assert(!std::is_void_v<R>, "work without a result is for Service::offload()");
  struct Job {
    Work work;
    Done done;
    std::optional<R> value = {};
  };
  const auto job = std::make_shared<Job>(Job{std::move(work), std::move(done)});
  return service.offload([job] { job->value.emplace(job->work()); },
                         [job](std::exception_ptr problem) {
                           WorkResult<R> result = problem ? WorkResult<R>(std::move(problem))
                                                          : WorkResult<R>(std::move(*job->value));
                           job->done(result);
                         });
}

/// Answers a request with what `work()` returns: `write(ReplyWriter&, R&)` writes the reply. To be
/// returned from handle(). A client that leaves drops the work; too much of it is the error BUSY;
/// an exception is told as one of handle() is. Copy what work needs of the request.
template <class Work, class Write>
[[nodiscard]] HandlerResult offload_reply(Service& service, HandlerContext& context,
                                          ReplyWriter& reply, Work work, Write write) {
  using R = std::invoke_result_t<Work&>;
  struct Waiting {
    Write write;
    DeferredReply reply = {};
    std::unique_ptr<Task> task = {};
  };
  const auto waiting = std::make_shared<Waiting>(Waiting{std::move(write)});
  waiting->task = offload(service, std::move(work), [waiting](WorkResult<R>& result) {
    waiting->reply.complete([&](ReplyWriter& later) { waiting->write(later, result.value()); });
  });
  if (waiting->task == nullptr) {
    reply.error("BUSY too much is at work: try again in a moment");
    return HandlerResult::replied;
  }
  waiting->reply = context.defer([waiting] { waiting->task.reset(); });
  return HandlerResult::pending;
}

}  // namespace reactord
