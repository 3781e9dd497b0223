// SPDX-License-Identifier: MIT
// The running daemon: puts the parts together, runs the loop, and leads through the life of the
// process: start, reload, drain, stop. Decides nothing about frames, commands or single
// connections.
//
//   start() -> run(): turns of the loop -> SIGTERM: leave -> drain -> stopped
//                      |  SIGHUP: reload        |       |  another signal: stopped at once
//                                               |  another signal: drain at once
//                      |  SIGUSR2: part -> stopped (server_handover.cpp)
//                      |  HANDOVER: part -> drain, or serve on (server_take_over.cpp)
#pragma once

#include <array>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/admission/arrivals.h"
#include "daemon/admission/certificate_watch.h"
#include "daemon/admission/gate.h"
#include "daemon/admission/listener_set.h"
#include "daemon/callbacks/handler_watches.h"
#include "daemon/callbacks/worker_pool.h"
#include "daemon/client_limits/client_limits.h"
#include "daemon/connection/connection_table.h"
#include "daemon/dispatch/command_table.h"
#include "daemon/dispatch/dispatcher.h"
#include "daemon/dump/signal_dump.h"
#include "daemon/handover/inheritance.h"
#include "daemon/handover/take_over.h"
#include "daemon/http/http_site.h"
#include "daemon/interface/handler_entry.h"
#include "daemon/keeping/kept_connections.h"
#include "daemon/limits/descriptor_limit.h"
#include "daemon/limits/heap_trimmer.h"
#include "daemon/limits/memory_limit.h"
#include "daemon/log/event_log.h"
#include "daemon/reactor/event_loop.h"
#include "daemon/reactor/helper_thread.h"
#include "daemon/reactor/signal_watch.h"
#include "daemon/reload/config_source.h"
#include "daemon/reload/reload.h"
#include "daemon/reload/reload_queue.h"
#include "daemon/server/connection_walk.h"
#include "daemon/server/departure.h"
#include "daemon/server/signal_table.h"
#include "daemon/server/systemd_reports.h"
#include "daemon/stats/daemon_service.h"
#include "daemon/stats/served_now.h"
#include "daemon/stats/server_control.h"
#include "daemon/users/users.h"

namespace reactord {

struct Parcel;
struct SavedConnection;

/// What only the parts of a server find wrong with a configuration: std::exception::what() says it.
struct BadConfiguration : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Server final : public EventSink, public ServerControl {
 public:
  /// Throws BadConfiguration, and std::system_error or std::logic_error where the parts cannot be
  /// put together.
  Server(const Clock& clock, EventLog& events, SignalWatch& signals, Config config,
         const ConfigSource& source, std::span<const HandlerEntry> handlers);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() override;

  /// Opens or adopts the listening sockets; false, with an event that says why, if one cannot be
  /// had. Takes over from `predecessor`, if there is one.
  [[nodiscard]] bool start(std::vector<PassedSocket> passed, Predecessor* predecessor = nullptr);
  /// Where it listens, in the order of the configuration.
  [[nodiscard]] std::vector<SocketAddress> addresses() const { return listeners_.addresses(); }
  /// For who looks on: what clients have, at the end of a turn.
  [[nodiscard]] ConnectionTable& connections() { return connections_; }
  /// Serves until a signal says to stop.
  void run();
  /// Offloaded work still hung when run() returned: its threads live on, and the process must end
  /// without waiting for them, and without what its end destroys by itself.
  [[nodiscard]] bool has_left_work() const { return has_left_work_; }

  // --- EventSink ---
  void on_event(Token token, Readiness readiness) noexcept override;
  [[nodiscard]] std::optional<TimePoint> next_deadline() noexcept override;
  void on_deadlines(TimePoint now) noexcept override;
  void on_turn_end() noexcept override;
  void on_slow_turn(Duration took) noexcept override;
  void on_timer_failed() noexcept override { put_off("a timer"); }

