// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/operator/desk_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <set>
#include <utility>

#include "protocol/escape.h"

namespace reactord::cli {
namespace {

using LineKind = DeskLine::Kind;

constexpr std::size_t kMaxFates = 1000;  // enough to say what became of whatever is on the screen

/// "12 text", cut: digits, and what follows one blank.
struct Numbered {
  MessageId id = 0;
  bool is_number = false;  ///< begins with digits alone, up to a blank or the end
  bool has_text = false;
  std::string_view text;
};

Numbered cut_number(std::string_view line) {
  Numbered out;
  const char* const last = line.data() + line.size();
  const auto [end, problem] = std::from_chars(line.data(), last, out.id);
  if (problem != std::errc()) return out;
  out.is_number = end == last || *end == ' ';
  if (end != last && out.is_number) {
    out.text = line.substr(static_cast<std::size_t>(end - line.data()) + 1);
  }
  out.has_text = out.text.find_first_not_of(' ') != std::string_view::npos;
  return out;
}

DeskLine refused(std::string why) {
  return {LineKind::refused, 0, std::move(why)};
}

std::string fate_text(const DeskEvent& event) {
  switch (event.kind) {
    case DeskEvent::Kind::gone:
      return "is of a client that has gone";
    case DeskEvent::Kind::answered:
      return fmt::format("was answered by {}", escaped(event.name));
    case DeskEvent::Kind::rejected:
      return fmt::format("was rejected by {}", escaped(event.name));
    case DeskEvent::Kind::expired:
      return "has expired: its client got the fallback";
    case DeskEvent::Kind::uncertain:
      return fmt::format("was answered by {}, but may not have arrived", escaped(event.name));
    case DeskEvent::Kind::message:
    case DeskEvent::Kind::finished:
    case DeskEvent::Kind::joined:
    case DeskEvent::Kind::left:
    case DeskEvent::Kind::dropped:
    case DeskEvent::Kind::mode:
      break;
  }
  return "";
}

}  // namespace

// --- what waits

void DeskView::reset() {
  const Time now = now_;
  *this = DeskView();
  now_ = now;
}

void DeskView::apply(const DeskEvent& event) {
  if (event.kind == DeskEvent::Kind::message) {
    return add(event.message);
  }
  std::string fate = fate_text(event);
  if (!fate.empty()) remove(event.message.id, std::move(fate));
}

void DeskView::add(const WaitingMessage& message) {
  constexpr std::chrono::milliseconds kLongest = std::chrono::years(1);  // whatever a server says
  waiting_.try_emplace(message.id, Waiting{now_ - std::min(message.waited, kLongest), false});
}

MessageId DeskView::newest() const {
  const MessageId waiting = waiting_.empty() ? 0 : waiting_.rbegin()->first;
  return fates_.empty() ? waiting : std::max(waiting, fates_.rbegin()->first);
}

DeskView::Difference DeskView::replace(const DeskList& list, MessageId newest) {
  Difference difference;
  std::set<MessageId> listed;
  for (const WaitingMessage& message : list.waiting) {
    listed.insert(message.id);
    if (fates_.contains(message.id)) continue;
    if (!waits(message.id)) difference.appeared.push_back(message);
    add(message);
  }
  for (const auto& [id, waiting] : waiting_) {
    // One that is being answered is told of by the answer's own reply.
    if (!waiting.is_answering && id <= newest && !listed.contains(id))
      difference.vanished.push_back(id);
  }
  for (const MessageId id : difference.vanished) remove(id, "no longer waits");
  return difference;
}

void DeskView::begin_answer(MessageId id) {
  const auto known = waiting_.find(id);
  if (known == waiting_.end() || known->second.is_answering) return;
  known->second.is_answering = true;
  ++answering_;
}

void DeskView::settle(MessageId id, std::string fate) {
  remove(id, std::move(fate));
}

void DeskView::take_back(MessageId id) {
  const auto known = waiting_.find(id);
  if (known == waiting_.end() || !known->second.is_answering) return;
  known->second.is_answering = false;
  --answering_;
}

void DeskView::remove(MessageId id, std::string fate) {
  take_back(id);
  waiting_.erase(id);
  fates_[id] = std::move(fate);
  if (fates_.size() > kMaxFates) fates_.erase(fates_.begin());
}

bool DeskView::is_open(MessageId id) const {
  const auto known = waiting_.find(id);
  return known != waiting_.end() && !known->second.is_answering;
}

std::vector<MessageId> DeskView::open() const {
  std::vector<MessageId> ids;
  for (const auto& [id, waiting] : waiting_) {
    if (!waiting.is_answering) ids.push_back(id);
  }
  return ids;
}

std::optional<MessageId> DeskView::oldest() const {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [](const auto& entry) { return !entry.second.is_answering; });
  return found == waiting_.end() ? std::optional<MessageId>() : found->first;
}

std::string DeskView::fate_of(MessageId id) const {
  if (waiting_.contains(id)) return "is being answered by you";
  const auto known = fates_.find(id);
  return known == fates_.end() ? "" : known->second;
}

// --- the line being typed

