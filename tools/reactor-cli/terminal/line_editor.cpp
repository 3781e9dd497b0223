// SPDX-License-Identifier: MIT
//
// libedit takes its keys from State::next_key(), through the decoder of keys, which waits for the
// terminal and the background's socket at once.
#include "tools/reactor-cli/terminal/line_editor.h"

#include <fmt/format.h>
#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <exception>
#include <utility>

#include "tools/reactor-cli/command_line/failure.h"
#include "tools/reactor-cli/net/interrupt.h"
#include "tools/reactor-cli/terminal/history.h"
#include "tools/reactor-cli/terminal/key_decoder.h"
#include "tools/reactor-cli/terminal/line_display.h"
#include "tools/reactor-cli/terminal/terminal_wait.h"
#include "tools/reactor-cli/terminal/wide_text.h"

namespace reactord::cli {
namespace {

constexpr int kMaxHistoryLines = 1000;
/// A sequence that begins with the escape character has come as a whole by then, over a network,
/// too; in vi's mode the key is waited for no longer.
constexpr int kEscapeWaitMs = 50;

struct Binding {
  std::string_view key;
  const char* command;
};
constexpr Binding kBindings[] = {{keys::kUp, "ed-prev-history"},
                                 {keys::kDown, "ed-next-history"},
                                 {keys::kRight, "ed-next-char"},
                                 {keys::kLeft, "ed-prev-char"},
                                 {keys::kHome, "ed-move-to-beg"},
                                 {keys::kEnd, "ed-move-to-end"},
                                 {keys::kDelete, "ed-delete-next-char"},
                                 {keys::kWordLeft, "ed-prev-word"},
                                 {keys::kWordRight, "em-next-word"},
                                 {keys::kDeleteWord, "em-delete-next-word"},
                                 {"\t", "reactor-complete"},
                                 {"\x12", "em-inc-search-prev"}};

struct EditLineEnd {
  void operator()(EditLine* edit) const { ::el_end(edit); }
};
struct HistoryEnd {
  void operator()(History* history) const { ::history_end(history); }
};

bool input_is_there(int within_ms = 0) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return ::poll(&input, 1, within_ms) > 0;
}

/// What read_byte() returns instead of a byte.
constexpr int kNoInput = -1;
constexpr int kLater = -2;

}  // namespace

struct LineEditor::State {
  // What libedit calls.
  static char* show_prompt(EditLine* edit);
  static unsigned char complete(EditLine* edit, int key);
  static int read_key(EditLine* edit, wchar_t* key);
  static State& of(EditLine* edit);

  int next_key(wchar_t& key);
  int wait_for_key(wchar_t& key);
  int take_key(wchar_t& key);
  int to_character(char byte, wchar_t& key);
  int read_byte();
  void insert(const std::string& text);
  void bind(const Binding& binding);
  [[nodiscard]] bool is_vi() const;
  void begin_line();
  void update();
  int leave(LineResult how);

  Completer completer;
  LineDisplay display;
  std::string history_path;
  std::unique_ptr<History, HistoryEnd> history;
  std::unique_ptr<EditLine, EditLineEnd> edit;

  KeyDecoder decoder;
  std::string decoded;  ///< keys for libedit, from `decoded_at` on
  std::size_t decoded_at = 0;
  std::mbstate_t partial_key{};  ///< the first bytes of a character

  // Of the line that is being read:
  Background* background = nullptr;
  bool begun = false;          ///< what `preset` holds is in the line
  std::string preset;          ///< to be in the line at first
  LineResult result{};         ///< why it was left
  std::exception_ptr problem;  ///< thrown by the background: libedit's frames know no exceptions
};

