// SPDX-License-Identifier: MIT
// A few connections to one database, and who waits for one of them. Everything is bounded: the
// connections, those who wait, and how long. One connects at a time; after a failure, the next
// attempt waits (backoff.h). While the database cannot be reached nobody waits for it: they are
// told.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "backoff.h"
#include "pg_connection.h"
#include "reactord/deferred_reply.h"
#include "reactord/service.h"

namespace users {

class PgPool final : PgConnection::Owner {
 public:
  struct Limits {
    std::size_t connections = 4;
    std::size_t requests = 200;  ///< waiting and being answered
  };

  PgPool(reactord::Service& service, PgSettings settings, Limits limits);

  void start() { connect_next(); }
  void set_most_requests(std::size_t requests) { limits_.requests = requests; }

  /// Why there would be no use in asking: an error reply; or "".
  [[nodiscard]] std::string refusal() const;
  using RequestId = std::uint64_t;
  /// Of the next request.
  [[nodiscard]] RequestId next_id() const { return last_id_ + 1; }
  /// Answers `reply` in query_timeout at the latest.
  void ask(std::string parameter, reactord::DeferredReply reply);
  /// Whoever asked has gone. What the database still says to it is thrown away.
  void forget(RequestId id) { (void)take(id); }

  struct Status {
    std::size_t open = 0;
    std::size_t busy = 0;
    std::size_t waiting = 0;
    int failures = 0;  ///< attempts to connect since the last success
  };
  [[nodiscard]] Status status() const;

 private:
  /// After so many attempts that failed, one after the other, nobody waits for the next.
  static constexpr int kUnavailable = 3;

  struct Request {
    std::string parameter;
    reactord::DeferredReply reply;
    std::unique_ptr<reactord::Timer> deadline;
  };
  struct Slot {
    std::unique_ptr<PgConnection> connection;
    RequestId id = 0;
    std::optional<Request> request;  ///< none: idle, or nobody waits for the answer any more
  };

  void on_ready(PgConnection& connection) override;
  void on_result(PgConnection& connection, QueryResult result) override;
  void on_closed(PgConnection& connection, const std::string& problem) override;

  void connect_next();
  void connect_in_a_while(const std::string& problem);
  void dispatch();
  [[nodiscard]] Slot& slot_of(const PgConnection& connection);
  [[nodiscard]] std::size_t requests() const;
  [[nodiscard]] bool is_unavailable() const;
  std::optional<Request> take(RequestId id);

  reactord::Service& service_;
  PgSettings settings_;
  Limits limits_;
  std::optional<std::string> host_;  ///< to be looked up before each attempt
  Backoff backoff_;
  RequestId last_id_ = 0;
  std::map<RequestId, Request> waiting_;
  std::deque<Slot> slots_;
  std::unique_ptr<reactord::Timer> retry_;
  std::unique_ptr<reactord::Task> lookup_;
};

}  // namespace users
