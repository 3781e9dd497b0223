// SPDX-License-Identifier: MIT
// The commands with which a client opens, names, checks and ends its connection. Texts and shapes
// are those of Redis 7, because client libraries match on them.
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <optional>

#include "daemon/interface/commands/command_set.h"
#include "daemon/interface/handler_entry.h"
#include "daemon/interface/logins.h"
#include "protocol/escape.h"
#include "protocol/words.h"

namespace reactord {
namespace {

enum class Id : std::uint8_t { ping, echo, quit, reset, auth, hello, select };

constexpr std::uint8_t id(Id command) {
  return static_cast<std::uint8_t>(command);
}

constexpr CommandSpec kCommands[] = {
    {.name = "ping",
     .synopsis = "[message]",
     .summary = "Answers PONG, or the message",
     .min_arguments = 0,
     .max_arguments = 1,
     .id = id(Id::ping)},
    {.name = "echo",
     .synopsis = "message",
     .summary = "Returns the message",
     .min_arguments = 1,
     .max_arguments = 1,
     .id = id(Id::echo)},
    {.name = "quit",
     .synopsis = "",
     .summary = "Ends the connection once its replies are sent",
     .min_arguments = 0,
     .max_arguments = CommandSpec::kAnyNumber,
     .id = id(Id::quit),
     .in_transaction = InTransaction::at_once},
    {.name = "reset",
     .synopsis = "",
     .summary = "Takes the connection back to how it began",
     .id = id(Id::reset),
     .in_transaction = InTransaction::at_once},
    {.name = "auth",
     .synopsis = "[username] password",
     .summary = "Logs in",
     .min_arguments = 1,
     .max_arguments = 2,
     .id = id(Id::auth),
     .secrets = Secrets::all},
    {.name = "hello",
     .synopsis = "[protover [AUTH username password] [SETNAME clientname]]",
     .summary = "Chooses RESP 2 or 3, and describes the server",
     .min_arguments = 0,
     .max_arguments = 16,
     .id = id(Id::hello),
     .secrets = Secrets::behind_auth},
    {.name = "select",
     .synopsis = "index",
     .summary = "Accepts 0, the only database",
     .min_arguments = 1,
     .max_arguments = 1,
     .id = id(Id::select)},
};

constexpr std::string_view kWrongPass =
    "WRONGPASS invalid username-password pair or user is disabled.";

constexpr std::string_view kBusy = "BUSY too many logins are being checked: try again in a moment";
/// Redis' own.
constexpr std::string_view kHelloNoAuth =
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
    "<proto> "
    "AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol "
    "version at the same time";

/// Writes the reply of a login that was accepted; `session` is the client's.
using AfterLogin = std::function<void(ReplyWriter& reply, Session& session)>;

void write_login(const LoginOutcome& outcome, ReplyWriter& reply, Session& session,
                 const AfterLogin& after) {
  switch (outcome.result) {
    case LoginResult::accepted:
      return after(reply, session);
    case LoginResult::refused:
      return reply.error(kWrongPass);
    case LoginResult::busy:
      return reply.error(kBusy);
    case LoginResult::limited:
      return reply.error(outcome.error);
  }
}

/// One reply, now or later, whatever becomes of it.
HandlerResult log_in(Logins& logins, std::string_view user, std::string_view password,
                     AfterLogin after, ReplyWriter& reply, HandlerContext& context) {
  const auto promise = std::make_shared<DeferredReply>();
  const std::optional<LoginOutcome> outcome = logins.log_in(
      context.client_id(), user, password,
      [promise, after](const LoginOutcome& told, Session& session) {
        promise->complete([&](ReplyWriter& later) { write_login(told, later, session, after); });
      });
  if (!outcome) {
    *promise = context.defer();
    return HandlerResult::pending;
  }
  write_login(*outcome, reply, context.session(), after);
  return HandlerResult::replied;
}

/// Nobody who reads RESP2 expects a push between two replies.
bool would_lose_pushes(const ReplyWriter& reply, int version, const HandlerContext& context) {
  return version == 2 && reply.encoding() == ReplyEncoding::resp3 && context.is_subscribed();
}

void switch_protocol(int version, ReplyWriter& reply, Session& session) {
  session.set_protocol(version);
  // A person at netcat keeps reading plain lines.
  const ReplyEncoding encoding = reply.encoding();
  if (encoding != ReplyEncoding::resp2 && encoding != ReplyEncoding::resp3) return;
  reply.set_encoding(version == 3 ? ReplyEncoding::resp3 : ReplyEncoding::resp2);
}

/// What HELLO asks for; nothing is changed before all of it is known to be good.
struct HelloOptions {
  struct Credentials {
    std::string_view user;
    std::string_view password;
  };
  std::optional<int> protocol;
  std::optional<std::string_view> name;
  std::optional<Credentials> credentials;
};

std::string parse_version(std::string_view text, HelloOptions& options) {
  const std::optional<std::int64_t> version = parse_integer(text);
  if (!version) return "ERR Protocol version is not an integer or out of range";
  if (*version != 2 && *version != 3) return "NOPROTO unsupported protocol version";
  options.protocol = static_cast<int>(*version);
  return {};
}

/// Takes one option and its values off the front of `words`; returns the problem or "".
std::string take_option(std::span<const std::string_view>& words, HelloOptions& options) {
  const std::string_view option = words[0];
  if (same_word(option, "AUTH") && words.size() >= 3) {
    options.credentials = {words[1], words[2]};
    words = words.subspan(3);
    return {};
  }
  if (same_word(option, "SETNAME") && words.size() >= 2) {
    options.name = words[1];
    words = words.subspan(2);
    return label_problem("Client names", *options.name);
  }
  return fmt::format("ERR Syntax error in HELLO option '{}'", escaped(option));
}

std::string parse_hello(std::span<const std::string_view> words, HelloOptions& options) {
  if (words.empty()) return {};
  std::string problem = parse_version(words[0], options);
  words = words.subspan(1);
  while (problem.empty() && !words.empty()) problem = take_option(words, options);
  return problem;
}

class ConnectionHandler : public Handler {
 public:
  explicit ConnectionHandler(Service& service) : service_(service) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    switch (static_cast<Id>(request.command.id)) {
      case Id::ping:
        return ping(request, reply);
      case Id::echo:
        reply.bulk(request.arguments[0]);
        return HandlerResult::replied;
      case Id::quit:
        reply.ok();
        return HandlerResult::quit;
      case Id::reset:
        return reset(reply, context);
      case Id::auth:
        return auth(request, reply, context);
      case Id::hello:
        return hello(request, reply, context);
      case Id::select:
        return select(request, reply);
    }
    throw_undeclared(request.command);
  }

