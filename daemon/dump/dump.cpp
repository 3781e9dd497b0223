// SPDX-License-Identifier: MIT
#include "daemon/dump/dump.h"

#include <unistd.h>

#include <chrono>
#include <optional>
#include <vector>

#include "daemon/connection/connection.h"
#include "daemon/connection/snapshot/connection_details.h"
#include "daemon/interface/version.h"

namespace reactord {

namespace {

using std::chrono::milliseconds;

/// Told in up to twenty microseconds each, or passed by in much less: a part is a slice of a long
/// reply.
constexpr std::uint32_t kConnectionsPerPart = 8;
constexpr std::uint32_t kSlotsPerPart = 1000;
/// A name that a client has chosen, its user's, and what stands in INFO.
constexpr std::size_t kMaxShownBytes = 256;

std::int64_t milliseconds_since_1970() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<milliseconds>(now).count();
}

/// What most connections' lines take, and what stands around them.
constexpr std::size_t kLineBytes = 256;
constexpr std::size_t kOtherBytes = 64u << 10;

/// What is 0, empty or not so is left out: most of it is, and a dump may be of 10,000 connections.
void add_number(JsonWriter& json, std::string_view name, std::uint64_t number) {
  if (number != 0) json.field(name, number);
}

void add_text(JsonWriter& json, std::string_view name, std::string_view text) {
  if (!text.empty()) json.text_field(name, text, kMaxShownBytes);
}

void add_flag(JsonWriter& json, std::string_view name, bool is_so) {
  if (is_so) json.field(name, true);
}

void add_deadline(JsonWriter& json, std::string_view name,
                  const std::optional<ConnectionDetails::Deadline>& deadline) {
  if (!deadline) return;
  json.key(name).begin_object().text_field("kind", deadline->kind);
  json.field("left_ms", deadline->left.count()).end_object();
}

void add_who(JsonWriter& json, Connection& connection) {
  const Session& session = connection.session();
  const std::string* const listener = connection.policy().listener;
  json.field("client", connection.client_id()).field("slot", connection.id() & UINT32_MAX);
  json.field("fd", connection.stream().fd()).text_field("peer", connection.stream().peer());
  if (listener != nullptr) json.text_field("listener", *listener);
  add_flag(json, "is_admin", connection.policy().is_admin);
  if (session.has_principal()) add_text(json, "user", session.user());
  add_text(json, "name", session.name());
  json.field("age_s", connection.age().count()).field("idle_s", connection.idle().count());
}

void add_doings(JsonWriter& json, const Connection& connection, const ConnectionDetails& details) {
  const std::string* const latest = connection.last_command();
  json.text_field("state", details.state).text_field("input", details.input);
  json.text_field("kept", details.kept);
  if (latest != nullptr) json.text_field("command", *latest);
  add_number(json, "commands", connection.commands());
  add_number(json, "owed_replies", details.owed_replies);
  add_number(json, "subscriptions", details.subscriptions);
  add_flag(json, "in_transaction", connection.session().in_transaction());
  add_flag(json, "may_receive", details.may_receive);
  add_flag(json, "may_send", details.may_send);
  add_flag(json, "is_scheduled", details.is_scheduled);
  add_flag(json, "is_held_back", details.is_held_back);
  add_flag(json, "is_paused", details.is_paused);
  add_flag(json, "has_sent_fin", details.is_fin_announced);
  add_flag(json, "is_logging_in", details.is_logging_in);
}

void add_buffers(JsonWriter& json, const Connection& connection, const ConnectionDetails& details) {
  add_number(json, "input_bytes", connection.input_bytes());
  add_number(json, "input_capacity", details.input_capacity);
  add_number(json, "output_bytes", connection.output_bytes());
  add_number(json, "output_capacity", details.output_capacity);
  add_number(json, "session_bytes", details.session_bytes);
  add_number(json, "received", connection.bytes_received());
  add_number(json, "sent", connection.bytes_sent());
}

}  // namespace

/// Room for all of it, which costs nothing yet: moving megabytes would take a turn of its own.
Dump::Dump(const DumpSources& of, std::string_view why) : of_(of), why_(why) {
  text_.reserve(kLineBytes * of.connections.slots_used() + kOtherBytes);
}

bool Dump::write_some() {
  switch (part_) {
    case Part::head:
      write_head();
      break;
    case Part::figures:
      write_next_figures();
      break;
    case Part::tables:
      write_tables();
      break;
    case Part::deadlines:
      write_deadlines();
      break;
    case Part::connections:
      write_some_connections();
      break;
    case Part::records:
      write_records();
      break;
    case Part::done:
      break;
  }
  return part_ != Part::done;
}

// --- the document, of which nothing is parsed again

void Dump::add(std::string_view name, JsonWriter& value) {
  text_ += ",\n";
  append_json_quoted(text_, name);
  text_ += ": ";
  text_ += value.take();
}

void Dump::begin_list(std::string_view name) {
  text_ += ",\n";
  append_json_quoted(text_, name);
  text_ += ": [";
  is_first_line_ = true;
}

