// SPDX-License-Identifier: MIT
// CLIENT: what a client says about itself, and a look at the others. The fields, filters and texts
// are those of Redis 7. Walks over all clients are cut into slices.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "daemon/handlers/builtin/client_filter.h"
#include "daemon/handlers/builtin/client_line.h"
#include "daemon/interface/command_rows.h"
#include "daemon/interface/handler_entry.h"
#include "daemon/interface/logins.h"
#include "protocol/escape.h"
#include "protocol/words.h"

namespace reactord {
namespace {

/// Each is looked up: a thousand is a slice of work or two.
constexpr std::size_t kMaxListIds = 1000;

// --- walks

/// Finds the clients that a filter means, a slice at a time.
class ClientWalk {
 public:
  ClientWalk(const Service& service, ClientFilter filter)
      : service_(service), filter_(std::move(filter)) {}

  /// Looks at `clients` more and calls `visit(facts)` for those that match; false once there are no
  /// more.
  template <class Visit>
  [[nodiscard]] bool next_slice(int clients, const Visit& visit) {
    ClientFacts facts;
    for (int i = 0; i < clients; ++i) {
      switch (step(facts)) {
        case Step::end:
          return false;
        case Step::gone:
          continue;
        case Step::client:
          break;
      }
      if (!filter_.matches(facts)) continue;
      visit(facts);
      if (filter_.first_only) return false;
    }
    return true;
  }

 private:
  enum class Step : std::uint8_t { client, gone, end };

  Step step(ClientFacts& facts) {
    if (filter_.ids.empty()) {
      return service_.next_client(cursor_, facts) ? Step::client : Step::end;
    }
    if (next_id_ == filter_.ids.size()) return Step::end;
    return service_.find_client(filter_.ids[next_id_++], facts) ? Step::client : Step::gone;
  }

  const Service& service_;
  ClientFilter filter_;
  std::uint32_t cursor_ = 0;
  std::size_t next_id_ = 0;
};

/// The memory of all lists in the making: a list must be complete before it is sent, because RESP
/// announces its length, and it counts in no connection's buffers until then.
class ListBudget {
 public:
  /// Twenty lists of 10,000 clients.
  static constexpr std::size_t kMaxBytes = 64u << 20;

  [[nodiscard]] bool take(std::size_t bytes) {
    used_bytes_ += bytes;
    return used_bytes_ <= kMaxBytes;
  }
  void give_back(std::size_t bytes) { used_bytes_ -= bytes; }

 private:
  std::size_t used_bytes_ = 0;
};

class ListProducer : public ReplyProducer {
 public:
  ListProducer(const Service& service, ClientFilter filter, std::uint64_t self,
               std::shared_ptr<ListBudget> budget)
      : walk_(service, std::move(filter)), self_(self), budget_(std::move(budget)) {}
  ~ListProducer() override { budget_->give_back(taken_bytes_); }
  ListProducer(const ListProducer&) = delete;
  ListProducer& operator=(const ListProducer&) = delete;

  Progress produce(ReplyWriter& reply) override {
    // A client's facts are gathered and written in some three microseconds.
    constexpr int kClientsPerSlice = 32;
    const bool more = walk_.next_slice(kClientsPerSlice, [this](ClientFacts& client) {
      // Who asks is waiting for nothing but this list.
      if (client.id == self_) client.pending = false;
      append_client(lines_, client);
    });
    const std::size_t grown_bytes = lines_.size() - taken_bytes_;
    taken_bytes_ = lines_.size();
    if (!budget_->take(grown_bytes)) {
      reply.error("ERR too many client lists are being written at once; try again later");
      return Progress::done;
    }
    if (more) return Progress::more;
    reply.text(lines_);
    return Progress::done;
  }

 private:
  ClientWalk walk_;
  std::uint64_t self_;
  std::shared_ptr<ListBudget> budget_;
  std::size_t taken_bytes_ = 0;
  std::string lines_;
};

/// Redis answers CLIENT KILL with a status in its old form, with a count in its new one.
enum class KillReply : std::uint8_t { status, count };

class KillProducer : public ReplyProducer {
 public:
  /// `who` asks, for the log.
  KillProducer(Service& service, ClientFilter filter, std::uint64_t self, KillReply form,
               std::string who)
      : service_(service),
        walk_(service, std::move(filter)),
        self_(self),
        form_(form),
        who_(std::move(who)) {}

  Progress produce(ReplyWriter& reply) override {
    // Last words and a FIN take the kernel some eight microseconds.
    constexpr int kClientsPerSlice = 10;
    if (walk_.next_slice(kClientsPerSlice,
                         [this](const ClientFacts& client) { kill(client.id); })) {
      return Progress::more;
    }
    if (killed_ > 0)
      service_.log(HandlerLogLevel::info, "client",
                   fmt::format("CLIENT KILL by {} closes {} of the clients", who_, killed_));
    write(reply);
    return Progress::done;
  }

