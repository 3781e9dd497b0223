// SPDX-License-Identifier: MIT
// COMMAND: tells client libraries and tools which commands there are. Only those that the listener
// allows exist. Shapes are those of Redis 7.
#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "daemon/handlers/builtin/command_docs.h"
#include "daemon/interface/command_rows.h"
#include "daemon/interface/commands/command_set.h"
#include "daemon/interface/commands/glob.h"
#include "daemon/interface/handler_entry.h"
#include "protocol/words.h"

namespace reactord {
namespace {

/// More names than there are commands; each may cost a page of reply.
constexpr std::size_t kMaxNames = 256;

/// What COMMAND LIST may be restricted to.
class ListFilter {
 public:
  enum class Kind : std::uint8_t { none, module_name, category, pattern };

  /// Returns the error reply, or "" after reading the arguments of COMMAND LIST.
  std::string parse(std::span<const std::string_view> arguments);

  [[nodiscard]] bool matches(const CommandRef& command) const;
  /// As in Redis, a filtered list shows subcommands too.
  [[nodiscard]] bool shows_subcommands() const { return kind_ != Kind::none; }

 private:
  static constexpr std::size_t kMaxNameBytes = 64;

  Kind kind_ = Kind::none;
  std::string_view category_;
  Glob pattern_{"*", kMaxNameBytes};
};

std::string ListFilter::parse(std::span<const std::string_view> arguments) {
  if (arguments.empty()) return {};
  if (arguments.size() != 3 || !same_word(arguments[0], "FILTERBY")) return "ERR syntax error";
  if (arguments[2].size() > Glob::kMaxPatternBytes) return "ERR pattern is too long";
  if (same_word(arguments[1], "MODULE")) {
    kind_ = Kind::module_name;
  } else if (same_word(arguments[1], "ACLCAT")) {
    kind_ = Kind::category;
    category_ = arguments[2];
  } else if (same_word(arguments[1], "PATTERN")) {
    kind_ = Kind::pattern;
    pattern_ = Glob(arguments[2], kMaxNameBytes);
  } else {
    return "ERR syntax error";
  }
  return {};
}

bool ListFilter::matches(const CommandRef& command) const {
  switch (kind_) {
    case Kind::none:
      return true;
    case Kind::module_name:  // there are no modules
      return false;
    case Kind::category: {
      const auto categories = categories_of(command.spec().command_class);
      return std::any_of(categories.begin(), categories.end(), [this](std::string_view category) {
        return same_word(category.substr(1), category_);
      });
    }
    case Kind::pattern:
      return pattern_.matches(command.full_name());
  }
  return false;
}

/// Writes an entry for each of a list of commands, a few a turn.
class EntryProducer : public ReplyProducer {
 public:
  EntryProducer(std::vector<CommandRef> commands, CommandClasses allowed)
      : commands_(std::move(commands)), allowed_(allowed) {}

  Progress produce(ReplyWriter& reply) final {
    // The longest entry, that of CLIENT, is written in some 20 microseconds.
    constexpr std::size_t kEntriesPerSlice = 4;
    if (next_ == 0) write_header(commands_.size(), reply);
    const std::size_t end = std::min(next_ + kEntriesPerSlice, commands_.size());
    for (; next_ < end; ++next_) write_entry(commands_[next_], allowed_, reply);
    return next_ == commands_.size() ? Progress::done : Progress::more;
  }

 private:
  virtual void write_header(std::size_t entries, ReplyWriter& reply) = 0;
  virtual void write_entry(const CommandRef& command, CommandClasses allowed,
                           ReplyWriter& reply) = 0;

  std::vector<CommandRef> commands_;
  CommandClasses allowed_;
  std::size_t next_ = 0;
};

class CommandInfoProducer : public EntryProducer {
 public:
  using EntryProducer::EntryProducer;

 private:
  void write_header(std::size_t entries, ReplyWriter& reply) override { reply.array(entries); }
  void write_entry(const CommandRef& command, CommandClasses allowed, ReplyWriter& reply) override {
    if (command) {
      write_command_info(command, allowed, reply);
    } else {
      reply.nil();
    }
  }
};

class DocsProducer : public EntryProducer {
 public:
  using EntryProducer::EntryProducer;

 private:
  void write_header(std::size_t entries, ReplyWriter& reply) override { reply.map(entries); }
  void write_entry(const CommandRef& command, CommandClasses allowed, ReplyWriter& reply) override {
    write_command_docs(command, allowed, reply);
  }
};

class CommandHandler : public Handler {
 public:
  explicit CommandHandler(Service& service) : service_(service) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    // Each name is looked up; a pattern of classes is made ready in some 20 microseconds.
    context.charge(std::chrono::microseconds(20 + request.arguments.size()));
    return (this->*answer_of(kRows, request))(request, reply, context);
  }

