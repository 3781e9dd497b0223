// SPDX-License-Identifier: MIT
// The interface that a handler implements and what it is given. daemon/handlers/README.md shows a
// complete one. Knows the protocol, not the daemon: never a connection, a socket or the loop.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/interface/command_spec.h"
#include "daemon/interface/deferred_reply.h"
#include "daemon/interface/service.h"
#include "daemon/interface/session.h"
#include "protocol/reply_writer.h"

namespace reactord {

/// A request whose command is known, allowed and has an acceptable number of arguments.
/// Everything in it is a view that is valid until handle() returns: copy what must live longer.
struct Request {
  const CommandSpec& command;                   ///< of a subcommand: the subcommand's
  std::span<const std::string_view> words;      ///< all of it: {"CLIENT", "KILL", "ID", "7"}
  std::span<const std::string_view> arguments;  ///< behind the command's words: {"ID", "7"}
};

enum class HandlerResult : std::uint8_t {
  replied,            ///< one reply was written
  pending,            ///< it comes later, by defer() or produce(); nothing was written
  close_after_reply,  ///< one reply was written; the connection ends when it is sent
  quit,               ///< the same, because the client has asked for it
};

/// A long reply written in slices over several turns of the loop, so that it delays nobody.
class ReplyProducer {
 public:
  enum class Progress : std::uint8_t { more, done };
  virtual ~ReplyProducer() = default;
  /// Writes a slice worth at most some 100 microseconds of work.
  virtual Progress produce(ReplyWriter& reply) = 0;
  /// Called once, when the whole reply is the connection's; not if that has gone meanwhile. Whoever
  /// means to end its own connection does so here.
  virtual void after_reply() {}
};

/// A handler's own state of one connection; destroyed with it.
class ConnectionState {
 public:
  virtual ~ConnectionState() = default;
  /// As bytes, for the process that goes on with the connection after a restart (server.survive):
  /// Handler::restore() of this release, of the one before and of the one after must understand
  /// them. Nothing: the connection cannot go on, and is drained.
  [[nodiscard]] virtual std::optional<std::string> save() const { return std::nullopt; }
};

/// What a handler may do besides replying. Valid until handle() returns.
class HandlerContext {
 public:
  virtual ~HandlerContext() = default;

  [[nodiscard]] virtual TimePoint now() const = 0;
  /// The number that CLIENT ID tells.
  [[nodiscard]] virtual std::uint64_t client_id() const = 0;
  /// "127.0.0.1:50000"; formatted at each call.
  [[nodiscard]] virtual std::string peer() const = 0;
  /// It has sent FIN: it will ask no more than it has asked, and may still read.
  [[nodiscard]] virtual bool has_finished_sending() const = 0;
  [[nodiscard]] virtual Session& session() = 0;
  /// What the listener allows: other commands do not exist for this client.
  [[nodiscard]] virtual CommandClasses allowed_commands() const = 0;

  /// One log record under the handler's name, with the peer. `message` is escaped and shortened.
  virtual void log(HandlerLogLevel level, std::string_view message) = 0;

  /// Promises the reply for later; return HandlerResult::pending. `on_gone` is called from the
  /// loop, once, if the connection ends before the promise is kept; `on_finished`, once, if the
  /// client finishes sending meanwhile (FIN), which is no farewell: it may still read. `save` says
  /// what waits, as bytes, for the process that goes on with the connection after a restart
  /// (server.survive), and Handler::resume_reply() promises it anew there. Without it, the restart
  /// waits a second for the reply, and then ends the connection.
  [[nodiscard]] virtual DeferredReply defer(std::function<void()> on_gone = {},
                                            std::function<void()> on_finished = {},
                                            SavePromise save = {}) = 0;
  /// This request costs so much more than a short one: the connection's share of the turn shrinks
  /// by it, so that nobody waits for a pipeline of the costly. For what arguments can multiply.
  virtual void charge(std::chrono::microseconds work) = 0;
  /// The connection's next request waits until this one is answered, though its command overlaps
  /// (CommandSpec::overlaps): back-pressure for a client whose requests pile up.
  virtual void hold_next() = 0;
  /// Lets `producer` write the reply over several turns; return HandlerResult::pending.
  virtual void produce(std::unique_ptr<ReplyProducer> producer) = 0;
  /// Subscribes this connection to what the handler will push.
  [[nodiscard]] virtual PushHandle subscribe() = 0;
  /// Some handler may push to this connection.
  [[nodiscard]] virtual bool is_subscribed() const = 0;

  /// Ends what all handlers keep of this connection (RESET).
  virtual void end_states() = 0;

  /// This handler's state of this connection, default-constructed at the first call.
  template <std::derived_from<ConnectionState> State>
  [[nodiscard]] State& state() {
    std::unique_ptr<ConnectionState>& slot = state_slot();
    if (!slot) slot = std::make_unique<State>();
    return static_cast<State&>(*slot);
  }

 protected:
  [[nodiscard]] virtual std::unique_ptr<ConnectionState>& state_slot() = 0;
};

class Handler {
 public:
  virtual ~Handler() = default;

  /// The commands that it answers. Must not change. A `line` or `raw` listener bound to the handler
  /// sends each line or chunk as the only argument of the first.
  [[nodiscard]] virtual std::span<const CommandSpec> commands() const = 0;

  /// Answers one request: exactly one reply, or pending. An exception costs the client an error
  /// reply.
  [[nodiscard]] virtual HandlerResult handle(const Request& request, ReplyWriter& reply,
                                             HandlerContext& context) = 0;

  /// The daemon is about to serve: all handlers exist, the listening sockets are open, and no
  /// request was read. Called once, in the order of registration; not by --check-config, which
  /// constructs handlers, too: what acts on the world begins here. An exception ends the start, and
  /// is told.
  virtual void start() {}

  /// The daemon begins to stop: what waits for a person or for time is to be answered now, unless
  /// DeferredReply::goes_on(), and what still comes at once. Called again where nobody goes on
  /// after all.
  virtual void stop() {}

  /// A connection goes on in this process, of which an earlier one has saved `state`
  /// (ConnectionState::save()): makes it anew by context.state(), and subscribes again where the
  /// connection was subscribed. No request is served meanwhile: nothing can be replied or promised.
  /// False: it cannot be understood, and the connection is closed.
  [[nodiscard]] virtual bool restore(std::string_view /*state*/, HandlerContext& /*context*/) {
    return false;
  }

  /// An earlier process has promised a reply to a request of `command`, and saved `state` of it
  /// (the `save` of defer()): promises it anew. As with restore(); nothing but defer() is to be
  /// called.
  [[nodiscard]] virtual bool resume_reply(const CommandSpec& /*command*/,
                                          std::string_view /*state*/, HandlerContext& /*context*/) {
    return false;
  }

  /// What INFO's section `handlers` shows of it. A name says whose it is: "relay1_backend2".
  virtual void append_info(std::vector<InfoField>& /*fields*/) const {}

  /// New settings from a reload: the handler's settings struct, as made by its HandlerTableSpec.
  virtual void reload(const void* /*settings*/) {}
};

}  // namespace reactord
