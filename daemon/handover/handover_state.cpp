// SPDX-License-Identifier: MIT
#include "daemon/handover/handover_state.h"

#include <fmt/format.h>

#include "daemon/handover/fields.h"
#include "protocol/crc32c.h"

namespace reactord {

namespace {

constexpr std::string_view kMagic = "REACTORD";
/// How a record begins.
constexpr std::size_t kRecordHeadBytes = 8;

/// Of one connection: each is of another handler.
constexpr std::uint32_t kMaxHandlerStates = 64;

struct Head {
  std::uint64_t last_client_id = 0;
  std::uint64_t connections = 0;
};

// --- what there is of each. A number is never used for anything else, also once its field has
// gone.

template <class Fields, class HeadOrConst>
void describe_head(Fields&& fields, HeadOrConst& head) {
  fields(1, head.last_client_id);
  fields(2, head.connections);
}

/// In pairs, from 1 on: a handler's name, and its bytes.
void describe_handler_states(FieldWriter fields,
                             const std::vector<SavedConnection::HandlerState>& states) {
  std::uint32_t number = 0;
  for (const SavedConnection::HandlerState& state : states) {
    fields(++number, state.handler);
    fields(++number, state.bytes);
  }
}

void describe_handler_states(FieldReader& fields,
                             std::vector<SavedConnection::HandlerState>& states) {
  for (std::uint32_t number = 0; number < kMaxHandlerStates * 2;) {
    SavedConnection::HandlerState state;
    fields(++number, state.handler);
    fields(++number, state.bytes);
    if (state.handler.empty()) return;
    states.push_back(std::move(state));
  }
}

template <class Fields, class SavedOrConst>
void describe_connection(Fields&& fields, SavedOrConst& saved, std::string& peer_ip,
                         std::string& handler_states) {
  fields(1, saved.client_id);
  fields(2, saved.listener);
  fields(3, saved.framing, Framing::raw);
  fields(4, saved.is_admin);
  fields(5, peer_ip);
  fields(6, saved.peer_port);
  fields(7, saved.protocol);
  fields(8, saved.reply_mode, ReplyMode::skipping);
  fields(9, saved.no_evict);
  fields(10, saved.answers_in_resp);
  fields(11, saved.name);
  fields(12, saved.library_name);
  fields(13, saved.library_version);
  fields(14, saved.user);
  fields(15, saved.input);
  fields(16, saved.has_frames);
  fields(17, saved.output);
  fields(18, saved.past_first);
  fields(19, saved.must_linger);
  fields(20, saved.frame_timed);
  fields(21, saved.input_waited);
  fields(22, saved.is_input_timed);
  fields(23, saved.output_waited);
  fields(24, saved.is_output_timed);
  fields(25, saved.age);
  fields(26, saved.idle);
  fields(27, saved.commands);
  fields(28, saved.bytes_received);
  fields(29, saved.bytes_sent);
  fields(30, saved.last_command);
  fields(31, saved.in_transaction);
  fields(32, saved.is_spoilt);
  fields(33, saved.queued);
  fields(34, handler_states);
  fields(35, saved.owed_command);
  fields(36, saved.owed_state);
  fields(37, saved.is_owed_lost);
}

// --- numbers in front of records

void put_number(std::string& out, std::uint32_t value) {
  for (int byte = 0; byte < 4; ++byte) out.push_back(static_cast<char>(value >> (8 * byte)));
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t byte = 0; byte < 4; ++byte)
    value |= std::uint32_t{static_cast<unsigned char>(bytes[at + byte])} << (8 * byte);
  return value;
}

/// Calls `fill` to append it.
template <class Fill>
void put_record(std::string& out, Fill&& fill) {
  const std::size_t head = out.size();
  out.append(kRecordHeadBytes, '\0');
  fill();
  const std::string_view record = std::string_view(out).substr(head + kRecordHeadBytes);
  std::string filled;
  put_number(filled, static_cast<std::uint32_t>(record.size()));
  put_number(filled, crc32c(record));
  out.replace(head, kRecordHeadBytes, filled);
}

/// The next record; `is_intact`: its checksum is right. Nothing where there is none any more.
struct Record {
  std::string_view bytes;
  bool is_intact = false;
};
std::optional<Record> take_record(std::string_view& rest) {
  if (rest.size() < kRecordHeadBytes) return std::nullopt;
  const std::size_t length = number_at(rest, 0);
  const std::uint32_t checksum = number_at(rest, 4);
  if (length > rest.size() - kRecordHeadBytes) return std::nullopt;
  const std::string_view bytes = rest.substr(kRecordHeadBytes, length);
  rest.remove_prefix(kRecordHeadBytes + length);
  return Record{bytes, crc32c(bytes) == checksum};
}

// --- one connection

void put_connection(std::string& out, const SavedConnection& saved) {
  std::string peer_ip(saved.peer_ip.begin(), saved.peer_ip.end());
  std::string handler_states;
  describe_handler_states(FieldWriter(handler_states), saved.handler_states);
  describe_connection(FieldWriter(out), saved, peer_ip, handler_states);
}

bool is_label(const std::string& text) {
  return text.size() <= Session::kMaxLabelBytes && label_problem("it", text).empty();
}

/// What fields say for themselves; what they say together is not judged here.
std::optional<SavedConnection> read_connection(const Record& record) {
  if (!record.is_intact) return std::nullopt;
  SavedConnection saved;
  std::string peer_ip;
  std::string handler_states;
  FieldReader fields(record.bytes);
  describe_connection(fields, saved, peer_ip, handler_states);
  FieldReader of_handlers(handler_states);
  describe_handler_states(of_handlers, saved.handler_states);
  const bool has_peer = peer_ip.size() == saved.peer_ip.size();
  if (has_peer) std::copy(peer_ip.begin(), peer_ip.end(), saved.peer_ip.begin());
  const bool is_protocol = saved.protocol == 2 || saved.protocol == 3;
  const bool has_labels =
      is_label(saved.name) && is_label(saved.library_name) && is_label(saved.library_version);
  if (!fields.is_good() || !of_handlers.is_good() || !has_peer || !is_protocol || !has_labels)
    return std::nullopt;
  return saved;
}

std::string problem_with_format(std::string_view bytes) {
  if (bytes.size() < kMagic.size() + 8 || !bytes.starts_with(kMagic))
    return "it is no state of reactord's";
  const std::uint32_t oldest_reader = number_at(bytes, kMagic.size() + 4);
  if (oldest_reader > kStateFormat)
    return fmt::format("it was written by a newer reactord (format {}, this one reads {})",
                       oldest_reader, kStateFormat);
  return {};
}

}  // namespace

std::string write_state(const HandoverState& state) {
  std::string out(kMagic);
  put_number(out, kStateFormat);
  put_number(out, kOldestReader);
  Head head{state.last_client_id, state.connections.size()};
  put_record(out, [&] { describe_head(FieldWriter(out), head); });
  for (const SavedConnection& saved : state.connections)
    put_record(out, [&] { put_connection(out, saved); });
  return out;
}

ReceivedState read_state(std::string_view bytes, std::size_t most) {
  ReceivedState state;
  state.problem = problem_with_format(bytes);
  if (!state.problem.empty()) return state;
  bytes.remove_prefix(kMagic.size() + 8);
  Head head;
  const std::optional<Record> first = take_record(bytes);
  FieldReader fields(first ? first->bytes : std::string_view());
  describe_head(fields, head);
  if (!first || !first->is_intact || !fields.is_good() || head.connections > most) {
    state.problem = "its first record is damaged";
    return state;
  }
  state.last_client_id = head.last_client_id;
  for (std::uint64_t i = 0; i < head.connections; ++i) {
    const std::optional<Record> record = take_record(bytes);
    state.connections.push_back(record ? read_connection(*record) : std::nullopt);
  }
  return state;
}

}  // namespace reactord
