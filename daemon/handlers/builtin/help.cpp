// SPDX-License-Identifier: MIT
// HELP: the commands for people, as a table. COMMAND DOCS tells the same to tools.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "daemon/interface/commands/command_set.h"
#include "daemon/interface/handler_entry.h"
#include "protocol/escape.h"
#include "protocol/words.h"

namespace reactord {
namespace {

constexpr CommandSpec kCommands[] = {{.name = "help",
                                      .synopsis = "[command [subcommand]]",
                                      .summary = "Lists the commands, or explains one",
                                      .min_arguments = 0,
                                      .max_arguments = 2}};

/// Two columns; a left side that is too long for its column has a line of its own.
class Table {
 public:
  void add(std::string left, std::string_view right) { rows_.push_back({std::move(left), right}); }

  [[nodiscard]] std::string text() const {
    const std::size_t width = left_width();
    std::string lines;
    for (const Row& row : rows_) {
      const bool is_too_long = row.left.size() > width;
      if (is_too_long) fmt::format_to(std::back_inserter(lines), "{}\n", row.left);
      const std::string_view left = is_too_long ? std::string_view() : row.left;
      fmt::format_to(std::back_inserter(lines), "{:<{}}  {}\n", left, width, row.right);
    }
    return lines;
  }

 private:
  static constexpr std::size_t kMaxLeftWidth = 34;

  struct Row {
    std::string left;
    std::string_view right;
  };

  [[nodiscard]] std::size_t left_width() const {
    std::size_t width = 0;
    for (const Row& row : rows_) {
      if (row.left.size() <= kMaxLeftWidth) width = std::max(width, row.left.size());
    }
    return width;
  }

  std::vector<Row> rows_;
};

/// "CEIL real", "CLIENT LIST [TYPE type]", "CLIENT subcommand"
std::string usage(const CommandRef& command) {
  std::string text = upper_case(command.command->name);
  if (command.subcommand != nullptr) text += ' ' + upper_case(command.subcommand->name);
  const CommandSpec& spec = command.spec();
  std::string_view synopsis = spec.synopsis;
  if (!spec.subcommands.empty()) {
    synopsis = spec.min_arguments == 0 ? "[subcommand]" : "subcommand";
  }
  if (!synopsis.empty()) text.append(" ").append(synopsis);
  return text;
}

class HelpHandler : public Handler {
 public:
  explicit HelpHandler(Service& service) : service_(service) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    const CommandClasses allowed = context.allowed_commands();
    context.charge(std::chrono::microseconds(15));
    if (request.arguments.empty()) {
      reply.text(all_commands(allowed));
      return HandlerResult::replied;
    }
    const CommandRef command = find(request.arguments);
    if (command && is_allowed(command, allowed)) {
      reply.text(one_command(command, allowed));
    } else {
      reply.error(unknown(request.arguments));
    }
    return HandlerResult::replied;
  }

 private:
  [[nodiscard]] CommandRef find(std::span<const std::string_view> words) const {
    return words.size() == 1 ? find_command(service_.commands(), words[0])
                             : find_command(service_.commands(), words[0], words[1]);
  }

  static std::string unknown(std::span<const std::string_view> words) {
    std::string name = escaped(words[0]);
    if (words.size() > 1) name += ' ' + escaped(words[1]);
    return fmt::format("ERR unknown command '{}'. Try HELP.", name);
  }

  [[nodiscard]] std::string all_commands(CommandClasses allowed) const {
    Table table;
    for (const CommandSpec* command : service_.commands()) {
      if (allowed.has(command->command_class))
        table.add(usage({command, nullptr}), command->summary);
    }
    return table.text() + "Type HELP and a command for more about it.\n";
  }

  static std::string one_command(const CommandRef& command, CommandClasses allowed) {
    Table table;
    table.add(usage(command), command.spec().summary);
    for (const CommandSpec& subcommand : command.spec().subcommands) {
      if (!allowed.has(subcommand.command_class)) continue;
      table.add(usage({command.command, &subcommand}), subcommand.summary);
    }
    return table.text();
  }

  Service& service_;
};

}  // namespace

HandlerEntry help_handler() {
  return builtin_entry<HelpHandler>("help");
}

}  // namespace reactord
