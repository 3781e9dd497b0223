// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/operator/desk_events.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <string_view>

namespace reactord::cli {
namespace {

using EventKind = DeskEvent::Kind;

// What follows "operator" and the event's name.
enum class Shape : std::uint8_t { message, id, id_and_name, name, count };

struct Known {
  std::string_view name;
  EventKind kind;
  Shape shape;
  std::size_t elements;
};

constexpr std::array kKnown = {
    Known{"message", EventKind::message, Shape::message, 6},
    Known{"finished", EventKind::finished, Shape::id, 3},
    Known{"gone", EventKind::gone, Shape::id, 3},
    Known{"answered", EventKind::answered, Shape::id_and_name, 4},
    Known{"rejected", EventKind::rejected, Shape::id_and_name, 4},
    Known{"expired", EventKind::expired, Shape::id, 3},
    Known{"uncertain", EventKind::uncertain, Shape::id_and_name, 4},
    Known{"joined", EventKind::joined, Shape::name, 3},
    Known{"left", EventKind::left, Shape::name, 3},
    Known{"dropped", EventKind::dropped, Shape::count, 3},
    Known{"mode", EventKind::mode, Shape::name, 3},
};

bool read_number(const Reply& reply, std::uint64_t& out) {
  const char* const last = reply.text.data() + reply.text.size();
  const auto [end, problem] = std::from_chars(reply.text.data(), last, out);
  return problem == std::errc() && end == last && !reply.is_aggregate();
}

const Reply* field(const Reply& map, std::string_view name) {
  if (map.kind != Reply::Kind::map) return nullptr;
  for (std::size_t i = 0; i + 1 < map.elements.size(); i += 2) {
    if (map.elements[i].text == name) return &map.elements[i + 1];
  }
  return nullptr;
}

std::string text_field(const Reply& map, std::string_view name) {
  const Reply* value = field(map, name);
  return value == nullptr ? "" : value->text;
}

std::uint64_t number_field(const Reply& map, std::string_view name) {
  const Reply* value = field(map, name);
  std::uint64_t number = 0;
  return value != nullptr && read_number(*value, number) ? number : 0;
}

bool read_message(const Reply& push, WaitingMessage& out) {
  out.peer = push.elements[3].text;
  out.finished = push.elements[4].text == "finished";
  out.text = push.elements[5].text;
  out.bytes = out.text.size();
  return read_number(push.elements[2], out.id);
}

bool read_rest(const Reply& push, Shape shape, DeskEvent& out) {
  const std::vector<Reply>& words = push.elements;
  switch (shape) {
    case Shape::message:
      return read_message(push, out.message);
    case Shape::id:
      return read_number(words[2], out.message.id);
    case Shape::id_and_name:
      out.name = words[3].text;
      return read_number(words[2], out.message.id);
    case Shape::name:
      out.name = words[2].text;
      return true;
    case Shape::count:
      return read_number(words[2], out.count);
  }
  return false;
}

}  // namespace

std::optional<DeskEvent> read_desk_event(const Reply& push) {
  const std::vector<Reply>& words = push.elements;
  if (push.kind != Reply::Kind::push || words.size() < 2 || words[0].text != "operator") return {};
  const auto* known = std::find_if(kKnown.begin(), kKnown.end(),
                                   [&](const Known& one) { return one.name == words[1].text; });
  // More elements than are known may come one day; fewer make no sense.
  if (known == kKnown.end() || words.size() < known->elements) return {};
  DeskEvent event;
  event.kind = known->kind;
  if (!read_rest(push, known->shape, event)) return {};
  return event;
}

std::optional<WaitingMessage> read_waiting_message(const Reply& reply) {
  const Reply* id = field(reply, "id");
  WaitingMessage message;
  if (id == nullptr || !read_number(*id, message.id)) return {};
  constexpr std::uint64_t kLongest = std::numeric_limits<std::int64_t>::max();
  const std::uint64_t waited = std::min(number_field(reply, "waiting_ms"), kLongest);
  message.peer = text_field(reply, "peer");
  message.finished = text_field(reply, "state") == "finished";
  message.waited = std::chrono::milliseconds(static_cast<std::int64_t>(waited));
  message.text = text_field(reply, "text");
  message.bytes = std::max<std::uint64_t>(number_field(reply, "bytes"), message.text.size());
  return message;
}

std::optional<DeskList> read_desk_list(const Reply& reply) {
  const Reply* operators = field(reply, "operators");
  const Reply* waiting = field(reply, "waiting");
  if (operators == nullptr || waiting == nullptr) return {};
  DeskList list;
  list.mode = text_field(reply, "mode");
  for (const Reply& one : operators->elements) {
    list.operators.push_back(
        {text_field(one, "name"), number_field(one, "answered"), number_field(one, "dropped")});
  }
  for (const Reply& one : waiting->elements) {
    std::optional<WaitingMessage> message = read_waiting_message(one);
    if (!message) return {};
    if (text_field(one, "state") == "gone") continue;  // settled while the list was written
    list.waiting.push_back(std::move(*message));
  }
  return list;
}

}  // namespace reactord::cli
