// SPDX-License-Identifier: MIT
//
// Beside a background, libedit takes its keys from State::next_key(), which waits for the terminal
// and the socket at once. What is to be shown meanwhile goes above the line:
//
//   cursor to the prompt's first row -> erase to the screen's end -> the text -> EL_REFRESH, which
//   draws prompt and line anew, wherever the cursor is
#include "tools/reactor-cli/terminal/line_editor.h"

#include <fcntl.h>
#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <exception>
#include <utility>

#include "daemon/reactor/unique_fd.h"
#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/net/interrupt.h"
#include "tools/reactor-cli/terminal/screen_rows.h"
#include "tools/reactor-cli/terminal/terminal_wait.h"

namespace reactord::cli {
namespace {

constexpr int kMaxHistoryLines = 1000;

struct EditLineEnd {
  void operator()(EditLine* edit) const { ::el_end(edit); }
};
struct HistoryEnd {
  void operator()(History* history) const { ::history_end(history); }
};

// What cannot be converted is left out: libedit's own conversion would end the program.
std::string narrow(std::wstring_view text) {
  std::string out;
  std::mbstate_t state{};
  std::array<char, MB_LEN_MAX> bytes{};
  for (const wchar_t c : text) {
    const std::size_t count = std::wcrtomb(bytes.data(), c, &state);
    if (count != static_cast<std::size_t>(-1)) out.append(bytes.data(), count);
  }
  return out;
}

std::wstring widen(std::string_view text) {
  std::wstring out;
  std::mbstate_t state{};
  while (!text.empty()) {
    wchar_t c = 0;
    const std::size_t bytes = std::mbrtowc(&c, text.data(), text.size(), &state);
    if (bytes == 0 || bytes > text.size()) break;
    out += c;
    text.remove_prefix(bytes);
  }
  return out;
}

bool input_is_there() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return ::poll(&input, 1, 0) > 0;
}

bool moves_cursor() {
  const char* terminal = std::getenv("TERM");
  return terminal != nullptr && *terminal != '\0' && std::strcmp(terminal, "dumb") != 0;
}

}  // namespace

struct LineEditor::State {
  // What libedit calls.
  static char* show_prompt(EditLine* edit);
  static unsigned char complete(EditLine* edit, int key);
  static int read_key(EditLine* edit, wchar_t* key);
  static State& of(EditLine* edit);

  int next_key(wchar_t& key);
  int take_byte(wchar_t& key);
  void begin_line();
  void update();
  void on_resize();
  void on_continue();
  void redraw();
  int leave(LineResult how);

  [[nodiscard]] std::wstring_view typed() const;
  [[nodiscard]] ScreenSize screen() const;
  [[nodiscard]] std::size_t rows_above() const;
  void erase(std::size_t rows) const;
  void write_above();

  Completer completer;
  std::string prompt;
  std::string history_path;
  std::unique_ptr<History, HistoryEnd> history;
  std::unique_ptr<EditLine, EditLineEnd> edit;

