// SPDX-License-Identifier: MIT
// CONFIG GET: the settings in force, by patterns over their paths. There is no CONFIG SET: settings
// are changed in the file, and a reload applies them.
#include <algorithm>
#include <numeric>

#include "daemon/interface/command_set.h"
#include "daemon/interface/glob.h"
#include "daemon/interface/registry.h"

namespace reactord {
namespace {

enum class Id : std::uint8_t { get, help };

constexpr std::uint8_t id(Id command) {
  return static_cast<std::uint8_t>(command);
}

/// Each is matched against every setting.
constexpr std::size_t kMaxPatterns = 32;

constexpr CommandSpec kSubcommands[] = {
    {.name = "get",
     .synopsis = "pattern ...",
     .summary = "Tells the settings whose path matches a pattern such as limits.*",
     .min_arguments = 1,
     .max_arguments = kMaxPatterns,
     .command_class = CommandClass::introspection,
     .id = id(Id::get)},
    {.name = "help",
     .synopsis = "",
     .summary = "Lists the subcommands of CONFIG",
     .command_class = CommandClass::introspection,
     .id = id(Id::help)},
};

constexpr CommandSpec kCommands[] = {{.name = "config",
                                      .synopsis = "",
                                      .summary = "Tells the settings in force",
                                      .min_arguments = 1,
                                      .max_arguments = CommandSpec::kAnyNumber,
                                      .command_class = CommandClass::introspection,
                                      .subcommands = kSubcommands}};

struct Entry {
  std::string_view path;
  std::string_view value;
};

/// What redis-benchmark asks for before it begins; it says that nothing is stored here.
constexpr Entry kRedisSettings[] = {{"appendonly", "no"}, {"save", ""}};

class ConfigHandler : public Handler {
 public:
  explicit ConfigHandler(Service& service) : service_(service) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    switch (static_cast<Id>(request.command.id)) {
      case Id::get:
        return get(request.arguments, reply);
      case Id::help:
        write_subcommand_help(kCommands[0], context.allowed_commands(), reply);
        return HandlerResult::replied;
    }
    throw_undeclared(request.command);
  }

 private:
  HandlerResult get(std::span<const std::string_view> patterns, ReplyWriter& reply) const;
  [[nodiscard]] std::vector<Entry> entries() const;

  Service& service_;
};

std::vector<Entry> ConfigHandler::entries() const {
  std::vector<Entry> entries(std::begin(kRedisSettings), std::end(kRedisSettings));
  for (const Setting& setting : service_.settings()) {
    entries.push_back({setting.path, setting.value});
  }
  return entries;
}

std::size_t longest_path(const std::vector<Entry>& entries) {
  std::size_t longest = 0;
  for (const Entry& entry : entries) longest = std::max(longest, entry.path.size());
  return longest;
}

HandlerResult ConfigHandler::get(std::span<const std::string_view> patterns,
                                 ReplyWriter& reply) const {
  const std::size_t pattern_bytes = std::accumulate(
      patterns.begin(), patterns.end(), std::size_t{0},
      [](std::size_t sum, std::string_view pattern) { return sum + pattern.size(); });
  if (pattern_bytes > Glob::kMaxPatternBytes) {
    reply.error("ERR pattern is too long");
    return HandlerResult::replied;
  }
  std::vector<Entry> found = entries();
  std::vector<Glob> globs;
  const std::size_t longest = longest_path(found);
  for (const std::string_view pattern : patterns) globs.emplace_back(pattern, longest);
  std::erase_if(found, [&](const Entry& entry) {
    return std::none_of(globs.begin(), globs.end(),
                        [&](const Glob& glob) { return glob.matches(entry.path); });
  });
  reply.map(found.size());
  for (const Entry& entry : found) {
    reply.bulk(entry.path);
    reply.bulk(entry.value);
  }
  return HandlerResult::replied;
}

}  // namespace

HandlerEntry config_handler() {
  return handler_entry<ConfigHandler>("config");
}

}  // namespace reactord