  /// Who ends itself still reads the answer.
  void after_reply() noexcept override {
    if (kill_self_) service_.kill_client(self_);
  }

 private:
  void kill(std::uint64_t client) {
    if (client == self_) {
      kill_self_ = true;
      ++killed_;
    } else if (service_.kill_client(client)) {
      ++killed_;
    }
  }

  void write(ReplyWriter& reply) const {
    switch (form_) {
      case KillReply::count:
        return reply.integer(killed_);
      case KillReply::status:
        return killed_ > 0 ? reply.ok() : reply.error("ERR No such client");
    }
  }

  Service& service_;
  ClientWalk walk_;
  std::uint64_t self_;
  KillReply form_;
  std::string who_;
  std::int64_t killed_ = 0;
  bool kill_self_ = false;
};

// --- the handler

constexpr const char* kSyntaxError = "ERR syntax error";

/// Writes the error, if there is one, else OK.
HandlerResult finish(const std::string& problem, ReplyWriter& reply) {
  if (problem.empty()) {
    reply.ok();
  } else {
    reply.error(problem);
  }
  return HandlerResult::replied;
}

/// ON or OFF; none for another word.
std::optional<bool> parse_switch(std::string_view word) {
  if (same_word(word, "ON")) return true;
  if (same_word(word, "OFF")) return false;
  return std::nullopt;
}

class ClientHandler : public Handler {
 public:
  explicit ClientHandler(Service& service) : service_(service) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    return (this->*answer_of(kRows, request))(request, reply, context);
  }