  // --- ServerControl ---
  [[nodiscard]] std::string log_level() const override;
  [[nodiscard]] std::string set_log_level(std::string_view level, std::string_view who) override;
  [[nodiscard]] std::int64_t access_sample() const override { return config_.log.access_sample; }
  [[nodiscard]] std::string set_access_sample(std::int64_t one_in, std::string_view who) override;
  [[nodiscard]] std::span<const std::string> log_levels() const override {
    return config_.log.levels;
  }
  [[nodiscard]] std::string set_log_levels(std::vector<std::string> rules,
                                           std::string_view who) override;
  void reload(std::string_view who, ReloadQueue::Answer answer) override;
  [[nodiscard]] bool is_draining() const override {
    return connections_.is_draining() || refuse_timer_ != 0;
  }
  void set_draining(bool is_draining, std::string_view who) override;
  [[nodiscard]] std::string why_draining() const override;
  [[nodiscard]] std::optional<std::int64_t> certificate_days_left() const override {
    return certificates_.days_left();
  }
  void pause_clients(std::chrono::milliseconds length, std::string_view who) override;
  void resume_clients(std::string_view who) override;
  [[nodiscard]] std::chrono::milliseconds pause_left() const override;
  [[nodiscard]] std::string hand_over(std::uint64_t client, std::int64_t format,
                                      std::string_view who) override;
  void shut_down(std::string_view who) override;

 private:
  /// `parting`: connections are about to go to the process that follows.
  enum class Phase : std::uint8_t { serving, leaving, parting, draining, cutting_off, stopped };

  // --- start ---
  [[nodiscard]] std::unique_ptr<Handler> make_handler(const HandlerEntry& entry);
  void make_handlers(std::span<const HandlerEntry> entries);
  [[nodiscard]] std::string start_handlers();

  [[nodiscard]] MetricsSources metrics_sources() const;

  // --- turns ---
  void on_own_event(Token token);
  void end_turn();
  void put_off(std::string_view what) noexcept;

  // --- life ---
  void on_signal(int signal);
  void reload_on_signal(int signal);
  void drain_on_signal(int signal);
  void dump_on_signal(int signal);
  [[nodiscard]] std::unique_ptr<StateDump> begin_dump(std::string_view why);
  void mention_signal(const SignalRule& rule);
  [[nodiscard]] ReloadOutcome finish_reload(const std::string& request, ReloadPlan plan);
  [[nodiscard]] std::string check(const Config& next) const;
  [[nodiscard]] TableSize table_size(const Config& config) const;
  void set_table_size(const Config& config);
  void apply(const Config& config);
  void watch_certificates();
  void warn_of_limits();
  void warn_of_memory();
  void publish_log_level();
  /// Calls a handler outside of a request: it must not end the process by throwing.
  void call_handler(std::size_t index, std::string_view name,
                    const std::function<void(Handler&)>& call) noexcept;
  void refuse_new(const std::string& who);
  void end_pause(const std::string& reason);
  void begin_stop(std::string reason);
  void begin_drain();
  void time_drain();
  void stop_handlers();
  void tell_stopping(const std::string& request) noexcept;
  void end_connections();
  void drain_connections();
  [[nodiscard]] bool is_paused() const { return loop_context_.paused == Paused::clients; }
  void on_drain_expired();
  void cut_off();
  void abort_connections();
  // --- to the process that follows, and from the one before (server_handover.cpp) ---
  void hand_over_on_signal(int signal);
  void try_store();
  [[nodiscard]] static std::string store(Parcel& parcel, std::string_view name);
  [[nodiscard]] static std::string store_for_successor(std::string_view state,
                                                       std::span<const int> fds);
  void begin_handover(const std::string& request);
  void go_on_handing_over();
  void end_handover_waits();
  void hand_over_or_give_up();
  void hand_over();
  [[nodiscard]] std::string deliver(std::string_view state, std::span<const int> fds);
  void give_up_handover(std::string_view problem);
  void call_off_handover();
  [[nodiscard]] static UniqueFd take_parcel(std::vector<PassedSocket>& passed);
  void give_back(const Inheritance& inherited);
  void take_over(Inheritance inherited);
  [[nodiscard]] bool resume(UniqueFd fd, const std::optional<SavedConnection>& saved);
  // --- the same without a service manager in between (server_take_over.cpp) ---
  [[nodiscard]] std::string why_not_all(const Inheritance& inherited) const;
  void begin_take_over(std::uint64_t client, const std::string& request);
  [[nodiscard]] std::string give(std::string_view state, std::span<const int> fds);
  void stay_behind(std::size_t gone);
  void undo_take_over(std::string_view problem);
  // --- beside a process that may crash (server_keeping.cpp) ---
  [[nodiscard]] static UniqueFd take_kept(std::vector<PassedSocket>& passed);
  void go_on_with_kept(const UniqueFd& queue);
  [[nodiscard]] bool end_found(UniqueFd fd, KeptConnection kept);
  void start_keeping();
  void stop_keeping();

