// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/line_editor.h"

#include <fcntl.h>
#include <histedit.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "daemon/reactor/unique_fd.h"
#include "tools/reactor-cli/failure.h"
#include "tools/reactor-cli/history.h"
#include "tools/reactor-cli/interrupt.h"

namespace reactord::cli {
namespace {

constexpr int kMaxHistoryLines = 1000;

struct EditLineEnd {
  void operator()(EditLine* edit) const { ::el_end(edit); }
};
struct HistoryEnd {
  void operator()(History* history) const { ::history_end(history); }
};

}  // namespace

struct LineEditor::State {
  // What libedit calls.
  static char* show_prompt(EditLine* edit);
  static unsigned char complete(EditLine* edit, int key);
  static State& of(EditLine* edit);

  Completer completer;
  std::string prompt;
  std::string history_path;
  std::unique_ptr<History, HistoryEnd> history;
  std::unique_ptr<EditLine, EditLineEnd> edit;
};

namespace {

// Creates the file for its owner alone before libedit would create it for everybody.
void create_private(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0600));
}

void load_history(History* history, const std::string& path) {
  HistEvent event{};
  ::history(history, &event, H_SETSIZE, kMaxHistoryLines);
  ::history(history, &event, H_SETUNIQUE, 1);
  if (path.empty()) return;
  create_private(path);
  ::history(history, &event, H_LOAD, path.c_str());
}

std::string_view before_cursor(EditLine* edit) {
  const LineInfo* line = ::el_line(edit);
  return {line->buffer, static_cast<std::size_t>(line->cursor - line->buffer)};
}

unsigned char apply(EditLine* edit, const Completion& completion) {
  if (!completion.insert.empty()) {
    ::el_insertstr(edit, completion.insert.c_str());
    return CC_REFRESH;
  }
  if (completion.lines.empty()) return CC_REFRESH_BEEP;
  std::fputc('\n', stdout);
  for (const std::string& line : completion.lines) std::fprintf(stdout, "%s\n", line.c_str());
  std::fflush(stdout);
  return CC_REDISPLAY;
}

}  // namespace

char* LineEditor::State::show_prompt(EditLine* edit) {
  return of(edit).prompt.data();
}

unsigned char LineEditor::State::complete(EditLine* edit, int) {
  return apply(edit, of(edit).completer(before_cursor(edit)));
}

LineEditor::State& LineEditor::State::of(EditLine* edit) {
  State* state = nullptr;
  ::el_get(edit, EL_CLIENTDATA, &state);
  return *state;
}

LineEditor::LineEditor(Completer completer) : state_(std::make_unique<State>()) {
  state_->completer = std::move(completer);
  state_->history_path = history_file();
  state_->history.reset(::history_init());
  state_->edit.reset(::el_init("reactor-cli", stdin, stdout, stderr));
  if (!state_->history || !state_->edit) throw Failure(ExitCode::usage, "cannot use the terminal");
  load_history(state_->history.get(), state_->history_path);

  EditLine* edit = state_->edit.get();
  ::el_set(edit, EL_CLIENTDATA, state_.get());
  ::el_set(edit, EL_PROMPT, &State::show_prompt);
  ::el_set(edit, EL_EDITOR, "emacs");
  ::el_set(edit, EL_HIST, ::history, state_->history.get());
  // The wide call: the narrow one copies the names and never frees them.
  ::el_wset(edit, EL_ADDFN, L"reactor-complete", L"Complete a command or show its synopsis",
            &State::complete);
  ::el_source(edit, nullptr);  // ~/.editrc, where the user has one
  ::el_set(edit, EL_BIND, "^I", "reactor-complete", nullptr);
  ::el_set(edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
}

LineEditor::~LineEditor() = default;

LineResult LineEditor::read(const std::string& prompt, std::string& line) {
  state_->prompt = prompt;
  int count = 0;
  const char* text = ::el_gets(state_->edit.get(), &count);
  if (take_interrupt()) {
    ::el_reset(state_->edit.get());
    std::fputs("^C\n", stdout);
    std::fflush(stdout);
    return LineResult::interrupted;
  }
  if (text == nullptr || count <= 0) return LineResult::end;
  line.assign(text, static_cast<std::size_t>(count));
  if (line.ends_with('\n')) line.pop_back();
  return LineResult::line;
}

void LineEditor::remember(const std::string& line) {
  HistEvent event{};
  ::history(state_->history.get(), &event, H_ENTER, line.c_str());
  if (state_->history_path.empty()) return;
  ::history(state_->history.get(), &event, H_SAVE, state_->history_path.c_str());
}

}  // namespace reactord::cli
