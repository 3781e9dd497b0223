// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/top/top.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "tools/reactor-cli/figures/ask.h"
#include "tools/reactor-cli/net/interrupt.h"
#include "tools/reactor-cli/output/wrap.h"
#include "tools/reactor-cli/terminal/key_decoder.h"
#include "tools/reactor-cli/terminal/terminal_wait.h"
#include "tools/reactor-cli/top/raw_terminal.h"
#include "tools/reactor-cli/top/top_view.h"

namespace reactord::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::milliseconds kInterval{1000};
/// So long an escape character alone waits for the rest of a key.
constexpr std::chrono::milliseconds kEscapeWait{50};
/// Of a table in a pipe: nobody wraps it.
constexpr std::size_t kWide = 200;

std::chrono::milliseconds interval_of(const Options& options) {
  return options.interval_given ? options.interval : kInterval;
}

/// What the server tells, each time of its own.
class Looks {
 public:
  explicit Looks(const Options& options) : options_(options), session_(options) {}

  [[nodiscard]] Session& session() { return session_; }

  [[nodiscard]] TopLook next() {
    TopLook look;
    look.info = ask_info(session_, options_.timeout);
    look.info.add(ask_command_stats(session_, options_.timeout));
    if (const auto text = tell({"INFO", "latencystats"}))
      look.latencies = Figures::from_info(*text);
    if (const auto text = tell({"CLIENT", "LIST"})) look.clients = client_list(*text);
    const auto now = Clock::now();
    if (last_) look.seconds = std::chrono::duration<double>(now - *last_).count();
    last_ = now;
    return look;
  }

  /// What came of it, for people.
  [[nodiscard]] std::string kill(std::uint64_t id) {
    const std::string number = std::to_string(id);
    const Reply reply =
        ask(session_, std::array<std::string_view, 4>{"CLIENT", "KILL", "ID", number},
            options_.timeout);
    if (reply.kind == Reply::Kind::error) return reply.text;
    return fmt::format("client {} was killed", id);
  }

 private:
  [[nodiscard]] std::optional<std::string> tell(std::array<std::string_view, 2> words) {
    return ask_text(session_, words, options_.timeout);
  }

  const Options& options_;
  Session session_;
  std::optional<Clock::time_point> last_;
};

Json json_of(const TopLook& now, const TopLook& before) {
  Json clients = Json::array();
  for (const ClientRow& row :
       client_rows(now.clients, before.clients, now.seconds, TopOrder::rate, ""))
    clients.push_back({{"id", row.id},
                       {"client", row.who},
                       {"user", row.user},
                       {"listener", row.listener},
                       {"command", row.command},
                       {"requests_per_second", row.rate},
                       {"processor", row.share},
                       {"in_per_second", row.received},
                       {"out_per_second", row.sent},
                       {"memory", row.memory},
                       {"idle", row.idle},
                       {"age", row.age}});
  Json commands = Json::array();
  for (const CommandRow& row : command_rows(now.info, before.info, now.latencies, now.seconds, ""))
    commands.push_back({{"command", row.name},
                        {"calls_per_second", row.rate},
                        {"usec_per_call", row.mean},
                        {"processor", row.share},
                        {"failures_per_second", row.failures},
                        {"p99_usec", row.p99}});
  return {{"clients", std::move(clients)}, {"commands", std::move(commands)}};
}

/// The first table needs two looks.
void print_tables(const Options& options, Output& output) {
  Looks looks(options);
  TopLook before = looks.next();
  TopView view;
  view.show(before);
  for (std::uint64_t round = 0; round < std::max<std::uint64_t>(options.rounds, 1); ++round) {
    wait_until(looks.session(), Clock::now() + interval_of(options));
    TopLook now = looks.next();
    if (options.json) {
      output.write(json_of(now, before).dump(-1, ' ', false, Json::error_handler_t::replace) +
                   '\n');
      before = std::move(now);
    } else {
      view.show(std::move(now));
      for (const std::string& line : view.table(kWide)) output.write(line + '\n');
    }
    output.flush();
  }
}

class Screen {
 public:
  Screen(const Options& options, Output& output)
      : options_(options), looks_(options), output_(output), terminal_(output) {}

  void run() {
    look();
    std::uint64_t round = 1;
    while (true) {
      terminal_.draw(view_.lines(RawTerminal::size(), output_.has_color()));
      const bool is_waiting = decoder_.is_lone_escape();
      std::array<pollfd, 1> input{{{STDIN_FILENO, POLLIN, 0}}};
      const TerminalEvents events =
          wait_on_terminal(input, is_waiting ? Clock::now() + kEscapeWait : next_look_);
      if (events.interrupted) throw Interrupted{};
      if (events.continued) terminal_.take_again();
      if (input[0].revents != 0) {
        if (!take_keys()) return;
      } else if (events.timed_out && is_waiting) {
        if (!on_key(decoder_.take_lone_escape())) return;
      }
      if (Clock::now() < next_look_) continue;
      if (options_.rounds > 0 && round++ >= options_.rounds) return;
      look();
    }
  }

 private:
  void look() {
    view_.show(looks_.next());
    next_look_ = Clock::now() + interval_of(options_);
  }

  /// False where it is over: the person leaves, or the terminal is gone.
  [[nodiscard]] bool take_keys() {
    std::array<char, 256> bytes{};
    const ssize_t count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) return false;
    for (ssize_t i = 0; i < count; ++i) {
      const KeyDecoder::Result result = decoder_.feed(bytes[static_cast<std::size_t>(i)]);
      if (result == KeyDecoder::Result::pasted) {
        static_cast<void>(decoder_.take_pasted());
      } else if (result != KeyDecoder::Result::nothing && !on_key(decoder_.take_bytes())) {
        return false;
      }
    }
    return true;
  }

  [[nodiscard]] bool on_key(const std::string& key) {
    switch (view_.on_key(key)) {
      case TopView::Wish::leave:
        return false;
      case TopView::Wish::look_now:
        next_look_ = Clock::now();
        return true;
      case TopView::Wish::kill:
        view_.tell(looks_.kill(view_.chosen()));
        next_look_ = Clock::now();
        return true;
      case TopView::Wish::nothing:
        break;
    }
    return true;
  }

  const Options& options_;
  Looks looks_;
  Output& output_;
  TopView view_;
  KeyDecoder decoder_;
  RawTerminal terminal_;
  Clock::time_point next_look_;
};

}  // namespace

ExitCode run_top(const Options& options, Output& output) {
  catch_interrupts();
  const bool is_watched = output.is_terminal() && ::isatty(STDIN_FILENO) == 1 && !options.json;
  if (is_watched) catch_terminal_signals();
  try {
    is_watched ? Screen(options, output).run() : print_tables(options, output);
  } catch (const Interrupted&) {
    output.flush();  // all of it is printed already
  }
  return ExitCode::success;
}

}  // namespace reactord::cli
