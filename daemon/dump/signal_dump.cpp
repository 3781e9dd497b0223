// SPDX-License-Identifier: MIT
#include "daemon/dump/signal_dump.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/dump/dump_file.h"
#include "daemon/reactor/out_of_memory.h"

namespace reactord {

void SignalDump::begin(std::unique_ptr<StateDump> dump, std::string request) {
  dump_ = std::move(dump);
  request_ = std::move(request);
}

/// What had no memory for a part is broken off in the middle of it.
void SignalDump::go_on() {
  bool has_more = true;
  const bool has_memory = has_memory_for([&] {
    for (int part = 0; part < kMaxPartsPerTurn && has_more; ++part) has_more = dump_->write_some();
    if (!has_more) write_file();
  });
  if (has_memory) return;
  dump_.reset();
  file_.reset();
  tell_failed(dump_folder(), std::strerror(ENOMEM));
}

/// Where it is told from: the log is the loop's.
void SignalDump::write_file() {
  file_ = std::make_shared<File>();
  file_->dump = std::move(dump_);
  file_->folder = dump_folder();
  timer_ = loop_.timers().add(loop_.now() + kPause, [this] { look(); });
  helper_.run([file = file_] {
    // Whoever looks for it has to find it done.
    file->had_memory =
        has_memory_for([&] { file->problem = write_dump(file->folder, file->dump->text()); });
    file->is_done = true;
  });
}

void SignalDump::look() {
  if (file_->is_done)
    tell();
  else
    timer_ = loop_.timers().add(loop_.now() + kPause, [this] { look(); });
}

/// Where there is no memory for it, the timer tries again.
void SignalDump::tell() {
  const std::shared_ptr<File> file = file_;
  if (!file->had_memory)
    tell_failed(file->folder, std::strerror(ENOMEM));
  else if (file->problem.empty())
    events_.record(Event::dump_written, {{"path", dump_path(file->folder, 1)},
                                         {"bytes", std::to_string(file->dump->text().size())},
                                         {"request", request_}});
  else
    tell_failed(file->folder, file->problem);
  file_.reset();
  timer_ = 0;
}

void SignalDump::tell_failed(const std::string& folder, const std::string& problem) {
  events_.record(Event::dump_failed,
                 {{"path", dump_path(folder, 1)}, {"problem", problem}, {"request", request_}});
}

}  // namespace reactord
