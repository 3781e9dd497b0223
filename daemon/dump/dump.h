// SPDX-License-Identifier: MIT
// Everything that there is to tell of the daemon's state, as one JSON document: figures, tables,
// deadlines, each connection with its buffers, the latest records of the log. Written part by part,
// each worth some 100 microseconds, so what is told of two connections may be some turns apart.
// Names and lengths, and no contents: who reads a dump is not to read clients' messages.
//
// A line for each connection and each record, for grep and jq alike. In a connection's, what is 0,
// empty or not so is left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/connection/connection_table.h"
#include "daemon/connection/loop_context.h"
#include "daemon/dispatch/replies/pending_replies.h"
#include "daemon/interface/diagnostics.h"
#include "daemon/interface/service.h"
#include "daemon/log/event_log.h"
#include "daemon/reactor/event_loop.h"
#include "protocol/json_writer.h"

namespace reactord {

/// Where all that is to be found. Outlives the dump.
struct DumpSources {
  EventLoop& loop;
  ConnectionTable& connections;
  const LoopContext& loop_context;
  const PendingReplies& pending;
  const EventLog& events;
  const Service& service;
};

class Dump final : public StateDump {
 public:
  /// `why`: who has asked.
  Dump(const DumpSources& of, std::string_view why);

  bool write_some() override;
  [[nodiscard]] std::string_view text() const override { return text_; }

 private:
  enum class Part : std::uint8_t { head, figures, tables, deadlines, connections, records, done };

  void write_head();
  void write_next_figures();
  void write_tables();
  void write_deadlines();
  void write_some_connections();
  void write_records();
  void begin_list(std::string_view name);
  void add_line(JsonWriter& item);
  void end_list();
  void add(std::string_view name, JsonWriter& value);

  DumpSources of_;
  std::string why_;
  std::string text_;
  Part part_ = Part::head;
  std::size_t next_section_ = 0;
  std::uint32_t next_slot_ = 0;
  bool is_first_line_ = true;
};

}  // namespace reactord
