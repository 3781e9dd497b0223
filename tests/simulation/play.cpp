// SPDX-License-Identifier: MIT
#include "tests/simulation/play.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>
#include <utility>
#include <vector>

#include "daemon/page/page_html.h"
#include "tests/simulation/clients/client.h"
#include "tests/simulation/model/heap.h"
#include "tests/simulation/model/told_log.h"
#include "tests/simulation/model/turn_checks.h"
#include "tests/simulation/model/verdict.h"
#include "tests/simulation/model/world.h"
#include "tests/simulation/visitors/visitor.h"

namespace simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kConfigPath = "/etc/reactord.toml";
/// Connections that end in one turn, of scripts.
constexpr std::uint64_t kMostOfTurn = 40;
constexpr const char* kLogPath = "/var/log/reactord.log";

/// One simulation.
class Play {
 public:
  Play(const Script& script, std::FILE* trace_text)
      : kernel_(script.seed, seconds(script.boot), trace_text),
        world_(kernel_, script),
        checks_(world_),
        told_(world_),
        pauses_(Random::branch(script.seed, 79)) {
    (void)reactord::page_policy();  // made once, and kept: no process of the daemon's leaves it
                                    // behind
    prepare_files();
    prepare_faults();
    for (const ClientPlan& plan : script.clients) clients_.push_back(make_caller(plan));
    kernel_.on_turn = [this] { checks_.after_turn(); };
    kernel_.threads.on_stuck = [] { fail("rest", "nothing will ever happen any more"); };
    kernel_.on_killed = [this] { note_killed(); };
    world_.on_stop = [this] { each_client(&Caller::note_stop); };
  }

  Played run() {
    kernel_.activate();
    while (!run_process()) begin_next();
    check_end();
    Kernel::deactivate();
    const auto simulated = kernel_.timeline.now() - seconds(world_.script.boot);
    return {kernel_.trace.hash(), std::chrono::duration<double>(simulated).count(), kernel_.turns};
  }

 private:
  std::unique_ptr<Caller> make_caller(const ClientPlan& plan) {
    if (plan.listener == "http") return std::make_unique<Visitor>(world_, plan);
    return std::make_unique<Client>(world_, plan);
  }

  void each_client(void (Caller::*what)()) {
    for (const std::unique_ptr<Caller>& client : clients_) (client.get()->*what)();
  }

  void prepare_files() {
    kernel_.files.make(kConfigPath, S_IFREG | 0644).content = world_.script.config_text();
    kernel_.files.make(kLogPath, S_IFREG | 0640).on_write = [this](std::string_view bytes) {
      kernel_.trace.bytes(world_.now(), "log", bytes);
      told_.take(bytes);
    };
  }

  /// They begin once it serves: a daemon that cannot start says so, and ends.
  void prepare_faults() {
    for (const auto& [name, percent] : world_.script.faults)
      if (find_fault(faults_, name) == nullptr)
        fail("script", "no fault " + name);
      else
        *find_fault(faults_, name) = percent;
  }

  void begin_faults() {
    kernel_.faults = faults_;
    if (faults_.disk_is_full != 0) kernel_.files.write_error = ENOSPC;
  }

  // --- processes ---

  /// From its start to its end; false where the manager starts another one.
  bool run_process() {
    const HeapUse before = heap_of_daemon();
    const DaemonOutcome outcome =
        run_daemon(kConfigPath, world_.daemon,
                   {.on_start = [this] { note_serving(); }, .on_end = [this] { add_counts(); }});
    if (outcome.is_killed) return kernel_.process().end(), false;
    if (outcome.status == 0) check_process_end(before);
    if (outcome.status != 0 && !may_fail_to_start()) fail("start", outcome.problem);
    if (outcome.status != 0) return !is_restarted_;  // Restart=on-failure
    const bool is_told_to_stop = world_.times_told_to_stop > 0;
    return !has_handed_over_ && (is_told_to_stop || !world_.is_restarting());
  }

  void note_serving() {
    if (!is_restarted_) schedule();
    world_.note_serving();
  }