 private:
  HandlerResult get_name(const Request&, ReplyWriter& reply, HandlerContext& context);
  HandlerResult get_id(const Request&, ReplyWriter& reply, HandlerContext& context);
  HandlerResult info(const Request&, ReplyWriter& reply, HandlerContext& context);
  HandlerResult kill(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult list(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult set_no_evict(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult set_no_touch(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult set_reply_mode(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult set_info(const Request& request, ReplyWriter& reply, HandlerContext& context);
  HandlerResult set_name(const Request& request, ReplyWriter& reply, HandlerContext& context);

  static constexpr MethodRow<ClientHandler> kRows[] = {
      {{.name = "getname", .summary = "Returns this connection's name"}, &ClientHandler::get_name},
      {{.name = "id", .summary = "Returns this connection's id"}, &ClientHandler::get_id},
      {{.name = "info", .summary = "Describes this connection in one line"}, &ClientHandler::info},
      {{.name = "kill",
        .synopsis = "[address] [ID id] [TYPE type] [USER name] [ADDR address] [LADDR address] "
                    "[SKIPME YES|NO] [MAXAGE seconds]",
        .summary = "Ends the connection from an address, or all that meet every condition",
        .min_arguments = 1,
        .max_arguments = 16,
        .command_class = CommandClass::admin},
       &ClientHandler::kill},
      {{.name = "list",
        .synopsis = "[TYPE type] [ID id ...]",
        .summary = "Describes the connections, one a line",
        .max_arguments = 1 + kMaxListIds,
        .command_class = CommandClass::introspection},
       &ClientHandler::list},
      {{.name = "no-evict",
        .synopsis = "ON|OFF",
        .summary = "Spares this connection when memory is short",
        .min_arguments = 1,
        .max_arguments = 1},
       &ClientHandler::set_no_evict},
      {{.name = "no-touch",
        .synopsis = "ON|OFF",
        .summary = "For clients that leave keys' age alone",
        .min_arguments = 1,
        .max_arguments = 1},
       &ClientHandler::set_no_touch},
      {{.name = "reply",
        .synopsis = "ON|OFF|SKIP",
        .summary = "Turns this connection's replies on or off, or skips the next",
        .min_arguments = 1,
        .max_arguments = 1},
       &ClientHandler::set_reply_mode},
      {{.name = "setinfo",
        .synopsis = "<LIB-NAME name|LIB-VER version>",
        .summary = "Names the client library and its version",
        .min_arguments = 2,
        .max_arguments = 2},
       &ClientHandler::set_info},
      {{.name = "setname",
        .synopsis = "name",
        .summary = "Names this connection",
        .min_arguments = 1,
        .max_arguments = 1},
       &ClientHandler::set_name},
  };
  static constexpr auto kSubcommands = specs_of(kRows);
  static constexpr CommandSpec kCommands[] = {{.name = "client",
                                               .summary = "Names, describes and ends connections",
                                               .min_arguments = 1,
                                               .max_arguments = CommandSpec::kAnyNumber,
                                               .subcommands = kSubcommands}};

  Service& service_;
  std::shared_ptr<ListBudget> list_budget_ = std::make_shared<ListBudget>();
};

HandlerResult ClientHandler::get_name(const Request&, ReplyWriter& reply, HandlerContext& context) {
  const std::string_view name = context.session().name();
  if (name.empty()) {
    reply.nil();
  } else {
    reply.bulk(name);
  }
  return HandlerResult::replied;
}

HandlerResult ClientHandler::get_id(const Request&, ReplyWriter& reply, HandlerContext& context) {
  reply.integer(static_cast<std::int64_t>(context.client_id()));
  return HandlerResult::replied;
}

HandlerResult ClientHandler::set_name(const Request& request, ReplyWriter& reply,
                                      HandlerContext& context) {
  const std::string_view name = request.arguments[0];
  const std::string problem = label_problem("Client names", name);
  if (problem.empty()) context.session().set_name(name);
  return finish(problem, reply);
}

HandlerResult ClientHandler::set_info(const Request& request, ReplyWriter& reply,
                                      HandlerContext& context) {
  const std::string_view option = request.arguments[0];
  const std::string_view value = request.arguments[1];
  const bool is_name = same_word(option, "LIB-NAME");
  if (!is_name && !same_word(option, "LIB-VER")) {
    return finish(fmt::format("ERR Unrecognized option '{}'", escaped(option)), reply);
  }
  const std::string problem = label_problem(option, value);
  if (!problem.empty()) return finish(problem, reply);
  if (is_name) {
    context.session().set_library_name(value);
  } else {
    context.session().set_library_version(value);
  }
  return finish({}, reply);
}

/// For administrators: strangers who spared themselves would leave nobody else to go.
HandlerResult ClientHandler::set_no_evict(const Request& request, ReplyWriter& reply,
                                          HandlerContext& context) {
  const std::optional<bool> is_on = parse_switch(request.arguments[0]);
  if (!is_on) return finish(kSyntaxError, reply);
  if (*is_on && !context.allowed_commands().has(CommandClass::admin))
    return finish("ERR CLIENT NO-EVICT ON is for administrators: send it to an admin listener",
                  reply);
  context.session().set_no_evict(*is_on);
  return finish({}, reply);
}

HandlerResult ClientHandler::set_no_touch(const Request& request, ReplyWriter& reply,
                                          HandlerContext&) {
  return finish(parse_switch(request.arguments[0]) ? "" : kSyntaxError, reply);
}

HandlerResult ClientHandler::set_reply_mode(const Request& request, ReplyWriter& reply,
                                            HandlerContext& context) {
  const std::string_view mode = request.arguments[0];
  Session& session = context.session();
  if (same_word(mode, "ON")) {
    session.set_reply_mode(ReplyMode::on);
  } else if (same_word(mode, "OFF")) {
    session.set_reply_mode(ReplyMode::off);
  } else if (same_word(mode, "SKIP")) {
    if (session.reply_mode() != ReplyMode::off) session.set_reply_mode(ReplyMode::skip_next);
  } else {
    return finish(kSyntaxError, reply);
  }
  return finish({}, reply);
}

HandlerResult ClientHandler::info(const Request&, ReplyWriter& reply, HandlerContext& context) {
  context.charge(std::chrono::microseconds(5));
  ClientFacts facts;
  std::string line;
  if (service_.find_client(context.client_id(), facts)) append_client(line, facts);
  reply.text(line);
  return HandlerResult::replied;
}

HandlerResult ClientHandler::list(const Request& request, ReplyWriter& reply,
                                  HandlerContext& context) {
  ClientFilter filter;
  context.charge(std::chrono::microseconds(request.arguments.size() / 16));
  const std::string problem = parse_list_filter(request.arguments, filter);
  if (!problem.empty()) return finish(problem, reply);
  context.produce(std::make_unique<ListProducer>(service_, std::move(filter), context.client_id(),
                                                 list_budget_));
  return HandlerResult::pending;
}

HandlerResult ClientHandler::kill(const Request& request, ReplyWriter& reply,
                                  HandlerContext& context) {
  ClientFilter filter;
  const std::uint64_t self = context.client_id();
  const std::string problem = parse_kill_filter(
      request.arguments, {.self = self, .users = service_.logins().names()}, filter);
  if (!problem.empty()) return finish(problem, reply);
  const KillReply form = filter.first_only ? KillReply::status : KillReply::count;
  context.produce(
      std::make_unique<KillProducer>(service_, std::move(filter), self, form,
                                     fmt::format("{} (client {})", context.peer(), self)));
  return HandlerResult::pending;
}

}  // namespace

HandlerEntry client_handler() {
  return builtin_entry<ClientHandler>("client");
}

}  // namespace reactord
