// SPDX-License-Identifier: MIT
#include "daemon/dispatch/command_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

#include "daemon/interface/commands/command_set.h"
#include "daemon/interface/commands/synopsis.h"
#include "daemon/reactor/out_of_memory.h"
#include "protocol/words.h"

namespace reactord {

namespace {

constexpr std::size_t kPrefixBytes = sizeof(std::uint64_t);

template <class Word>
std::uint64_t word_at(const char* at) {
  Word word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// A number that tells names of one length apart by their first 8 bytes: in two words that may
/// overlap, since a copy of as many bytes as there are would be a loop.
inline std::uint64_t number_of(std::string_view name) {
  constexpr std::size_t kHalf = sizeof(std::uint32_t);
  const char* const first = name.data();
  if (name.size() >= kPrefixBytes) return word_at<std::uint64_t>(first);
  if (name.size() >= kHalf)
    return word_at<std::uint32_t>(first) | word_at<std::uint32_t>(first + name.size() - kHalf)
                                               << 32;
  std::uint64_t number = 0;
  for (const char byte : name) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

/// Lower-case letters keep their value, upper-case ones take it. Other bytes may fall together with
/// each other, but never with a letter: of names that consist of letters a prefix says all.
inline std::uint64_t prefix_of(std::string_view name) {
  return number_of(name) | 0x2020202020202020u;
}

/// Clients do not choose what is in the table, so nothing is to be gained by collisions.
inline std::size_t hash_of(std::uint64_t prefix, std::size_t length) {
  return static_cast<std::size_t>(((prefix + length) * 0x9e3779b97f4a7c15u) >> 40);
}

bool is_lower_case_letter(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_letters(std::string_view name) {
  return std::all_of(name.begin(), name.end(), is_lower_case_letter);
}

/// As modules of Redis call theirs: "json.get", "ft._list", "get2".
bool is_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return is_lower_case_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

std::unique_ptr<CommandEntry> make_entry(const CommandSpec& spec, Handler& handler,
                                         std::string_view handler_name) {
  auto entry = std::make_unique<CommandEntry>();
  entry->spec = &spec;
  entry->handler = &handler;
  entry->handler_name = handler_name;
  entry->full_name = spec.name;
  entry->is_letters = is_letters(spec.name);
  return entry;
}

constexpr std::string_view kHelp = "help";

/// Answers HELP of one command with subcommands.
class SubcommandHelp final : public Handler {
 public:
  explicit SubcommandHelp(const CommandSpec& command) : command_(command) {}
  [[nodiscard]] std::span<const CommandSpec> commands() const override { return {&command_, 1}; }
  [[nodiscard]] HandlerResult handle(const Request&, ReplyWriter& reply,
                                     HandlerContext& context) override {
    write_subcommand_help(command_, context.allowed_commands(), reply);
    return HandlerResult::replied;
  }

 private:
  const CommandSpec& command_;
};

[[noreturn]] void refuse(std::string_view handler, const CommandSpec& spec,
                         std::string_view problem) {
  throw std::logic_error(
      fmt::format("handler '{}', command '{}': {}", handler, spec.name, problem));
}

/// What a command and a subcommand have in common.
void check(std::string_view handler, const CommandSpec& spec) {
  if (const std::string_view problem = synopsis_problem(spec.synopsis); !problem.empty())
    refuse(handler, spec, fmt::format("synopsis \"{}\": {}", spec.synopsis, problem));
  if (spec.min_arguments > spec.max_arguments)
    refuse(handler, spec, "it has more min_arguments than max_arguments");
}

}  // namespace

struct CommandTable::WithHelp {
  std::string summary;
  std::vector<CommandSpec> subcommands;
  CommandSpec spec;
  std::unique_ptr<Handler> handler;
};

void CommandStats::note_latency(TimePoint arrived, TimePoint now, std::uint64_t requests) noexcept {
  if (!latency && !has_memory_for([this] { latency = std::make_unique<Histogram>(); })) return;
  latency->record(static_cast<std::uint64_t>(std::max(now - arrived, Duration::zero()).count()),
                  requests);
}

void CommandStats::note_traced(std::string_view traceparent,
                               std::chrono::nanoseconds latency_of_it) noexcept {
  using namespace std::chrono;
  (void)has_memory_for([&] {
    if (!traced) traced = std::make_unique<TracedRequest>();
    traced->traceparent = traceparent;
    traced->latency = latency_of_it;
    traced->answered_at = duration<double>(system_clock::now().time_since_epoch()).count();
  });
}

void CommandStats::note_sent(TimePoint arrived, TimePoint now) noexcept {
  note_latency(arrived, now, unsent);
  if (!unsent_trace.empty()) [[unlikely]]
    note_traced(unsent_trace, now - arrived);
  const auto all = (now - arrived) * static_cast<std::int64_t>(unsent);
  waited += std::max<std::chrono::nanoseconds>(all - unsent_time, Duration::zero());
}

CommandTable::CommandTable() {
  static constexpr CommandSpec kUnknown{.name = "(unknown)"};
  unknown_.spec = &kUnknown;
  unknown_.full_name = kUnknown.name;
}

CommandTable::~CommandTable() = default;

/// Null where there are no subcommands, or HELP is declared as one of them.
const CommandTable::WithHelp* CommandTable::add_help(const CommandSpec& spec) {
  const auto is_help = [](const CommandSpec& sub) { return sub.name == kHelp; };
  if (spec.subcommands.empty() || std::ranges::any_of(spec.subcommands, is_help)) return nullptr;
  auto made = std::make_unique<WithHelp>();
  made->summary = fmt::format("Lists the subcommands of {}", upper_case(spec.name));
  made->subcommands.assign(spec.subcommands.begin(), spec.subcommands.end());
  const auto place = std::ranges::upper_bound(made->subcommands, kHelp, {}, &CommandSpec::name);
  made->subcommands.insert(place, CommandSpec{.name = kHelp,
                                              .summary = made->summary,
                                              .command_class = spec.command_class,
                                              .since = spec.since});
  made->spec = spec;
  made->spec.subcommands = made->subcommands;
  made->handler = std::make_unique<SubcommandHelp>(made->spec);
  return with_help_.emplace_back(std::move(made)).get();
}

void CommandTable::add(Handler& handler, std::string_view handler_name) {
  for (const CommandSpec& spec : handler.commands()) {
    if (!is_name(spec.name) && spec.name != CommandSpec::kAnyOther)
      refuse(handler_name, spec, "a name is lower-case letters, digits, '.', '-' and '_'");
    check(handler_name, spec);
    const WithHelp* const helped = add_help(spec);
    auto entry = make_entry(helped ? helped->spec : spec, handler, handler_name);
    for (const CommandSpec& sub : entry->spec->subcommands) {
      check(handler_name, sub);
      if (find_subcommand(*entry, sub.name) != nullptr)
        refuse(handler_name, spec, fmt::format("it has the subcommand '{}' twice", sub.name));
      Handler& answers = helped != nullptr && sub.name == kHelp ? *helped->handler : handler;
      auto child = make_entry(sub, answers, handler_name);
      child->full_name = entry->full_name + "|" + child->full_name;
      child->words = 2;
      entry->subcommands.push_back(std::move(child));
    }
    insert(std::move(entry));
  }
  rebuild_buckets();
}

void CommandTable::insert(std::unique_ptr<CommandEntry> entry) {
  const auto by_name = [](const auto& a, const auto& b) { return a->full_name < b->full_name; };
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), entry, by_name);
  if (at != entries_.end() && (*at)->full_name == entry->full_name)
    refuse(entry->handler_name, *entry->spec,
           fmt::format("the handler '{}' declares it, too", (*at)->handler_name));
  entries_.insert(at, std::move(entry));
}

void CommandTable::rebuild_buckets() {
  buckets_.assign(std::bit_ceil(entries_.size() * 2 + 1), Bucket{});
  bucket_mask_ = buckets_.size() - 1;
  specs_.clear();
  by_number_.clear();
  const auto number = [this](CommandEntry& entry) {
    entry.number = by_number_.size();
    by_number_.push_back(&entry);
  };
  for (const auto& entry : entries_) {
    number(*entry);
    for (const auto& sub : entry->subcommands) number(*sub);
    if (entry->full_name == CommandSpec::kAnyOther) {
      any_other_ = entry.get();
      continue;
    }
    specs_.push_back(entry->spec);
    const std::string_view name = entry->spec->name;
    const Bucket bucket{prefix_of(name), name.size(), entry.get()};
    std::size_t at = hash_of(bucket.prefix, bucket.length);
    while (buckets_[at & bucket_mask_].entry != nullptr) ++at;
    buckets_[at & bucket_mask_] = bucket;
  }
}

CommandEntry* CommandTable::find(std::string_view name) const {
  if (name.size() > kPrefixBytes) return find_long(name);
  return search(name, [name](const CommandEntry& entry) {
    return entry.is_letters || same_word(entry.spec->name, name);
  });
}

CommandEntry* CommandTable::find_long(std::string_view name) const {
  return search(name,
                [name](const CommandEntry& entry) { return same_word(entry.spec->name, name); });
}

/// The first entry of that prefix and length that `is_meant` takes for the one; without one, who
/// answers for all others.
template <class IsMeant>
CommandEntry* CommandTable::search(std::string_view name, IsMeant&& is_meant) const {
  const std::uint64_t prefix = prefix_of(name);
  for (std::size_t at = hash_of(prefix, name.size());; ++at) {
    const Bucket& bucket = buckets_[at & bucket_mask_];
    if (bucket.entry == nullptr) return any_other_;
    if (bucket.prefix == prefix && bucket.length == name.size() && is_meant(*bucket.entry))
      return bucket.entry;
  }
}

CommandEntry* CommandTable::find_subcommand(const CommandEntry& command, std::string_view name) {
  for (const auto& entry : command.subcommands)
    if (same_word(entry->spec->name, name)) return entry.get();
  return nullptr;
}

std::vector<const std::string*> CommandTable::names() const {
  std::vector<const std::string*> names;
  for (const CommandEntry* entry : by_number_) names.push_back(&entry->full_name);
  return names;
}

CommandEntry* CommandTable::first_of(std::string_view handler_name) const {
  for (const auto& entry : entries_)
    if (entry->handler_name == handler_name &&
        entry->spec->name == entry->handler->commands().front().name)
      return entry.get();
  return nullptr;
}

}  // namespace reactord