void DeskView::on_typing(std::string_view typed) {
  typing_ = !typed.empty();
  if (!typing_) target_ = oldest();
  command_ = typed.starts_with('/');
  named_.reset();
  const Numbered numbered = cut_number(typed);
  const bool has_blank = typed.find(' ') != std::string_view::npos;
  if (numbered.is_number && has_blank && is_open(numbered.id)) named_ = numbered.id;
}

std::string DeskView::prompt() const {
  const std::size_t count = open_count();
  if (const std::optional<MessageId> id = addressee()) {
    const std::chrono::minutes waited = age(*id);
    const std::string since = waited.count() > 0 ? fmt::format(" ({} min)", waited.count()) : "";
    return fmt::format("{} waiting, Enter answers {}{}> ", count, *id, since);
  }
  const std::string rest = count == 0 ? "nobody waits" : fmt::format("{} waiting", count);
  if (!command_ && typing_ && target_) return fmt::format("{} is settled, {}> ", *target_, rest);
  return rest + "> ";
}

std::optional<MessageId> DeskView::addressee() const {
  const std::optional<MessageId> id = named_ ? named_ : target_;
  return !command_ && id && is_open(*id) ? id : std::nullopt;
}

std::chrono::minutes DeskView::age(MessageId id) const {
  return std::chrono::duration_cast<std::chrono::minutes>(now_ - waiting_.at(id).since);
}

std::optional<DeskView::Time> DeskView::next_change() const {
  const std::optional<MessageId> id = addressee();
  if (!id) return std::nullopt;
  return waiting_.at(*id).since + age(*id) + std::chrono::minutes(1);
}

DeskLine DeskView::read(std::string_view line) const {
  if (line.find_first_not_of(' ') == std::string_view::npos) return {};
  if (line.starts_with('/')) return read_command(line);
  if (line.starts_with(' ')) return answer_target(line.substr(1));
  const Numbered numbered = cut_number(line);
  if (numbered.is_number && (numbered.has_text || is_open(numbered.id))) return read_numbered(line);
  return answer_target(line);
}

// "12 text"; or "12" alone, where 12 waits: is that the answer, or is the answer missing?
DeskLine DeskView::read_numbered(std::string_view line) const {
  const Numbered numbered = cut_number(line);
  if (!numbered.has_text) {
    return refused(
        fmt::format("'{} TEXT' answers {}; {}", numbered.id, numbered.id, how_to_say(line)));
  }
  if (is_open(numbered.id)) return {LineKind::answer, numbered.id, std::string(numbered.text)};
  const std::string fate = fate_of(numbered.id);
  if (!fate.empty()) return refused(fmt::format("{} {}; {}", numbered.id, fate, how_to_say(line)));
  return refused(fmt::format("there is no message {}; {}", numbered.id, how_to_say(line)));
}

std::string DeskView::how_to_say(std::string_view text) const {
  if (!target_ || !is_open(*target_)) return "nothing was sent";
  return fmt::format("to answer {} with '{}', put a blank in front", *target_, escaped(text, 20));
}

DeskLine DeskView::answer_target(std::string_view text) const {
  if (target_ && is_open(*target_)) return {LineKind::answer, *target_, std::string(text)};
  if (open_count() == 0) {
    if (!target_) return refused("nobody waits for an answer; nothing was sent");
    return refused(
        fmt::format("{} {}; nothing was sent, and nobody else waits", *target_, fate_of(*target_)));
  }
  const MessageId next = *oldest();
  const std::string why = target_ ? fmt::format("{} {}", *target_, fate_of(*target_))
                                  : "nobody waited when you began to type";
  return refused(fmt::format("{}; nothing was sent ('{} TEXT' answers {}, Ctrl-C drops the line)",
                             why, next, next));
}

// --- commands

DeskLine DeskView::read_command(std::string_view line) const {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view name = line.substr(1, end - 1);
  const std::string_view arguments = line.substr(std::min(end + 1, line.size()));
  if (name == "list") return {LineKind::list, 0, ""};
  if (name == "help") return {LineKind::help, 0, ""};
  if (name == "quit") return {LineKind::quit, 0, ""};
  if (name == "show") return with_id(LineKind::show, arguments);
  if (name == "reply") return with_id(LineKind::answer, arguments);
  if (name == "reject") return with_id(LineKind::reject, arguments);
  return refused(
      fmt::format("there is no /{}; /help lists what there is. To answer with a text "
                  "that begins with '/', put a blank in front",
                  escaped(name, 20)));
}

// A number that is not known here may be known there: the server has the last word on commands.
DeskLine DeskView::with_id(LineKind kind, std::string_view arguments) const {
  const Numbered numbered = cut_number(arguments);
  if (kind == LineKind::show) {
    if (numbered.is_number && !numbered.has_text) return {kind, numbered.id, ""};
    return refused("/show takes the number of a message: /show 12");
  }
  if (numbered.is_number && numbered.has_text) {
    return {kind, numbered.id, std::string(numbered.text)};
  }
  return refused(kind == LineKind::reject
                     ? "/reject takes a number and a reason: /reject 12 not here"
                     : "/reply takes a number and a text: /reply 12 good morning");
}

}  // namespace reactord::cli
