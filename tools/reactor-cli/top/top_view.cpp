// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/top/top_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "protocol/escape.h"
#include "tools/reactor-cli/terminal/key_decoder.h"

namespace reactord::cli {
namespace {

constexpr std::string_view kEnterKey = "\r";
constexpr std::string_view kEscape = "\x1b";
constexpr std::size_t kHeadLines = 3;
constexpr std::size_t kMaxFilterBytes = 64;
constexpr std::string_view kInverse = "\x1b[7m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kPlain = "\x1b[0m";

/// "3 s", "12 m", "5 h", "9 d".
std::string short_time(double seconds) {
  if (seconds < 100) return fmt::format("{:.0f} s", seconds);
  if (seconds < 100 * 60) return fmt::format("{:.0f} m", seconds / 60);
  if (seconds < 100 * 3600) return fmt::format("{:.0f} h", seconds / 3600);
  return fmt::format("{:.0f} d", seconds / 86'400);
}

/// "0.42 ms", "17 us", of a time in microseconds.
std::string short_micros(double micros) {
  if (micros <= 0) return "-";
  if (micros < 1000) return fmt::format("{:.0f} us", micros);
  if (micros < 1e6) return fmt::format("{:.3g} ms", micros / 1000);
  return fmt::format("{:.3g} s", micros / 1e6);
}

/// Of ASCII and of what escaped() has left; cut inside no character.
std::string fitted(const std::string& text, std::size_t columns) {
  std::size_t shown = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
    if (begins && shown == columns) break;
    shown += begins ? 1 : 0;
    ++at;
  }
  return text.substr(0, at);
}

/// A part of `key`: one of those that the list knows, in small letters.
bool is_key(std::string_view key, std::string_view letters) {
  return key.size() == 1 && letters.find(key[0]) != letters.npos;
}

double rate_of(const TopLook& now, const TopLook& before, std::string_view name) {
  if (now.seconds <= 0) return 0;
  const double more = now.info.number_or(name, 0) - before.info.number_or(name, 0);
  return std::max(0.0, more) / now.seconds;
}

}  // namespace

void TopView::show(TopLook look) {
  before_ = std::move(look_);
  look_ = std::move(look);
  sort_rows();
}

/// Whom somebody has selected stays so, wherever it has gone.
void TopView::sort_rows() {
  const ClientRow* const at = is_held_ ? selected() : nullptr;
  const std::uint64_t kept = at == nullptr ? 0 : at->id;
  clients_ = client_rows(look_.clients, before_.clients, look_.seconds, order_, filter_);
  commands_ = command_rows(look_.info, before_.info, look_.latencies, look_.seconds, filter_);
  const auto found = std::ranges::find(clients_, kept, &ClientRow::id);
  if (!shows_commands_ && found != clients_.end())
    at_ = static_cast<std::size_t>(found - clients_.begin());
  at_ = std::min(at_, size() == 0 ? 0 : size() - 1);
}

std::size_t TopView::size() const {
  return shows_commands_ ? commands_.size() : clients_.size();
}

const ClientRow* TopView::selected() const {
  return shows_commands_ || at_ >= clients_.size() ? nullptr : &clients_[at_];
}

// --- keys

TopView::Wish TopView::on_key(std::string_view key) {
  told_.clear();
  switch (state_) {
    case State::filtering:
      on_filter_key(key);
      return Wish::nothing;
    case State::details:
      state_ = State::list;
      return is_key(key, "q") ? Wish::leave : Wish::nothing;
    case State::asking:
      state_ = State::list;
      return is_key(key, "yY") ? Wish::kill : Wish::nothing;
    case State::list:
      break;
  }
  return on_list_key(key);
}

TopView::Wish TopView::on_list_key(std::string_view key) {
  if (is_key(key, "qQ\x03\x04")) return Wish::leave;
  if (is_key(key, " ")) return Wish::look_now;
  if (key == keys::kUp) move(-1);
  if (key == keys::kDown) move(1);
  if (key == keys::kHome) move(-static_cast<std::ptrdiff_t>(size()));
  if (key == keys::kEnd) move(static_cast<std::ptrdiff_t>(size()));
  if (is_key(key, "/")) state_ = State::filtering;
  if (is_key(key, "c")) {
    shows_commands_ = !shows_commands_;
    at_ = 0;
    is_held_ = false;
  }
  if (is_key(key, "s") || key == keys::kRight) {
    order_ = static_cast<TopOrder>((static_cast<std::size_t>(order_) + 1) % kTopOrders);
    sort_rows();
  }
  const ClientRow* const client = selected();
  if (client == nullptr) return Wish::nothing;
  chosen_ = client->id;
  if (key == kEnterKey) state_ = State::details;
  if (is_key(key, "k")) state_ = State::asking;
  return Wish::nothing;
}

void TopView::on_filter_key(std::string_view key) {
  if (key == kEnterKey) {
    state_ = State::list;
  } else if (key == kEscape) {
    filter_.clear();
    state_ = State::list;
  } else if (is_key(key, "\x7f\x08")) {
    if (!filter_.empty()) filter_.pop_back();
  } else if (key.size() == 1 && ' ' <= key[0] && key[0] < 0x7f &&
             filter_.size() < kMaxFilterBytes) {
    filter_ += key;
  }
  sort_rows();
}

void TopView::move(std::ptrdiff_t rows) {
  const auto last = std::max(static_cast<std::ptrdiff_t>(size()) - 1, std::ptrdiff_t{0});
  const auto wanted = static_cast<std::ptrdiff_t>(at_) + rows;
  at_ = static_cast<std::size_t>(std::clamp(wanted, std::ptrdiff_t{0}, last));
  is_held_ = at_ > 0;
}

// --- what is shown

std::string TopView::head(std::size_t line) const {
  const Figures& info = look_.info;
  if (line == 0)
    return fmt::format("{} {}, up {}   {} of {} clients, {} administrators{}",
                       info.has("reactord_version") ? "reactord" : "server",
                       info.text("reactord_version"),
                       short_time(info.number_or("uptime_in_seconds", 0)),
                       short_count(info.number_or("connected_clients", 0)),
                       short_count(info.number_or("maxclients", 0)),
                       short_count(info.number_or("connected_admin_clients", 0)),
                       info.text("draining") == "1" ? "   DRAINING" : "");
  const double cpu =
      rate_of(look_, before_, "used_cpu_user") + rate_of(look_, before_, "used_cpu_sys");
  return fmt::format("{} requests/s   processor {:.0f}%   memory {}   turns p99 {}",
                     short_count(rate_of(look_, before_, "total_commands_processed")), 100 * cpu,
                     short_bytes(info.number_or("used_memory_rss", 0)),
                     short_micros(info.number_or("loop_turn_usec_p99", 0)));
}

std::string TopView::titles() const {
  if (shows_commands_)
    return fmt::format("{:<24} {:>9} {:>9} {:>9} {:>6} {:>9}", "COMMAND", "CALLS/s", "MEAN", "P99",
                       "CPU", "ERRORS/s");
  return fmt::format("{:>7} {:>7} {:>6} {:>7} {:>7} {:>7} {:>6} {:>6}  {:<12} {:<10} {}", "ID",
                     "REQ/s", "CPU", "IN/s", "OUT/s", "MEMORY", "IDLE", "AGE", "COMMAND", "USER",
                     "CLIENT");
}

std::string TopView::row(std::size_t index) const {
  if (shows_commands_) {
    const CommandRow& command = commands_[index];
    return fmt::format("{:<24} {:>9} {:>9} {:>9} {:>5.1f}% {:>9}", escaped(command.name, 24),
                       short_count(command.rate), short_micros(command.mean),
                       short_micros(command.p99), 100 * command.share,
                       short_count(command.failures));
  }
  const ClientRow& client = clients_[index];
  return fmt::format("{:>7} {:>7} {:>5.1f}% {:>7} {:>7} {:>7} {:>6} {:>6}  {:<12} {:<10} {}",
                     client.id, short_count(client.rate), 100 * client.share,
                     short_bytes(client.received), short_bytes(client.sent),
                     short_bytes(client.memory), short_time(client.idle), short_time(client.age),
                     escaped(client.command, 12), escaped(client.user, 10),
                     escaped(client.who, 200));
}

std::string TopView::foot() const {
  switch (state_) {
    case State::filtering:
      return fmt::format("filter: {}_   Enter: as it is   Esc: none", filter_);
    case State::asking:
      return fmt::format("kill client {}? (y/n)", chosen_);
    case State::details:
      return "any key: back to the list   q: leave";
    case State::list:
      break;
  }
  if (!told_.empty()) return escaped(told_, 200);
  const std::string filter = filter_.empty() ? "" : fmt::format("   filter: {}", filter_);
  return fmt::format("q leave   s sort ({})   / filter{}   c commands   Enter details   k kill",
                     name_of(order_), filter);
}

std::vector<std::string> TopView::detail_lines() const {
  std::vector<std::string> lines{fmt::format("client {}", chosen_), ""};
  const auto found = look_.clients.find(chosen_);
  if (found == look_.clients.end()) return {lines[0], "", "It has gone."};
  for (const auto& [name, value] : found->second.all())
    lines.push_back(fmt::format("{:>17}  {}", escaped(name, 24), escaped(value, 200)));
  return lines;
}

std::vector<std::string> TopView::lines(ScreenSize screen, bool color) const {
  const std::size_t rows = std::max<std::size_t>(screen.rows, kHeadLines + 2);
  const std::size_t room = rows - kHeadLines - 1;
  std::vector<std::string> lines;
  const auto add = [&](const std::string& text, std::string_view how = {}) {
    std::string line = fitted(text, screen.columns);
    lines.push_back(color && !how.empty() ? fmt::format("{}{}{}", how, line, kPlain) : line);
  };
  add(head(0));
  add(head(1));
  if (state_ == State::details) {
    for (const std::string& line : detail_lines())
      if (lines.size() < rows - 1) add(line);
  } else {
    add(titles(), kBold);
    const std::size_t first = at_ < room ? 0 : at_ - room + 1;
    for (std::size_t i = first; i < size() && i < first + room; ++i)
      add((!color && i == at_ ? ">" : "") + row(i), i == at_ ? kInverse : std::string_view());
  }
  lines.resize(rows - 1);
  add(foot());
  return lines;
}

std::vector<std::string> TopView::table(std::size_t columns) const {
  std::vector<std::string> lines{fitted(titles(), columns)};
  for (std::size_t i = 0; i < size(); ++i) lines.push_back(fitted(row(i), columns));
  return lines;
}

}  // namespace reactord::cli
