// SPDX-License-Identifier: MIT
#include "pg_connection.h"

#include <array>
#include <exception>
#include <utility>

namespace users {

namespace {

constexpr const char* kStatement = "users_query";

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

/// libpq's texts end with a line end, and may have several.
std::string one_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

/// By statement_timeout: "57014", query_canceled.
bool is_canceled(const PGresult* result) {
  const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return state != nullptr && std::string_view(state) == "57014";
}

}  // namespace

void PgConnection::open(const PgSettings& settings) {
  settings_ = settings;
  const std::string options =
      "-c statement_timeout=" + std::to_string(settings_.query_timeout.count());
  // What stands before dbname is a default, which conninfo may overrule. Kerberos would ask its
  // server within PQconnectPoll(), which must not wait.
  std::array<const char*, 5> names{"gssencmode", "options", "dbname", nullptr, nullptr};
  std::array<const char*, 5> values{"disable", options.c_str(), settings_.conninfo.c_str(), nullptr,
                                    nullptr};
  if (!settings_.address.empty()) {
    names[3] = "hostaddr";
    values[3] = settings_.address.c_str();
  }
  state_ = State::connecting;
  expect_within(settings_.connect_timeout, "no connection in time");
  pg_.reset(PQconnectStartParams(names.data(), values.data(), 1));
  if (pg_ == nullptr) return close("there is no memory for a connection");
  if (PQstatus(pg_.get()) == CONNECTION_BAD) return close(problem());
  watch(false, true);  // as if PQconnectPoll() had said PGRES_POLLING_WRITING
}

/// The socket may be another one after each step: the watch goes before, and a new one comes.
void PgConnection::go_on_connecting() {
  watch_.reset();
  switch (PQconnectPoll(pg_.get())) {
    case PGRES_POLLING_READING:
      return watch(true, false);
    case PGRES_POLLING_WRITING:
      return watch(false, true);
    case PGRES_POLLING_OK:
      return prepare();
    default:
      return close(problem());
  }
}

void PgConnection::prepare() {
  if (PQsetnonblocking(pg_.get(), 1) != 0 ||
      PQsendPrepare(pg_.get(), kStatement, settings_.query.c_str(), 1, nullptr) != 1)
    return close(problem());
  state_ = State::preparing;
  result_ = {};
  watch(true, false);
  if (!flush()) close(problem());
}

void PgConnection::query(const std::string& parameter) {
  const std::array<const char*, 1> values{parameter.c_str()};
  state_ = State::busy;
  result_ = {};
  expect_within(settings_.query_timeout + kGrace, "no answer in time");
  if (PQsendQueryPrepared(pg_.get(), kStatement, 1, values.data(), nullptr, nullptr, 0) != 1 ||
      PQsetSingleRowMode(pg_.get()) != 1 || !flush())
    close(problem());
}

/// False: the connection is lost.
bool PgConnection::flush() {
  const int left = PQflush(pg_.get());
  if (left < 0) return false;
  watch(true, left == 1);
  return true;
}

void PgConnection::on_event() {
  if (state_ == State::connecting) return go_on_connecting();
  if (!flush()) return close(problem());
  if (state_ != State::closed) read();
}

/// Of an idle connection anything readable is its end, or a notice.
void PgConnection::read() {
  if (PQconsumeInput(pg_.get()) != 1) return close(problem());
  if (state_ == State::preparing || state_ == State::busy) return take_results();
  while (PGnotify* notice = PQnotifies(pg_.get())) PQfreemem(notice);
  if (PQstatus(pg_.get()) == CONNECTION_BAD) close(problem());
}

/// Until the null that ends them, and as far as they are there.
void PgConnection::take_results() {
  while (PQisBusy(pg_.get()) == 0) {
    const Result result(PQgetResult(pg_.get()));
    if (result == nullptr) return become_idle();
    switch (PQresultStatus(result.get())) {
      case PGRES_SINGLE_TUPLE:
        take_row(result.get());
        break;
      case PGRES_TUPLES_OK:
      case PGRES_COMMAND_OK:
        if (result_.kind == QueryResult::Kind::failed) result_.kind = QueryResult::Kind::no_row;
        break;
      default:
        result_ = {is_canceled(result.get()) ? QueryResult::Kind::late : QueryResult::Kind::failed,
                   one_line(PQresultErrorMessage(result.get()))};
    }
  }
}

/// Of the first row. The others come one by one, too, and take no memory together.
void PgConnection::take_row(const PGresult* row) {
  if (result_.kind == QueryResult::Kind::row || PQnfields(row) == 0 || PQgetisnull(row, 0, 0) == 1)
    return;
  const auto bytes = static_cast<std::size_t>(PQgetlength(row, 0, 0));
  result_ = {QueryResult::Kind::row, std::string(PQgetvalue(row, 0, 0), bytes)};
}

void PgConnection::become_idle() {
  const bool was_preparing = state_ == State::preparing;
  if (was_preparing && result_.kind == QueryResult::Kind::failed)
    return close("the query cannot be prepared: " + result_.text);
  // An error that ends the session comes as a result first.
  if (PQstatus(pg_.get()) == CONNECTION_BAD) return close(problem());
  deadline_.reset();
  state_ = State::idle;
  if (!was_preparing) owner_.on_result(*this, std::move(result_));
  if (state_ == State::idle) owner_.on_ready(*this);
}

void PgConnection::watch(bool readable, bool writable) {
  const reactord::Interest interest{readable, writable};
  if (watch_ != nullptr) return watch_->set_interest(interest);
  try {
    watch_ =
        service_.watch(PQsocket(pg_.get()), interest, [this](reactord::FdEvent) { on_event(); });
  } catch (const std::exception& error) {
    close(error.what());
  }
}

void PgConnection::expect_within(std::chrono::milliseconds time, const char* what) {
  deadline_ = service_.call_after(time, [this, what] { close(what); });
}

/// PQfinish() says goodbye without waiting for an answer.
void PgConnection::close(const std::string& problem) {
  const bool was_busy = state_ == State::busy;
  state_ = State::closed;
  watch_.reset();
  deadline_.reset();
  pg_.reset();
  if (was_busy) owner_.on_result(*this, {QueryResult::Kind::lost, problem});
  owner_.on_closed(*this, problem);
}

std::string PgConnection::problem() const {
  return one_line(PQerrorMessage(pg_.get()));
}

}  // namespace users