 private:
  static HandlerResult ping(const Request& request, ReplyWriter& reply);
  // Cold: once in a connection's life. Inlined, they would make every PING and ECHO dearer.
  [[gnu::cold, gnu::noinline]] HandlerResult reset(ReplyWriter& reply,
                                                   HandlerContext& context) const;
  [[gnu::cold, gnu::noinline]] HandlerResult auth(const Request& request, ReplyWriter& reply,
                                                  HandlerContext& context) const;
  [[gnu::cold, gnu::noinline]] static HandlerResult select(const Request& request,
                                                           ReplyWriter& reply);
  [[gnu::cold, gnu::noinline]] HandlerResult hello(const Request& request, ReplyWriter& reply,
                                                   HandlerContext& context) const;
  void describe_server(ReplyWriter& reply, int protocol, std::uint64_t client) const;
  [[nodiscard]] std::string redis_version() const;

  Service& service_;
};

HandlerResult ConnectionHandler::ping(const Request& request, ReplyWriter& reply) {
  if (request.arguments.empty()) {
    reply.simple("PONG");
  } else {
    reply.bulk(request.arguments[0]);
  }
  return HandlerResult::replied;
}

HandlerResult ConnectionHandler::reset(ReplyWriter& reply, HandlerContext& context) const {
  context.session().reset();
  context.end_states();
  service_.logins().begin_again(context.client_id());
  switch_protocol(2, reply, context.session());
  reply.simple("RESET");
  return HandlerResult::replied;
}

HandlerResult ConnectionHandler::auth(const Request& request, ReplyWriter& reply,
                                      HandlerContext& context) const {
  const bool has_name = request.arguments.size() == 2;
  if (!has_name && !service_.logins().has_default_password()) {
    reply.error(
        "ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?");
    return HandlerResult::replied;
  }
  return log_in(
      service_.logins(), has_name ? request.arguments[0] : "default", request.arguments.back(),
      [](ReplyWriter& later, Session&) { later.ok(); }, reply, context);
}

HandlerResult ConnectionHandler::select(const Request& request, ReplyWriter& reply) {
  const std::optional<std::int64_t> index = parse_integer(request.arguments[0]);
  if (!index) {
    reply.error("ERR value is not an integer or out of range");
  } else if (*index != 0) {
    reply.error("ERR DB index is out of range");
  } else {
    reply.ok();
  }
  return HandlerResult::replied;
}

HandlerResult ConnectionHandler::hello(const Request& request, ReplyWriter& reply,
                                       HandlerContext& context) const {
  HelloOptions options;
  std::string problem = parse_hello(request.arguments, options);
  if (problem.empty() && options.protocol && would_lose_pushes(reply, *options.protocol, context)) {
    problem =
        "ERR messages are pushed to this connection, which needs RESP3: end that first, or send "
        "RESET";
  }
  if (problem.empty() && !options.credentials && context.session().must_log_in())
    problem = kHelloNoAuth;
  if (!problem.empty()) {
    reply.error(problem);
    return HandlerResult::replied;
  }
  // What it asks for counts once it is known who asks.
  std::optional<std::string> name;
  if (options.name) name = *options.name;
  const auto answer = [this, name, protocol = options.protocol, client = context.client_id()](
                          ReplyWriter& writer, Session& session) {
    if (name) session.set_name(*name);
    if (protocol) switch_protocol(*protocol, writer, session);
    describe_server(writer, session.protocol(), client);
  };
  if (options.credentials)
    return log_in(service_.logins(), options.credentials->user, options.credentials->password,
                  answer, reply, context);
  answer(reply, context.session());
  return HandlerResult::replied;
}

void ConnectionHandler::describe_server(ReplyWriter& reply, int protocol,
                                        std::uint64_t client) const {
  reply.map(7);
  reply.bulk("server");
  reply.bulk("reactord");
  reply.bulk("version");
  reply.bulk(redis_version());
  reply.bulk("proto");
  reply.integer(protocol);
  reply.bulk("id");
  reply.integer(static_cast<std::int64_t>(client));
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.array(0);
}

/// Clients judge by it what a server can do, so it is the one that INFO tells.
std::string ConnectionHandler::redis_version() const {
  std::vector<InfoField> fields;
  service_.append_info("server", fields);
  for (const InfoField& field : fields) {
    if (field.name == "redis_version") return field.value;
  }
  return "0.0.0";
}

}  // namespace

HandlerEntry connection_handler() {
  return builtin_entry<ConnectionHandler>("connection");
}

}  // namespace reactord
