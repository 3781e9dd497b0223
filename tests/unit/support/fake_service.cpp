// SPDX-License-Identifier: MIT
#include "tests/unit/support/fake_service.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "daemon/interface/registry.h"

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

}  // namespace

void FakeService::append_info(std::string_view section, std::vector<InfoField>& out) const {
  const auto found = fields.find(section);
  if (found == fields.end()) return;
  out.insert(out.end(), found->second.begin(), found->second.end());
}

bool FakeService::next_client(std::uint32_t& cursor, ClientFacts& facts) const {
  if (cursor >= clients.size()) return false;
  facts = clients[cursor++];
  ++clients_walked;
  return true;
}

bool FakeService::kill_client(std::uint64_t id) {
  const bool exists = std::any_of(clients.begin(), clients.end(),
                                  [id](const ClientFacts& client) { return client.id == id; });
  if (exists) killed.push_back(id);
  return exists;
}

std::string FakeService::set_log_level(std::string_view wanted, std::string_view who) {
  asked.push_back("log level " + std::string(wanted) + " by " + std::string(who));
  if (level_problem.empty()) level = wanted;
  return level_problem;
}

void FakeService::reload(std::string_view who, std::function<void(const ReloadOutcome&)> answer) {
  asked.push_back("reload by " + std::string(who));
  answer(reload_outcome);
}

void FakeService::set_draining(bool is_draining, std::string_view who) {
  draining = is_draining;
  asked.push_back((is_draining ? "drain on by " : "drain off by ") + std::string(who));
}

void FakeService::shut_down(std::string_view who) {
  asked.push_back("shut down by " + std::string(who));
}

void check_kept(const std::optional<Breach>& breach, std::string_view call) {
  if (breach)
    FAIL_CHECK("the handler broke a rule in " << call << ": it " << breach->did << "; "
                                              << breach->right);
}

bool FakePort::complete(std::uint64_t, std::uint64_t, const WriteReply& write,
                        std::function<void()> uncertain) noexcept {
  ++completed;
  on_uncertain = std::move(uncertain);
  if (!is_gone) check_kept(run(write, true), "the writer of complete()");
  return !is_gone;
}

PushResult FakePort::push(std::uint64_t, const CommandEntry*, const WriteReply& write) noexcept {
  ++pushed;
  if (push_result == PushResult::queued) check_kept(run(write, false), "the writer of push()");
  return push_result;
}

std::optional<Breach> FakePort::run(const WriteReply& write, bool is_reply) {
  Buffer buffer;
  ReplyWriter writer(buffer, ReplyEncoding::resp2);
  write(writer);
  written += buffer.view();
  return is_reply ? find_breach(writer) : find_push_breach(writer, buffer.size());
}

void FakeContext::log(HandlerLogLevel level, std::string_view message) {
  logged.push_back({level, std::string(message)});
}

DeferredReply FakeContext::defer(std::function<void()> gone, std::function<void()> finished) {
  on_gone = std::move(gone);
  on_finished = std::move(finished);
  has_promised = true;
  return {port, id, 1};
}

void FakeContext::produce(std::unique_ptr<ReplyProducer> made) {
  producer = std::move(made);
  has_promised = true;
}

HandlerBench::HandlerBench() {
  for (const HandlerEntry& entry : handler_entries()) add(entry);
}

HandlerBench::HandlerBench(const HandlerEntry& entry) {
  add(entry);
}

HandlerBench::~HandlerBench() {
  context.state_of_connection.reset();
}

void HandlerBench::add(const HandlerEntry& entry) {
  settings_.push_back(entry.table.make());
  handlers_.push_back(entry.make(service, settings_.back().get()));
  by_name_[entry.name] = handlers_.back().get();
  handlers_.back()->start();
  table_.add(*handlers_.back(), entry.name);
  service.known_commands.assign(table_.specs().begin(), table_.specs().end());
}

Handler& HandlerBench::handler(std::string_view name) {
  return *by_name_.at(name);
}

std::string HandlerBench::send(std::string_view line) {
  return request(split(line));
}

std::string HandlerBench::request(const std::vector<std::string_view>& words) {
  const CommandEntry* const entry = find(words);
  REQUIRE_MESSAGE(entry != nullptr, words[0]);
  const CommandSpec& spec = *entry->spec;
  const auto arguments = std::span(words).subspan(entry->words);
  REQUIRE(arguments.size() >= spec.min_arguments);
  REQUIRE(arguments.size() <= spec.max_arguments);
  return run(*entry->handler, {spec, words, arguments});
}

const CommandEntry* HandlerBench::find(const std::vector<std::string_view>& words) const {
  const CommandEntry* const command = table_.find(words[0]);
  if (command == nullptr || command->subcommands.empty() || words.size() < 2) return command;
  return CommandTable::find_subcommand(*command, words[1]);
}

std::string HandlerBench::run(Handler& handler, const Request& request) {
  Buffer buffer;
  ReplyWriter writer(buffer, encoding);
  slices = 0;
  longest_slice_bytes = 0;
  context.has_promised = false;
  const int completed = context.port.completed;
  const int abandoned = context.port.abandoned;
  result = handler.handle(request, writer, context);
  PromiseState promise = context.has_promised ? PromiseState::open : PromiseState::none;
  if (context.has_promised && context.port.completed > completed) promise = PromiseState::kept;
  if (context.has_promised && context.port.abandoned > abandoned) promise = PromiseState::dropped;
  check_kept(find_breach(result, promise, writer), "handle()");
  if (context.producer != nullptr) produce(buffer, writer);
  if (slices > 0) check_kept(find_breach(writer), "produce()");
  return std::string(buffer.view());
}

void HandlerBench::produce(Buffer& buffer, ReplyWriter& writer) {
  CHECK(result == HandlerResult::pending);
  CHECK(buffer.empty());
  constexpr int kMaxSlices = 10'000;
  ReplyProducer::Progress progress = ReplyProducer::Progress::more;
  while (progress == ReplyProducer::Progress::more) {
    REQUIRE(++slices <= kMaxSlices);
    const std::size_t before = buffer.size();
    progress = context.producer->produce(writer);
    longest_slice_bytes = std::max(longest_slice_bytes, buffer.size() - before);
  }
  killed_before_reply = service.killed;
  context.producer->after_reply();
  context.producer.reset();
}

}  // namespace reactord::test