void Dump::add_line(JsonWriter& item) {
  text_ += is_first_line_ ? "\n" : ",\n";
  is_first_line_ = false;
  text_ += item.take();
}

void Dump::end_list() {
  text_ += "\n]";
}

// --- its parts

void Dump::write_head() {
  text_ = "{\n\"reactord\": ";
  text_ += JsonWriter().text(kVersion).take();
  add("commit", JsonWriter().text(kCommit));
  add("pid", JsonWriter().value(::getpid()));
  add("begun_ms", JsonWriter().value(milliseconds_since_1970()));
  add("why", JsonWriter().text(why_));
  add("draining", JsonWriter().text(of_.service.why_draining()));
  text_ += ",\n\"info\": {";
  part_ = Part::figures;
}

/// One of INFO's sections.
void Dump::write_next_figures() {
  const std::span<const std::string_view> sections = of_.service.info_sections();
  if (next_section_ == sections.size()) {
    text_ += "\n}";
    part_ = Part::tables;
    return;
  }
  std::vector<InfoField> fields;
  of_.service.append_info(sections[next_section_], fields);
  JsonWriter json;
  json.begin_object();
  for (const InfoField& field : fields) {
    json.key(field.name).text(field.value, kMaxShownBytes);
  }
  json.end_object();
  text_ += next_section_ == 0 ? "\n" : ",\n";
  append_json_quoted(text_, sections[next_section_++]);
  text_ += ": ";
  text_ += json.take();
}

void Dump::write_tables() {
  const ConnectionTable& table = of_.connections;
  JsonWriter json;
  json.begin_object();
  json.field("clients", table.used().clients).field("max_clients", table.capacity().clients);
  json.field("admins", table.used().admins).field("max_admins", table.capacity().admins);
  json.field("on_their_way", table.held().clients + table.held().admins);
  json.field("slots_used", table.slots_used()).field("opened", table.opened());
  json.field("buffer_bytes", table.buffer_bytes());
  json.field("pooled_bytes", of_.loop_context.pool.bytes());
  json.field("replies_to_come", of_.pending.waiting());
  json.field("events", of_.loop.stats().events).field("turns", of_.loop.stats().lengths.count());
  json.field("longest_turn_us", of_.loop.stats().lengths.most() / 1000).end_object();
  add("tables", json);
  part_ = Part::deadlines;
}

/// 0 where one is off; left out is when the next one comes where there is none.
void Dump::write_deadlines() {
  const ConnectionDeadlines& deadlines = of_.loop_context.deadlines;
  const auto length = [](Duration duration) {
    return std::chrono::duration_cast<milliseconds>(duration).count();
  };
  JsonWriter json;
  json.begin_object();
  json.field("first_request_ms", length(deadlines.first_request.length()));
  json.field("frame_ms", length(deadlines.frame.length()));
  json.field("idle_ms", length(deadlines.idle.length()));
  json.field("write_stall_ms", length(deadlines.write_stall.length()));
  json.field("linger_ms", length(deadlines.linger.length()));
  if (const std::optional<TimePoint> next = deadlines.next())
    json.field("next_in_ms", length(*next - of_.loop.now()));
  if (const std::optional<TimePoint> next = of_.loop.timers().next())
    json.field("next_timer_in_ms", length(*next - of_.loop.now()));
  json.end_object();
  add("deadlines", json);
  begin_list("connections");
  part_ = Part::connections;
}

void Dump::write_some_connections() {
  const std::uint32_t end = of_.connections.slots_used();
  std::uint32_t told = 0;
  for (std::uint32_t looked = 0; looked < kSlotsPerPart && told < kConnectionsPerPart; ++looked) {
    if (next_slot_ >= end) {
      end_list();
      part_ = Part::records;
      return;
    }
    Connection* const connection = of_.connections.at_slot(next_slot_++);
    if (connection == nullptr) continue;
    const ConnectionDetails details = connection->details();
    JsonWriter json;
    json.begin_object();
    add_who(json, *connection);
    add_doings(json, *connection, details);
    add_buffers(json, *connection, details);
    add_deadline(json, "input_deadline", details.input_deadline);
    add_deadline(json, "output_deadline", details.output_deadline);
    add_line(json.end_object());
    ++told;
  }
}

void Dump::write_records() {
  JsonWriter counts;
  counts.begin_object();
  for (std::size_t i = 0; i < kEvents.size(); ++i)
    if (const std::uint64_t count = of_.events.count_of(static_cast<Event>(i)); count > 0)
      counts.field(kEvents[i].name, count);
  add("event_counts", counts.end_object());
  begin_list("latest_events");
  of_.events.recent().for_each([&](const RecentRecords::Record& record) {
    std::string text;
    append_json_quoted(text, record.text);
    JsonWriter json;
    json.begin_object().field("time_ms", record.time_ms);
    json.text_field("event", spec_of(record.event).name).key("text").raw(text).end_object();
    add_line(json);
  });
  end_list();
  add("ended_ms", JsonWriter().value(milliseconds_since_1970()));
  text_ += "\n}\n";
  part_ = Part::done;
}

}  // namespace reactord