namespace {

void load_history(History* history, const std::string& path) {
  HistEvent event{};
  ::history(history, &event, H_SETSIZE, kMaxHistoryLines);
  ::history(history, &event, H_SETUNIQUE, 1);
  if (path.empty()) return;
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
  return of(edit).display.prompt();
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
  while (decoded_at < decoded.size()) {
    const int taken = to_character(decoded[decoded_at++], key);
    if (taken > 0) return taken;
  }
  return wait_for_key(key);
}

int LineEditor::State::wait_for_key(wchar_t& key) {
  if (!begun) begin_line();
  while (true) {
    update();
    const Background::Watched watched = background->watched();
    const short events = watched.writable ? POLLIN | POLLOUT : POLLIN;
    std::array<pollfd, 2> fds = {{{STDIN_FILENO, POLLIN, 0}, {watched.socket, events, 0}}};
    const TerminalEvents signals = wait_on_terminal(fds, watched.deadline);
    if (signals.interrupted) return leave(LineResult::interrupted);
    if (signals.resized) display.on_resize();
    if (signals.continued) display.on_continue();
    Readiness ready;
    ready.readable = (fds[1].revents & ~POLLOUT) != 0;
    ready.writable = (fds[1].revents & POLLOUT) != 0;
    if ((ready.any() || signals.timed_out) && !background->on_ready(ready)) {
      return leave(LineResult::left);
    }
    if (fds[0].revents == 0) continue;
    const int taken = take_key(key);
    if (taken >= 0) return taken;
  }
}

// Returns as next_key() does, but -1 where no key has come of it yet.
int LineEditor::State::take_key(wchar_t& key) {
  const int byte = read_byte();
  if (byte < 0) return byte == kNoInput ? 0 : -1;
  switch (decoder.feed(static_cast<char>(byte))) {
    case KeyDecoder::Result::nothing:
      if (!decoder.is_lone_escape() || !is_vi() || input_is_there(kEscapeWaitMs)) return -1;
      decoded = decoder.take_lone_escape();
      break;
    case KeyDecoder::Result::pasted:
      insert(decoder.take_pasted());
      return -1;
    case KeyDecoder::Result::key:
      key = static_cast<unsigned char>(decoder.take_bytes().front());
      return 1;
    case KeyDecoder::Result::bytes:
      decoded = decoder.take_bytes();
      break;
  }
  decoded_at = 1;
  return to_character(decoded.front(), key);
}

// One byte a time, so that none is taken that belongs to the next line.
int LineEditor::State::read_byte() {
  unsigned char byte = 0;
  const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return kLater;
  return count <= 0 ? kNoInput : byte;
}

// Returns -1 for half a character, and for what is none.
int LineEditor::State::to_character(char byte, wchar_t& key) {
  const std::size_t bytes = std::mbrtowc(&key, &byte, 1, &partial_key);
  if (bytes == static_cast<std::size_t>(-2)) return -1;
  if (bytes == static_cast<std::size_t>(-1)) {
    partial_key = {};
    return -1;
  }
  return 1;
}

void LineEditor::State::insert(const std::string& text) {
  ::el_winsertstr(edit.get(), widen(text).c_str());
  ::el_wset(edit.get(), EL_REFRESH);
}

void LineEditor::State::bind(const Binding& binding) {
  // As an octal escape: libedit reads bytes by the locale, and these are no characters.
  const auto number = static_cast<unsigned char>(binding.key.front());
  const std::string key = fmt::format("\\{:03o}", number);
  ::el_set(edit.get(), EL_BIND, key.c_str(), binding.command, nullptr);
  // Of vi's command mode.
  if (is_vi()) ::el_set(edit.get(), EL_BIND, "-a", key.c_str(), binding.command, nullptr);
}

bool LineEditor::State::is_vi() const {
  const char* editor = nullptr;
  return ::el_get(edit.get(), EL_EDITOR, &editor) == 0 && editor != nullptr &&
         std::strcmp(editor, "vi") == 0;
}

void LineEditor::State::begin_line() {
  begun = true;
  if (!preset.empty()) display.put_in_line(std::exchange(preset, {}));
}

// Shows what is new: text above the line, or another prompt. The background must not take a prompt
// for seen that somebody has typed ahead of, or that a pasted line is for.
void LineEditor::State::update() {
  if (display.typed().empty() && input_is_there()) return;
  display.update(background->prompt(narrow(display.typed())));
}

int LineEditor::State::leave(LineResult how) {
  result = how;
  if (how == LineResult::left) display.close();
  return -1;
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
  state_->display.belong_to(edit);
  ::el_set(edit, EL_CLIENTDATA, state_.get());
  ::el_set(edit, EL_PROMPT, &State::show_prompt);
  ::el_set(edit, EL_EDITOR, "emacs");
  ::el_set(edit, EL_HIST, ::history, state_->history.get());
  // The wide call: the narrow one copies the names and never frees them.
  ::el_wset(edit, EL_ADDFN, L"reactor-complete", L"Complete a command or show its synopsis",
            &State::complete);
  if (is_fit_to_read(editrc_file())) ::el_source(edit, nullptr);  // ~/.editrc
  ::el_wset(edit, EL_GETCFN, &State::read_key);
  for (const Binding& one : kBindings) state_->bind(one);
  LineDisplay::take_pastes_whole(true);
}

LineEditor::~LineEditor() {
  LineDisplay::take_pastes_whole(false);
}

LineResult LineEditor::read(Background& background, std::string& line) {
  state_->background = &background;
  state_->begun = false;
  state_->preset = std::exchange(line, {});
  state_->result = LineResult::end;
  if (!input_is_there()) state_->display.set_prompt(background.prompt(state_->preset));
  const LineResult result = read_line(line);
  state_->background = nullptr;
  state_->display.write_above();
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
  state_->display.add_above(lines);
  if (state_->background == nullptr) state_->display.write_above();
}

void LineEditor::remember(const std::string& line) {
  HistEvent event{};
  ::history(state_->history.get(), &event, H_ENTER, line.c_str());
  if (state_->history_path.empty()) return;
  ::history(state_->history.get(), &event, H_SAVE, state_->history_path.c_str());
}

}  // namespace reactord::cli