  /// RestartSec=1. What was told meanwhile is told to the next.
  void note_killed() {
    add_counts();
    each_client(&Caller::note_kill);
    world_.note_killed();
    pause_ = seconds(1);
  }

  bool may_fail_to_start() const {
    return world_.has_fault("socket_fails") || world_.has_fault("thread_fails") ||
           world_.has_fault("watch_fails");
  }

  /// A moment later, and not before the manager has read what the one before has told it. A stop
  /// that the process before has not heard of is this one's.
  void begin_next() {
    const Moment then =
        world_.now() + std::exchange(pause_, {}) + milliseconds(pauses_.between(1, 300));
    (void)kernel_.threads.block([] { return false; },
                                std::max(then, kernel_.manager.reads_until()));
    is_restarted_ = true;
    has_handed_over_ = false;
    kernel_.begin_process();
    begin_heap_of_process();
    told_.begin_process();
    if (world_.times_told_to_stop > 0) kernel_.process().signals.raise(SIGTERM);
  }

  void after(std::int64_t pause, std::function<void()> action) {
    kernel_.timeline.after(milliseconds(pause), std::move(action));
  }

  void schedule() {
    begin_faults();
    each_client(&Caller::schedule);
    const Script& script = world_.script;
    after(script.heal, [this] { kernel_.heal(); });
    for (const SignalPlan& plan : script.signals)
      after(plan.at, [this, plan] { raise(plan.signal); });
    after(script.stop, [this] { raise(SIGTERM); });
    after(script.stop + 3'600'000, [] { fail("stop", "an hour after SIGTERM it is still there"); });
    if (script.rest == 0) return;
    after(script.rest, [this] { begin_rest(); });
    after(script.rest + 60'000, [this] {
      if (!world_.is_stopping()) checks_.end_rest();
    });
  }

  void raise(int signal) {
    if (signal == SIGTERM) world_.tell_to_stop();
    if (signal == SIGTERM && !world_.told_to_stop_at) world_.told_to_stop_at = world_.now();
    if (signal == SIGUSR2) world_.tell_to_restart();
    if (signal == SIGKILL) return kill();
    kernel_.process().signals.raise(signal);
  }

  /// In the middle of what it does. Whoever was told to stop is not killed: what is in force then
  /// is told by other rules.
  void kill() {
    if (world_.times_told_to_stop == 0) kernel_.kill_after(pauses_.below(60));
  }

  void begin_rest() {
    if (world_.is_stopping()) return;
    each_client(&Caller::check_rest);
    checks_.begin_rest();
  }

  void add_counts() {
    using reactord::Event;
    if (world_.daemon.events == nullptr) return;
    const reactord::EventLog& events = *world_.daemon.events;
    for (std::size_t i = 0; i < reactord::kEvents.size(); ++i)
      if (reactord::kEvents[i].name.starts_with("closed_"))
        ended_ += events.count_of(static_cast<Event>(i));
    connected_ += events.count_of(Event::connected);
    has_handed_over_ = events.count_of(Event::handed_over) > 0;
    const bool has_drain_expired = events.count_of(Event::closed_drain_expired) > 0;
    if (has_drain_expired) world_.has_drain_expired = true;
    if (has_drain_expired && !may_drain_slowly())
      fail("stop", "deadlines.drain has expired, and nobody was slow");
    for (const Event event : {Event::handover_failed, Event::handover_damaged, Event::not_resumed,
                              Event::handover_impossible})
      if (events.count_of(event) > 0 && !world_.may_lose_at_restart())
        fail("hand-over", fmt::format("{}, and no call has failed",
                                      reactord::kEvents[static_cast<std::size_t>(event)].name));
  }

  /// Each connection has ended once, for one reason, in whatever process.
  void check_counts() const {
    const bool may_be_lost = world_.may_lose_at_restart() || world_.has_crashed;
    const bool is_lost = ended_ < connected_ && may_be_lost;
    // A process may be killed when it has told of an end, and not done with it yet.
    const bool is_told_again = world_.has_crashed && ended_ - connected_ <= kMostOfTurn;
    if (ended_ != connected_ && !is_lost && !is_told_again)
      fail("one end, one reason",
           fmt::format("{} connections, and {} ends of them", connected_, ended_));
  }

  /// Somebody keeps the daemon waiting: a slow reader, a person.
  bool may_drain_slowly() const {
    const auto& plans = world_.script.clients;
    return world_.rules.is_text_for_operators || world_.may_be_late() || world_.has_restarted ||
           std::any_of(plans.begin(), plans.end(), [](const ClientPlan& plan) {
             return plan.persona == "slow_reader" || plan.persona == "never_reader" ||
                    plan.persona == "resetter" || plan.persona == "echoer";
           });
  }

  void check_process_end(const HeapUse& before) {
    const HeapUse after = heap_of_daemon();
    if (after.bytes != before.bytes || after.blocks != before.blocks)
      fail("memory", fmt::format("{} bytes in {} blocks are left at the end",
                                 after.bytes - before.bytes, after.blocks - before.blocks));
    const int open = kernel_.process().descriptors.count();
    if (open != 3) fail("descriptors", fmt::format("{} are open at the end", open - 3));
  }

  void check_end() {
    check_counts();
    // What is on its way still arrives.
    (void)kernel_.threads.block([] { return false; }, world_.now() + seconds(120));
    each_client(&Caller::check_end);
    for (const auto& [name, file] : kernel_.manager.stored())
      fail("store", fmt::format("{} is left in it by a daemon that was stopped", name));
  }

  Kernel kernel_;
  World world_;
  TurnChecks checks_;
  ToldLog told_;
  Faults faults_;
  Random pauses_;
  Moment pause_{0};  ///< before the next process begins, at least
  std::vector<std::unique_ptr<Caller>> clients_;
  bool is_restarted_ = false;
  bool has_handed_over_ = false;
  std::uint64_t connected_ = 0;  ///< of all processes
  std::uint64_t ended_ = 0;
};

