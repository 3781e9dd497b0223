// SPDX-License-Identifier: MIT
#include "daemon/command_table.h"

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace reactord {

namespace {

constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool is_same_name(std::string_view lower_case, std::string_view name) {
  return lower_case.size() == name.size() &&
         std::equal(name.begin(), name.end(), lower_case.begin(),
                    [](char a, char b) { return to_lower(a) == b; });
}

/// FNV-1a over the lower-case name. Clients do not choose what is in the table, so nothing is to be
/// gained by collisions; the cost is bounded by kMaxNameBytes.
constexpr std::size_t kMaxNameBytes = 64;
std::size_t hash_of(std::string_view name) {
  std::uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<std::uint8_t>(to_lower(c))) * 16777619u;
  return hash;
}

std::unique_ptr<CommandEntry> make_entry(const CommandSpec& spec, Handler& handler,
                                         std::string_view handler_name) {
  auto entry = std::make_unique<CommandEntry>();
  entry->spec = &spec;
  entry->handler = &handler;
  entry->handler_name = handler_name;
  entry->full_name = spec.name;
  return entry;
}

}  // namespace

void CommandTable::add(Handler& handler, std::string_view handler_name) {
  for (const CommandSpec& spec : handler.commands()) {
    auto entry = make_entry(spec, handler, handler_name);
    for (const CommandSpec& sub : spec.subcommands) {
      auto child = make_entry(sub, handler, handler_name);
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
    throw std::logic_error("two handlers declare the command " + entry->full_name);
  entries_.insert(at, std::move(entry));
}

void CommandTable::rebuild_buckets() {
  buckets_.assign(std::bit_ceil(entries_.size() * 2 + 1), nullptr);
  specs_.clear();
  for (const auto& entry : entries_) {
    specs_.push_back(entry->spec);
    std::size_t at = hash_of(entry->spec->name) & (buckets_.size() - 1);
    while (buckets_[at] != nullptr) at = (at + 1) & (buckets_.size() - 1);
    buckets_[at] = entry.get();
  }
}

CommandEntry* CommandTable::find(std::string_view name) const {
  if (buckets_.empty() || name.size() > kMaxNameBytes) return nullptr;
  std::size_t at = hash_of(name) & (buckets_.size() - 1);
  while (buckets_[at] != nullptr) {
    if (is_same_name(buckets_[at]->spec->name, name)) return buckets_[at];
    at = (at + 1) & (buckets_.size() - 1);
  }
  return nullptr;
}

CommandEntry* CommandTable::find_subcommand(const CommandEntry& command, std::string_view name) {
  for (const auto& entry : command.subcommands)
    if (is_same_name(entry->spec->name, name)) return entry.get();
  return nullptr;
}

CommandEntry* CommandTable::first_of(std::string_view handler_name) const {
  for (const auto& entry : entries_)
    if (entry->handler_name == handler_name && entry->spec == &entry->handler->commands().front())
      return entry.get();
  return nullptr;
}

}  // namespace reactord
