// SPDX-License-Identifier: MIT
// One connection to PostgreSQL, which never waits: libpq's asynchronous interface (libpq, chapter
// "Asynchronous Command Processing"), driven by Service::watch().
//
//   closed -> connecting -> preparing -> idle <-> busy
//     ^____________|____________|__________|________|   a failure, or a deadline
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "reactord/service.h"

namespace users {

/// What one query has come to.
struct QueryResult {
  enum class Kind { row, no_row, failed, late, lost };
  Kind kind = Kind::failed;
  std::string text;  ///< the first column of the first row, or what is wrong
};

struct PgSettings {
  std::string conninfo;
  std::string address;  ///< of the host that conninfo names, where it is one to be looked up; or ""
  std::string query;    ///< with one parameter, $1
  std::chrono::milliseconds connect_timeout{3000};
  std::chrono::milliseconds query_timeout{1000};
};

class PgConnection {
 public:
  /// Of what happens; from the loop. Each may start the next query, and none destroys the
  /// connection.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_ready(PgConnection& connection) = 0;  ///< idle, for the first time or again
    virtual void on_result(PgConnection& connection, QueryResult result) = 0;
    virtual void on_closed(PgConnection& connection, const std::string& problem) = 0;
  };

  PgConnection(reactord::Service& service, Owner& owner) : service_(service), owner_(owner) {}

  enum class State { closed, connecting, preparing, idle, busy };
  [[nodiscard]] State state() const { return state_; }

  void open(const PgSettings& settings);
  /// Only where it is idle. The answer is on_result(), whatever happens.
  void query(const std::string& parameter);

 private:
  /// The server ends a query at query_timeout itself (statement_timeout). One that does not answer
  /// even so much later hangs, or is out of reach.
  static constexpr std::chrono::milliseconds kGrace{500};

  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  void on_event();
  void go_on_connecting();
  void prepare();
  void read();
  void take_results();
  void take_row(const PGresult* row);
  [[nodiscard]] bool flush();
  void watch(bool readable, bool writable);
  void become_idle();
  void expect_within(std::chrono::milliseconds time, const char* what);
  void close(const std::string& problem);
  [[nodiscard]] std::string problem() const;

  reactord::Service& service_;
  Owner& owner_;
  PgSettings settings_;
  State state_ = State::closed;
  std::unique_ptr<PGconn, Finish> pg_;
  std::unique_ptr<reactord::Watch> watch_;  ///< goes before pg_ closes what it watches
  std::unique_ptr<reactord::Timer> deadline_;
  QueryResult result_;
};

}  // namespace users
