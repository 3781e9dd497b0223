// SPDX-License-Identifier: MIT
#include "daemon/callbacks/handler_tasks.h"

#include <cstring>
#include <string>
#include <utility>

namespace reactord {

namespace {

class PoolTask final : public Task {
 public:
  explicit PoolTask(WorkerPool& workers) : workers_(workers) {}
  ~PoolTask() override { workers_.drop(id_); }
  void set_id(WorkerPool::JobId id) { id_ = id; }

 private:
  WorkerPool& workers_;
  WorkerPool::JobId id_ = 0;  ///< of no job
};

}  // namespace

std::unique_ptr<Task> HandlerTasks::offload(HandlerCall caller, std::function<void()> work,
                                            std::function<void(std::exception_ptr)> done) {
  auto task = std::make_unique<PoolTask>(workers_);
  const std::string handler(caller.handler);
  caller.call = "the end of offloaded work";
  auto guarded = [&guard = guard_, caller = std::move(caller),
                  done = std::move(done)](std::exception_ptr problem) {
    guard.run(caller, [&] { done(std::move(problem)); });
  };
  const WorkerPool::Taken taken = workers_.run(std::move(work), std::move(guarded));
  if (taken.problem)
    events_.record(Event::workers_unavailable,
                   {{"handler", handler}, {"problem", std::strerror(taken.problem.value())}});
  if (taken.id == 0) return nullptr;
  task->set_id(taken.id);
  return task;
}

}  // namespace reactord
