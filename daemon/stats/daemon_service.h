// SPDX-License-Identifier: MIT
// The daemon as handlers see it: implements their Service on the loop, the tables and counters.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/callbacks/handler_tasks.h"
#include "daemon/callbacks/handler_timers.h"
#include "daemon/callbacks/handler_watches.h"
#include "daemon/client_limits/client_limits.h"
#include "daemon/connection/connection_table.h"
#include "daemon/dispatch/command_table.h"
#include "daemon/dispatch/dispatcher.h"
#include "daemon/interface/logins.h"
#include "daemon/interface/service.h"
#include "daemon/log/event_log.h"
#include "daemon/reactor/event_loop.h"
#include "daemon/stats/daemon_diagnostics.h"
#include "daemon/stats/server_control.h"

namespace reactord {

class DaemonService final : public Service {
 public:
  DaemonService(EventLoop& loop, ConnectionTable& connections, const ClientLimits& limits,
                Dispatcher& dispatcher, const CommandTable& commands, EventLog& events,
                WorkerPool& workers, HandlerWatches& watches, Logins& logins,
                const ListenerLatency& latencies, ServerControl& server);

  void set_settings(std::vector<Setting> settings) { settings_ = std::move(settings); }
  /// Nothing: there is no such setting.
  void set_setting(std::string_view path, std::optional<std::string> value);
  /// For INFO: the file that the configuration comes from, or "".
  void set_config_file(std::string path) { config_file_ = std::move(path); }
  /// For INFO's tcp_port: 0 where no listener has one.
  void set_tcp_port(std::uint16_t port) { tcp_port_ = port; }

  void log(HandlerLogLevel level, std::string_view handler, std::string_view message) override;
  [[nodiscard]] TimePoint now() const override { return loop_.now(); }
  [[nodiscard]] std::unique_ptr<Timer> call_after(std::chrono::milliseconds delay,
                                                  std::function<void()> callback) override {
    return timers_.call_after(dispatcher_.caller(), delay, std::move(callback));
  }
  [[nodiscard]] std::unique_ptr<Timer> call_every(std::chrono::milliseconds interval,
                                                  std::function<void()> callback) override {
    return timers_.call_every(dispatcher_.caller(), interval, std::move(callback));
  }
  [[nodiscard]] std::unique_ptr<Task> offload(
      std::function<void()> work, std::function<void(std::exception_ptr)> done) override {
    return tasks_.offload(dispatcher_.caller(), std::move(work), std::move(done));
  }
  [[nodiscard]] std::unique_ptr<Watch> watch(int fd, Interest interest,
                                             std::function<void(FdEvent)> callback) override {
    return watches_.watch(dispatcher_.caller(), fd, interest, std::move(callback));
  }
  void charge(std::chrono::microseconds work) override { loop_.charge(work_units(work)); }
  [[nodiscard]] std::span<const CommandSpec* const> commands() const override {
    return commands_.specs();
  }
  [[nodiscard]] std::span<const Setting> settings() const override { return settings_; }
  [[nodiscard]] std::span<const std::string_view> info_sections() const override;
  void append_info(std::string_view section, std::vector<InfoField>& fields) const override;
  bool next_client(std::uint32_t& cursor, ClientFacts& facts) const override;
  bool find_client(std::uint64_t id, ClientFacts& facts) const override;
  bool kill_client(std::uint64_t id) override;

  [[nodiscard]] Logins& logins() override { return logins_; }
  [[nodiscard]] DaemonDiagnostics& diagnostics() override { return diagnostics_; }
  [[nodiscard]] std::string log_level() const override { return server_.log_level(); }
  [[nodiscard]] std::string set_log_level(std::string_view level, std::string_view who) override {
    return server_.set_log_level(level, who);
  }
  [[nodiscard]] std::int64_t access_sample() const override { return server_.access_sample(); }
  [[nodiscard]] std::string set_access_sample(std::int64_t one_in, std::string_view who) override {
    return server_.set_access_sample(one_in, who);
  }
  [[nodiscard]] std::span<const std::string> log_levels() const override {
    return server_.log_levels();
  }
  [[nodiscard]] std::string set_log_levels(std::vector<std::string> rules,
                                           std::string_view who) override {
    return server_.set_log_levels(std::move(rules), who);
  }
  void reload(std::string_view who, std::function<void(const ReloadOutcome&)> answer) override {
    server_.reload(who, std::move(answer));
  }
  [[nodiscard]] bool is_draining() const override { return server_.is_draining(); }
  void set_draining(bool is_draining, std::string_view who) override {
    server_.set_draining(is_draining, who);
  }
  [[nodiscard]] std::string why_draining() const override { return server_.why_draining(); }
  void pause_clients(std::chrono::milliseconds length, std::string_view who) override {
    server_.pause_clients(length, who);
  }
  void resume_clients(std::string_view who) override { server_.resume_clients(who); }
  [[nodiscard]] std::string hand_over(std::uint64_t client, std::int64_t format,
                                      std::string_view who) override {
    return server_.hand_over(client, format, who);
  }
  void shut_down(std::string_view who) override { server_.shut_down(who); }

 private:
  using Fields = std::vector<InfoField>;
  void append_server(Fields& fields) const;
  void append_clients(Fields& fields) const;
  void append_memory(Fields& fields) const;
  void append_persistence(Fields& fields) const;
  void append_stats(Fields& fields) const;
  void append_limits(Fields& fields) const;
  void append_workers(Fields& fields) const;
  void append_replication(Fields& fields) const;
  void append_cpu(Fields& fields) const;
  void append_command_stats(Fields& fields) const;
  void append_listeners(Fields& fields) const;
  void append_error_stats(Fields& fields) const;
  void append_latency_stats(Fields& fields) const;
  void append_handlers(Fields& fields) const;

  struct Section {
    std::string_view name;
    void (DaemonService::*append)(Fields&) const;
  };
  static const std::array<Section, 14> kSections;

  EventLoop& loop_;
  ConnectionTable& connections_;
  const ClientLimits& limits_;
  Dispatcher& dispatcher_;
  const CommandTable& commands_;
  EventLog& events_;
  WorkerPool& workers_;
  HandlerTimers timers_;
  HandlerTasks tasks_;
  HandlerWatches& watches_;
  Logins& logins_;
  const ListenerLatency& latencies_;
  ServerControl& server_;
  DaemonDiagnostics diagnostics_;
  std::vector<Setting> settings_;
  TimePoint started_;
  std::uint16_t tcp_port_ = 0;
  std::string config_file_;
};

}  // namespace reactord