  // Of a line that is read beside something else:
  Background* background = nullptr;
  bool begun = false;            ///< what `preset` holds is in the line
  std::string preset;            ///< to be in the line at first
  std::string above;             ///< to be shown above it
  std::mbstate_t partial_key{};  ///< the first bytes of a character
  LineResult result{};           ///< why it was left
  std::exception_ptr problem;    ///< thrown by the background: libedit's frames know no exceptions
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

// --- what libedit calls

char* LineEditor::State::show_prompt(EditLine* edit) {
  return of(edit).prompt.data();
}

unsigned char LineEditor::State::complete(EditLine* edit, int) {
  return apply(edit, of(edit).completer(before_cursor(edit)));
}

int LineEditor::State::read_key(EditLine* edit, wchar_t* key) {
  State& state = of(edit);
  try {
    return state.next_key(*key);
  } catch (...) {
    state.problem = std::current_exception();
    return state.leave(LineResult::left);
  }
}

LineEditor::State& LineEditor::State::of(EditLine* edit) {
  State* state = nullptr;
  ::el_get(edit, EL_CLIENTDATA, &state);
  return *state;
}

// --- keys, and what happens between them

// Returns what EL_GETCFN wants: 1 with a key, 0 at the end of input, -1 to leave the line.
int LineEditor::State::next_key(wchar_t& key) {
  if (!begun) begin_line();
  while (true) {
    update();
    const Background::Watched watched = background->watched();
    const short events = watched.writable ? POLLIN | POLLOUT : POLLIN;
    std::array<pollfd, 2> fds = {{{STDIN_FILENO, POLLIN, 0}, {watched.socket, events, 0}}};
    const TerminalEvents signals = wait_on_terminal(fds, watched.deadline);
    if (signals.interrupted) return leave(LineResult::interrupted);
    if (signals.resized) on_resize();
    if (signals.continued) on_continue();
    Readiness ready;
    ready.readable = (fds[1].revents & ~POLLOUT) != 0;
    ready.writable = (fds[1].revents & POLLOUT) != 0;
    if ((ready.any() || signals.timed_out) && !background->on_ready(ready)) {
      return leave(LineResult::left);
    }
    if (fds[0].revents == 0) continue;
    const int taken = take_byte(key);
    if (taken >= 0) return taken;
  }
}

// One byte a time, so that none is taken that belongs to the next line. Returns -1 for half a key.
int LineEditor::State::take_byte(wchar_t& key) {
  char byte = 0;
  const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return -1;
  if (count <= 0) return 0;
  const std::size_t bytes = std::mbrtowc(&key, &byte, 1, &partial_key);
  if (bytes == static_cast<std::size_t>(-2)) return -1;
  if (bytes == static_cast<std::size_t>(-1)) {
    partial_key = {};
    return -1;
  }
  return 1;
}

void LineEditor::State::begin_line() {
  begun = true;
  partial_key = {};
  if (preset.empty()) return;
  erase(rows_above());
  ::el_winsertstr(edit.get(), widen(preset).c_str());
  preset.clear();
  ::el_wset(edit.get(), EL_REFRESH);
}

// Shows what is new: text above the line, or another prompt. The background must not take a prompt
// for seen that somebody has typed ahead of, or that a pasted line is for.
void LineEditor::State::update() {
  if (typed().empty() && input_is_there()) return;
  std::string wanted = background->prompt(narrow(typed()));
  if (above.empty() && wanted == prompt) return;
  erase(rows_above());
  prompt = std::move(wanted);
  redraw();
}

// Terminals differ in whether they wrap the line anew. Erasing too little leaves a row of an old
// prompt behind, erasing too much a message that nobody has read yet.
void LineEditor::State::on_resize() {
  const std::size_t rows_before = rows_above();
  ::el_resize(edit.get());
  erase(std::min(rows_before, rows_above()));
  redraw();
}

// libedit believes that the terminal is as it left it.
void LineEditor::State::on_continue() {
  ::el_wset(edit.get(), EL_PREP_TERM, 0);
  ::el_wset(edit.get(), EL_PREP_TERM, 1);
  std::fputs("\r", stdout);
  redraw();
}

void LineEditor::State::redraw() {
  write_above();
  ::el_wset(edit.get(), EL_REFRESH);
}

int LineEditor::State::leave(LineResult how) {
  result = how;
  if (how == LineResult::left) {
    erase(rows_above());
    write_above();
  }
  return -1;
}

// --- the screen

std::wstring_view LineEditor::State::typed() const {
  const LineInfoW* line = ::el_wline(edit.get());
  return {line->buffer, static_cast<std::size_t>(line->lastchar - line->buffer)};
}

ScreenSize LineEditor::State::screen() const {
  const auto number = [this](const char* name) {
    int value = 0;
    ::el_get(edit.get(), EL_GETTC, name, &value);
    return static_cast<std::size_t>(std::max(value, 1));
  };
  return {number("co"), number("li")};
}

std::size_t LineEditor::State::rows_above() const {
  const LineInfoW* line = ::el_wline(edit.get());
  const auto cursor = static_cast<std::size_t>(line->cursor - line->buffer);
  return rows_above_cursor(widen(prompt), typed(), cursor, screen());
}

// Leaves the cursor where the prompt began. ECMA-48: CUU, ED.
void LineEditor::State::erase(std::size_t rows) const {
  if (!moves_cursor()) {
    std::fputc('\n', stdout);
    return;
  }
  std::fputc('\r', stdout);
  if (rows > 0) std::fprintf(stdout, "\x1b[%zuA", rows);
  std::fputs("\x1b[J", stdout);
}

void LineEditor::State::write_above() {
  std::fwrite(above.data(), 1, above.size(), stdout);
  std::fflush(stdout);
  above.clear();
}

// --- the editor

LineEditor::LineEditor(Completer completer, std::string history_path)
    : state_(std::make_unique<State>()) {
  state_->completer = std::move(completer);
  state_->history_path = std::move(history_path);
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
  return read_line(line);
}

LineResult LineEditor::read(Background& background, std::string& line) {
  state_->background = &background;
  state_->begun = false;
  state_->preset = std::exchange(line, {});
  state_->result = LineResult::end;
  if (!input_is_there()) state_->prompt = background.prompt(state_->preset);
  ::el_wset(state_->edit.get(), EL_GETCFN, &State::read_key);
  const LineResult result = read_line(line);
  ::el_wset(state_->edit.get(), EL_GETCFN, EL_BUILTIN_GETCFN);
  state_->background = nullptr;
  state_->write_above();
  if (state_->problem) std::rethrow_exception(std::exchange(state_->problem, nullptr));
  return result == LineResult::end ? state_->result : result;
}

LineResult LineEditor::read_line(std::string& line) {
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

void LineEditor::show(std::string_view lines) {
  state_->above += lines;
  if (state_->background == nullptr) state_->write_above();
}

void LineEditor::remember(const std::string& line) {
  HistEvent event{};
  ::history(state_->history.get(), &event, H_ENTER, line.c_str());
  if (state_->history_path.empty()) return;
  ::history(state_->history.get(), &event, H_SAVE, state_->history_path.c_str());
}

}  // namespace reactord::cli
