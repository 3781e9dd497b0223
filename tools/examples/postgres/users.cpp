// SPDX-License-Identifier: MIT
// USER id: the name of a user, from PostgreSQL, without ever holding up the loop.
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "pg_pool.h"
#include "reactord/module.h"
#include "reactord/words.h"

namespace users {
namespace {

using namespace reactord;
using namespace std::chrono_literals;

struct UsersSettings {
  std::string conninfo = "dbname=users";
  std::string query = "SELECT name FROM users WHERE id = $1";
  std::int64_t connections = 4;
  std::int64_t max_requests = 200;
  std::chrono::milliseconds query_timeout{1000};
  std::chrono::milliseconds connect_timeout{3000};
};

PgSettings pg_settings(const UsersSettings& settings) {
  return {.conninfo = settings.conninfo,
          .address = {},
          .query = settings.query,
          .connect_timeout = settings.connect_timeout,
          .query_timeout = settings.query_timeout};
}

PgPool::Limits limits(const UsersSettings& settings) {
  return {.connections = static_cast<std::size_t>(settings.connections),
          .requests = static_cast<std::size_t>(settings.max_requests)};
}

class UsersHandler : public Handler {
 public:
  using Settings = UsersSettings;
  static constexpr KeySpec kKeys[] = {
      key<&UsersSettings::conninfo>("conninfo",
                                    "Where the database is, as libpq writes it. One host.",
                                    Apply::restart, {.least = 1, .most = 4096}),
      key<&UsersSettings::query>("query", "Of one parameter, $1; its first column is returned.",
                                 Apply::restart, {.least = 1, .most = 4096}),
      key<&UsersSettings::connections>("connections", "To the database. From 1 to 64.",
                                       Apply::restart, {.least = 1, .most = 64}),
      key<&UsersSettings::max_requests>("max_requests", "At one time. From 1 to 10000.",
                                        Apply::reload, {.least = 1, .most = 10'000}),
      key<&UsersSettings::query_timeout>("query_timeout", "From 10ms to 1m.", Apply::restart,
                                         duration_range(10ms, 1min)),
      key<&UsersSettings::connect_timeout>("connect_timeout", "From 10ms to 1m.", Apply::restart,
                                           duration_range(10ms, 1min))};

  UsersHandler(Service& service, const UsersSettings& settings)
      : pool_(service, pg_settings(settings), limits(settings)) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  void start() override { pool_.start(); }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    if (request.command.id == kStatus) return status(reply);
    const std::optional<std::int64_t> id = parse_integer(request.arguments[0]);
    const std::string refusal = id ? pool_.refusal() : "ERR a user's id is an integer";
    if (!refusal.empty()) {
      reply.error(refusal);
      return HandlerResult::replied;
    }
    const PgPool::RequestId request_id = pool_.next_id();
    pool_.ask(std::to_string(*id), context.defer([this, request_id] { pool_.forget(request_id); }));
    return HandlerResult::pending;
  }

  void reload(const void* settings) override {
    pool_.set_most_requests(limits(*static_cast<const UsersSettings*>(settings)).requests);
  }

 private:
  enum Command : std::uint8_t { kUser, kStatus };
  static constexpr CommandSpec kCommands[] = {
      {.name = "user",
       .synopsis = "id",
       .summary = "The user's name, or nil",
       .min_arguments = 1,
       .max_arguments = 1,
       .id = kUser},
      {.name = "userstatus",
       .summary = "Of the connections to the database, and who waits",
       .command_class = CommandClass::introspection,
       .id = kStatus},
  };

  HandlerResult status(ReplyWriter& reply) {
    const PgPool::Status status = pool_.status();
    const std::pair<const char*, std::size_t> fields[] = {
        {"open", status.open},
        {"busy", status.busy},
        {"waiting", status.waiting},
        {"failures", static_cast<std::size_t>(status.failures)}};
    reply.map(std::size(fields));
    for (const auto& [name, value] : fields) {
      reply.bulk(name);
      reply.integer(static_cast<std::int64_t>(value));
    }
    return HandlerResult::replied;
  }

  PgPool pool_;
};

}  // namespace
}  // namespace users

reactord::HandlerEntry users_handler() {
  return reactord::handler_entry<users::UsersHandler>("users");
}

REACTORD_MODULE(users_handler());