 private:
  HandlerResult count(const Request&, ReplyWriter& reply, HandlerContext& context);
  HandlerResult docs(const Request& request, ReplyWriter&, HandlerContext& context);
  HandlerResult info(const Request& request, ReplyWriter&, HandlerContext& context);
  HandlerResult list(const Request& request, ReplyWriter& reply, HandlerContext& context);

  [[nodiscard]] std::vector<CommandRef> all(CommandClasses allowed) const;
  [[nodiscard]] std::vector<CommandRef> named(const Request& request, CommandClasses allowed) const;
  [[nodiscard]] std::vector<CommandRef> known(const Request& request, CommandClasses allowed) const;

  /// The command by itself, as COMMAND INFO without a name, and then its subcommands.
  static constexpr MethodRow<CommandHandler> kRows[] = {
      {{.name = "command"}, &CommandHandler::info},
      {{.name = "count", .summary = "Counts the commands"}, &CommandHandler::count},
      {{.name = "docs",
        .synopsis = "[command ...]",
        .summary = "Documents commands for tools",
        .max_arguments = kMaxNames},
       &CommandHandler::docs},
      {{.name = "info",
        .synopsis = "[command ...]",
        .summary = "Describes commands for client libraries",
        .max_arguments = kMaxNames},
       &CommandHandler::info},
      {{.name = "list",
        .synopsis = "[FILTERBY <MODULE name|ACLCAT category|PATTERN pattern>]",
        .summary = "Lists the commands' names",
        .max_arguments = 3},
       &CommandHandler::list},
  };
  static constexpr auto kSpecs = specs_of(kRows);
  static constexpr std::span<const CommandSpec> kSubcommands =
      std::span(kSpecs).template subspan<1>();
  static constexpr CommandSpec kCommands[] = {
      {.name = "command",
       .summary = "Describes the commands for client libraries",
       .max_arguments = CommandSpec::kAnyNumber,
       .subcommands = kSubcommands}};

  Service& service_;
};

HandlerResult CommandHandler::count(const Request&, ReplyWriter& reply, HandlerContext& context) {
  reply.integer(static_cast<std::int64_t>(all(context.allowed_commands()).size()));
  return HandlerResult::replied;
}

HandlerResult CommandHandler::docs(const Request& request, ReplyWriter&, HandlerContext& context) {
  const CommandClasses allowed = context.allowed_commands();
  context.produce(std::make_unique<DocsProducer>(known(request, allowed), allowed));
  return HandlerResult::pending;
}

HandlerResult CommandHandler::info(const Request& request, ReplyWriter&, HandlerContext& context) {
  const CommandClasses allowed = context.allowed_commands();
  context.produce(std::make_unique<CommandInfoProducer>(named(request, allowed), allowed));
  return HandlerResult::pending;
}

std::vector<CommandRef> CommandHandler::all(CommandClasses allowed) const {
  std::vector<CommandRef> commands;
  for (const CommandSpec* command : service_.commands()) {
    if (allowed.has(command->command_class)) commands.push_back({command, nullptr});
  }
  return commands;
}

/// One for each name, empty where there is no such command; all for no name.
std::vector<CommandRef> CommandHandler::named(const Request& request,
                                              CommandClasses allowed) const {
  if (request.arguments.empty()) return all(allowed);
  std::vector<CommandRef> commands;
  for (const std::string_view name : request.arguments) {
    const CommandRef command = find_by_full_name(service_.commands(), name);
    commands.push_back(command && is_allowed(command, allowed) ? command : CommandRef());
  }
  return commands;
}

std::vector<CommandRef> CommandHandler::known(const Request& request,
                                              CommandClasses allowed) const {
  std::vector<CommandRef> commands = named(request, allowed);
  std::erase_if(commands, [](const CommandRef& command) { return !command; });
  return commands;
}

HandlerResult CommandHandler::list(const Request& request, ReplyWriter& reply,
                                   HandlerContext& context) {
  const CommandClasses allowed = context.allowed_commands();
  ListFilter filter;
  if (const std::string problem = filter.parse(request.arguments); !problem.empty()) {
    reply.error(problem);
    return HandlerResult::replied;
  }
  std::vector<std::string> names;
  const auto consider = [&](const CommandRef& command) {
    if (is_allowed(command, allowed) && filter.matches(command)) {
      names.push_back(command.full_name());
    }
  };
  for (const CommandRef& command : all(allowed)) {
    consider(command);
    if (!filter.shows_subcommands()) continue;
    for (const CommandSpec& subcommand : command.command->subcommands) {
      consider({command.command, &subcommand});
    }
  }
  reply.array(names.size());
  for (const std::string& name : names) reply.bulk(name);
  return HandlerResult::replied;
}

}  // namespace

HandlerEntry command_handler() {
  return builtin_entry<CommandHandler>("command");
}

}  // namespace reactord