  [[nodiscard]] bool is_done() const;
  void return_memory();
  void end_work();

  // --- what is too much for one turn ---
  [[nodiscard]] bool has_chores() const {
    return !is_closed_to_new_ || listeners_.has_leaving() || !walks_.empty() ||
           signal_dump_.has_parts() || kept_.has_more();
  }
  void do_chores();
  void take_in_the_last();

  EventLog& events_;
  SignalWatch& signals_;
  Config config_;
  std::span<const HandlerEntry> handler_entries_;
  std::vector<HandlerTableSpec> handler_tables_;

  DescriptorBudget descriptors_;
  std::optional<MemoryLimit> memory_limit_ = nearest_memory_limit();
  EventLoop loop_;
  ConnectionTable connections_;
  ClientLimits limits_;
  CommandTable commands_;
  Dispatcher dispatcher_;
  LoopContext loop_context_;
  ServedNow served_now_{loop_context_, dispatcher_.guard()};
  WorkerPool workers_;
  HandlerWatches watches_;
  Users users_;
  DaemonService service_;
  ServiceReports reports_;
  HeapTrimmer heap_trimmer_;
  std::vector<std::unique_ptr<Handler>> handlers_;  ///< in the order of handler_entries_
  Gate gate_;
  Arrivals arrivals_;
  double started_at_;  ///< seconds since 1970
  LiveFigures live_;
  Scrapes scrapes_;
  HttpSite http_;
  ListenerSet listeners_;
  Reload reload_;
  HelperThread helper_;  ///< loads configurations and returns memory; ends before what it uses
  ReloadQueue reloads_;
  SignalDump signal_dump_{loop_, helper_, events_};
  Phase phase_ = Phase::serving;
  std::string stop_reason_;               ///< from `leaving` on
  TimerQueue::TimerId refuse_timer_ = 0;  ///< DRAIN ON waits for deadlines.leave
  TimerQueue::TimerId pause_timer_ = 0;   ///< clients are paused until then
  TimePoint pause_ends_;
  CertificateWatch certificates_{events_};
  std::array<TimerQueue::TimerId, 2> certificate_timers_{};
  std::uint64_t mentioned_signals_ = 0;     ///< a bit for each
  TimerQueue::TimerId left_out_timer_ = 0;  ///< while records of the log were left out
  ConnectionWalks walks_{connections_};
  Departure departure_{
      connections_, walks_, loop_context_,
      [this](const Connection& connection) { return !dispatcher_.can_move(connection); },
      [this](const Connection& connection) { return dispatcher_.can_move_waiting(connection); }};
  /// Until whoever is owed a reply has it, or goes without.
  TimerQueue::TimerId settling_timer_ = 0;
  std::unique_ptr<Successor> successor_;  ///< while it is about to take over
  bool is_reload_missed_ = false;         ///< SIGHUP came meanwhile
  KeptConnections kept_{connections_, loop_, events_, loop_context_};
  TimerQueue::TimerId keeping_timer_ = 0;
  bool have_handlers_stopped_ = false;
  bool has_store_ = false;        ///< connections can be left to the process that follows
  bool is_closed_to_new_ = true;  ///< false while the listeners take in who waits at the stop
  bool has_left_work_ = false;
  bool has_long_replies_scheduled_ = false;
  bool has_chores_scheduled_ = false;
};

}  // namespace reactord
