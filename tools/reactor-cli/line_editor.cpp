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

}  // namespace

LineEditor::LineEditor(Completer completer) : state_(std::make_unique<State>()) {
  state_->completer = std::move(completer);
  state_->history_path = history_file();
  state_->history.reset(::history_init());
  state_->edit.reset(::el_init("reactor-cli", stdin, stdout, stderr));
  if (!state_->history || !state_->edit) throw Failure(ExitCode::usage, "cannot use the terminal");

  HistEvent event{};
  ::history(state_->history.get(), &event, H_SETSIZE, kMaxHistoryLines);
  ::history(state_->history.get(), &event, H_SETUNIQUE, 1);
  if (!state_->history_path.empty()) {
    create_private(state_->history_path);
    ::history(state_->history.get(), &event, H_LOAD, state_->history_path.c_str());
  }

  EditLine* edit = state_->edit.get();
  ::el_set(edit, EL_CLIENTDATA, state_.get());
  ::el_set(
      edit, EL_PROMPT, +[](EditLine* self) {
        State* state = nullptr;
        ::el_get(self, EL_CLIENTDATA, &state);
        return state->prompt.data();
      });
  ::el_set(edit, EL_EDITOR, "emacs");
  ::el_set(edit, EL_HIST, ::history, state_->history.get());
  ::el_set(
      edit, EL_ADDFN, "reactor-complete", "Complete a command or show its synopsis",
      +[](EditLine* self, int) -> unsigned char {
        State* state = nullptr;
        ::el_get(self, EL_CLIENTDATA, &state);
        const LineInfo* line = ::el_line(self);
        const std::string_view before(line->buffer,
                                      static_cast<std::size_t>(line->cursor - line->buffer));
        const Completion completion = state->completer(before);
        if (!completion.insert.empty()) {
          ::el_insertstr(self, completion.insert.c_str());
          return CC_REFRESH;
        }
        if (completion.lines.empty()) return CC_REFRESH_BEEP;
        std::fputc('\n', stdout);
        for (const std::string& text : completion.lines) std::fprintf(stdout, "%s\n", text.c_str());
        std::fflush(stdout);
        return CC_REDISPLAY;
      });
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