/// A daemon that hangs, and does not call the kernel, is ended by the real one after so many
/// seconds of processor time, or where it waits for something real, of time.
constexpr rlim_t kMostComputing = 60;
constexpr unsigned kLongestPlay = 1200;

bool is_hung(int signal) {
  return signal == SIGALRM || signal == SIGXCPU || signal == SIGKILL;
}

std::string outcome_text(int status, const std::string& output) {
  if (WIFSIGNALED(status))
    return fmt::format("crash: {}: {:.300}",
                       is_hung(WTERMSIG(status)) ? "it hangs" : ::strsignal(WTERMSIG(status)),
                       output);
  const std::size_t at = output.find("FAILED ");
  if (at == std::string::npos) return fmt::format("crash: status {}: {:.300}", status, output);
  return output.substr(at + 7, output.find('\n', at) - at - 7);
}

}  // namespace

Played play(const Script& script, std::FILE* trace_text) {
  // Left to the end of the process: what is on its way refers to much of it.
  auto* play = new Play(script, trace_text);
  return play->run();
}

PlayedApart play_apart(const Script& script) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return {};
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::alarm(kLongestPlay);
    const rlimit computing{kMostComputing, kMostComputing};
    (void)::setrlimit(RLIMIT_CPU, &computing);
    const Played played = play(script, nullptr);
    fmt::print("PLAYED {} {} {}\n", played.hash, played.simulated_seconds, played.turns);
    std::fflush(nullptr);
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string output;
  std::array<char, 4096> chunk;
  for (ssize_t n = 0; (n = ::read(ends[0], chunk.data(), chunk.size())) > 0;)
    output.append(chunk.data(), static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  PlayedApart outcome;
  const std::size_t at = output.find("PLAYED ");
  outcome.is_good = status == 0 && at != std::string::npos;
  if (!outcome.is_good) {
    outcome.problem = outcome_text(status, output);
    return outcome;
  }
  Played& played = outcome.played;
  unsigned long long hash = 0;
  unsigned long long turns = 0;
  std::sscanf(output.c_str() + at, "PLAYED %llu %lf %llu", &hash, &played.simulated_seconds,
              &turns);
  played.hash = hash;
  played.turns = turns;
  return outcome;
}

}  // namespace simulation
