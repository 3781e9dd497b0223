// SPDX-License-Identifier: MIT
// CONFIG GET: the settings in force, by patterns over their paths, in slices: patterns and settings
// multiply. There is no CONFIG SET: settings are changed in the file, and a reload applies them.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/interface/commands/glob.h"
#include "daemon/interface/handler_entry.h"

namespace reactord {
namespace {

/// Each is matched against every setting.
constexpr std::size_t kMaxPatterns = 32;

constexpr CommandSpec kSubcommands[] = {
    {.name = "get",
     .synopsis = "pattern ...",
     .summary = "Tells the settings whose path matches a pattern such as limits.*",
     .min_arguments = 1,
     .max_arguments = kMaxPatterns,
     .command_class = CommandClass::introspection},
};

constexpr CommandSpec kCommands[] = {{.name = "config",
                                      .synopsis = "",
                                      .summary = "Tells the settings in force",
                                      .min_arguments = 1,
                                      .max_arguments = CommandSpec::kAnyNumber,
                                      .command_class = CommandClass::introspection,
                                      .subcommands = kSubcommands}};

struct Entry {
  std::string path;
  std::string value;
};

/// What redis-benchmark asks for before it begins; it says that nothing is stored here.
constexpr std::pair<std::string_view, std::string_view> kRedisSettings[] = {{"appendonly", "no"},
                                                                            {"save", ""}};

std::size_t longest_path(const std::vector<Entry>& entries) {
  std::size_t longest = 0;
  for (const Entry& entry : entries) longest = std::max(longest, entry.path.size());
  return longest;
}

/// First the settings are copied, since a reload may come in between; then the patterns are made
/// ready, then the settings matched, a few in each slice; at the end all is written at once.
class SettingsProducer : public ReplyProducer {
 public:
  SettingsProducer(const Service& service, std::vector<std::string> patterns)
      : service_(service), patterns_(std::move(patterns)) {}

  Progress produce(ReplyWriter& reply) override {
    if (entries_.empty()) {
      copy_settings();
    } else if (globs_.size() < patterns_.size()) {
      prepare_some();
    } else if (next_ < entries_.size()) {
      match_some();
    } else {
      write(reply);
      return Progress::done;
    }
    return Progress::more;
  }

 private:
  /// Of nothing but classes, one takes some 20 microseconds.
  static constexpr std::size_t kGlobsPerSlice = 4;
  /// Pairs of a pattern and a setting, each some 50 nanoseconds.
  static constexpr std::size_t kMatchesPerSlice = 1000;

  void copy_settings() {
    for (const auto& [path, value] : kRedisSettings)
      entries_.push_back({std::string(path), std::string(value)});
    for (const Setting& setting : service_.settings())
      entries_.push_back({setting.path, setting.value});
    longest_path_ = longest_path(entries_);
  }

  void prepare_some() {
    const std::size_t end = std::min(globs_.size() + kGlobsPerSlice, patterns_.size());
    while (globs_.size() < end) globs_.emplace_back(patterns_[globs_.size()], longest_path_);
  }

  void match_some() {
    const std::size_t some = std::max<std::size_t>(1, kMatchesPerSlice / globs_.size());
    const std::size_t end = std::min(next_ + some, entries_.size());
    for (; next_ < end; ++next_)
      if (matches_any(entries_[next_].path)) found_.push_back(std::move(entries_[next_]));
  }

  [[nodiscard]] bool matches_any(std::string_view path) const {
    return std::any_of(globs_.begin(), globs_.end(),
                       [path](const Glob& glob) { return glob.matches(path); });
  }

  void write(ReplyWriter& reply) const {
    reply.map(found_.size());
    for (const Entry& entry : found_) {
      reply.bulk(entry.path);
      reply.bulk(entry.value);
    }
  }

  const Service& service_;
  std::vector<std::string> patterns_;
  std::vector<Entry> entries_;
  std::vector<Glob> globs_;
  std::vector<Entry> found_;
  std::size_t longest_path_ = 0;
  std::size_t next_ = 0;
};

class ConfigHandler : public Handler {
 public:
  explicit ConfigHandler(Service& service) : service_(service) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& reply,
                       HandlerContext& context) override {
    return get(request.arguments, reply, context);
  }

 private:
  HandlerResult get(std::span<const std::string_view> patterns, ReplyWriter& reply,
                    HandlerContext& context) const;

  Service& service_;
};

HandlerResult ConfigHandler::get(std::span<const std::string_view> patterns, ReplyWriter& reply,
                                 HandlerContext& context) const {
  std::size_t bytes = 0;
  for (const std::string_view pattern : patterns) bytes += pattern.size();
  if (bytes > Glob::kMaxPatternBytes) {
    reply.error("ERR pattern is too long");
    return HandlerResult::replied;
  }
  context.produce(std::make_unique<SettingsProducer>(
      service_, std::vector<std::string>(patterns.begin(), patterns.end())));
  return HandlerResult::pending;
}

}  // namespace

HandlerEntry config_handler() {
  return builtin_entry<ConfigHandler>("config");
}

}  // namespace reactord
