// SPDX-License-Identifier: MIT
#include "daemon/testing/handler_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "daemon/dispatch/command_table.h"
#include "daemon/dispatch/replies/reply_rules.h"
#include "daemon/interface/registry.h"
#include "daemon/testing/handler_fault.h"

namespace reactord::test {
namespace {

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

void throw_if(const std::optional<Breach>& breach, std::string_view call) {
  if (breach) throw HandlerFault(fault_text(*breach, call));
}

/// They end with the handler's constructor, or its reload(): it has copied what it keeps.
std::shared_ptr<void> make_settings(const HandlerTableSpec& table, const SettingValues& values) {
  const std::shared_ptr<void> settings = table.make ? table.make() : nullptr;
  if (values.empty()) return settings;
  void* const own = table.is_repeated() ? table.repeated.append(settings.get()) : settings.get();
  for (const auto& [name, value] : values) {
    const KeySpec* const key = find_key(table.keys, name);
    if (key == nullptr) throw HandlerFault(fmt::format("the handler has no setting '{}'", name));
    const std::string problem = key->set(own, value, key->range);
    if (!problem.empty()) throw HandlerFault(fmt::format("{}: {}", name, problem));
  }
  return settings;
}

const CommandEntry* find(const CommandTable& table, const std::vector<std::string_view>& words) {
  const CommandEntry* const command = words.empty() ? nullptr : table.find(words[0]);
  if (command == nullptr || command->subcommands.empty() || words.size() < 2) return command;
  return CommandTable::find_subcommand(*command, words[1]);
}

}  // namespace

std::string fault_text(const Breach& breach, std::string_view call) {
  return fmt::format("the handler broke a rule in {}: it {}; {}", call, breach.did, breach.right);
}

struct HandlerBench::Inside {
  struct Added {
    HandlerTableSpec table;
    Handler* handler = nullptr;
  };
  std::vector<std::unique_ptr<Handler>> handlers;
  CommandTable table;
  std::map<std::string_view, Added> by_name;
};

HandlerBench::HandlerBench() : inside_(std::make_unique<Inside>()) {
  for (const HandlerEntry& entry : handler_entries()) add(entry);
}

HandlerBench::HandlerBench(const HandlerEntry& entry, const SettingValues& settings)
    : inside_(std::make_unique<Inside>()) {
  add(entry, settings);
}

HandlerBench::~HandlerBench() noexcept(false) {
  context.end_states();
  for (FakeContext& client : more_clients_) client.end_states();
  if (std::uncaught_exceptions() == 0) throw_faults();
}

void HandlerBench::add(const HandlerEntry& entry, const SettingValues& settings) {
  Inside& all = *inside_;
  all.handlers.push_back(entry.make(service, make_settings(entry.table, settings).get()));
  Handler& handler = *all.handlers.back();
  all.by_name[entry.name] = {entry.table, &handler};
  handler.start();
  all.table.add(handler, entry.name);
  service.known_commands.assign(all.table.specs().begin(), all.table.specs().end());
}

Handler& HandlerBench::handler(std::string_view name) {
  return *inside_->by_name.at(name).handler;
}

void HandlerBench::reload(std::string_view name, const SettingValues& settings) {
  const Inside::Added& added = inside_->by_name.at(name);
  added.handler->reload(make_settings(added.table, settings).get());
}

FakeContext& HandlerBench::connect() {
  FakeContext& client = more_clients_.emplace_back();
  client.id = context.id + more_clients_.size();
  return client;
}

std::string HandlerBench::send(FakeContext& client, std::string_view line) {
  return request(client, split(line));
}

std::string HandlerBench::request(FakeContext& client, const std::vector<std::string_view>& words) {
  const CommandEntry* const entry = find(inside_->table, words);
  if (entry == nullptr)
    throw HandlerFault(fmt::format("no handler here has the command '{}'", fmt::join(words, " ")));
  const CommandSpec& spec = *entry->spec;
  const auto arguments = std::span(words).subspan(entry->words);
  if (arguments.size() < spec.min_arguments || arguments.size() > spec.max_arguments)
    throw HandlerFault(fmt::format("the daemon does not pass '{}' with {} arguments to its handler",
                                   entry->full_name, arguments.size()));
  client.time = service.time;
  std::string reply = run(client, *entry->handler, {spec, words, arguments});
  throw_faults();
  return reply;
}

std::string HandlerBench::run(FakeContext& client, Handler& handler, const Request& request) {
  Buffer buffer;
  ReplyWriter writer(buffer, client.port.encoding);
  slices = 0;
  longest_slice_bytes = 0;
  client.has_promised = false;
  const int completed = client.port.completed;
  const int abandoned = client.port.abandoned;
  result = handler.handle(request, writer, client);
  PromiseState promise = client.has_promised ? PromiseState::open : PromiseState::none;
  if (client.has_promised && client.port.completed > completed) promise = PromiseState::kept;
  if (client.has_promised && client.port.abandoned > abandoned) promise = PromiseState::dropped;
  throw_if(find_breach(result, promise, writer), "handle()");
  if (client.producer != nullptr) produce(client, buffer, writer);
  if (slices > 0) throw_if(find_breach(writer), "produce()");
  return std::string(buffer.view());
}

void HandlerBench::produce(FakeContext& client, Buffer& buffer, ReplyWriter& writer) {
  constexpr int kMaxSlices = 10'000;  // a test with more would not end while somebody waits
  ReplyProducer::Progress progress = ReplyProducer::Progress::more;
  while (progress == ReplyProducer::Progress::more) {
    if (++slices > kMaxSlices) throw HandlerFault("the handler's producer comes to no end");
    const std::size_t before = buffer.size();
    progress = client.producer->produce(writer);
    longest_slice_bytes = std::max(longest_slice_bytes, buffer.size() - before);
  }
  killed_before_reply = service.killed;
  client.producer->after_reply();
  client.producer.reset();
}

void HandlerBench::throw_faults() {
  std::string fault = std::exchange(context.port.fault, {});
  for (FakeContext& client : more_clients_) {
    const std::string more = std::exchange(client.port.fault, {});
    if (fault.empty()) fault = more;
  }
  if (!fault.empty()) throw HandlerFault(fault);
}

}  // namespace reactord::test
