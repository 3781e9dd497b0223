// SPDX-License-Identifier: MIT
// The screen of `top`: which keys do what, and what is shown, as lines of text. Knows no terminal
// and no server: the keys come in, the lines and what is wanted of the server go out.
//
//   list --Enter--> details of a client --any key--> list
//   list --k--> "kill client 7? (y/n)" --y--> wanted: kill 7
//   list --/--> a filter is typed --Enter--> list
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/reactor-cli/terminal/screen_rows.h"
#include "tools/reactor-cli/top/client_rows.h"

namespace reactord::cli {

/// What was asked of the server at one time.
struct TopLook {
  Figures info;       ///< with commandstats
  Figures latencies;  ///< INFO latencystats
  ClientList clients;
  double seconds = 0;  ///< since the look before; 0: there was none
};

class TopView {
 public:
  /// What the person wants, once.
  enum class Wish : std::uint8_t { nothing, leave, look_now, kill };

  void show(TopLook look);
  /// A character, or one of `keys` (key_decoder.h).
  [[nodiscard]] Wish on_key(std::string_view key);
  /// Of Wish::kill.
  [[nodiscard]] std::uint64_t chosen() const { return chosen_; }
  /// Above the list, until the next key: what came of a kill.
  void tell(std::string text) { told_ = std::move(text); }

  /// As many lines as the screen has rows, none wider than it; escaped, without line ends.
  [[nodiscard]] std::vector<std::string> lines(ScreenSize screen, bool color) const;
  /// The table alone, of all clients: for who is no person.
  [[nodiscard]] std::vector<std::string> table(std::size_t columns) const;

  void set_order(TopOrder order) { order_ = order; }
  void set_filter(std::string filter) { filter_ = std::move(filter); }

 private:
  enum class State : std::uint8_t { list, filtering, details, asking };

  [[nodiscard]] Wish on_list_key(std::string_view key);
  void on_filter_key(std::string_view key);
  void move(std::ptrdiff_t rows);
  void sort_rows();
  [[nodiscard]] std::string head(std::size_t line) const;
  [[nodiscard]] std::string foot() const;
  [[nodiscard]] std::string titles() const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::string row(std::size_t index) const;
  [[nodiscard]] std::vector<std::string> detail_lines() const;
  [[nodiscard]] const ClientRow* selected() const;

  TopLook look_;
  TopLook before_;
  State state_ = State::list;
  TopOrder order_ = TopOrder::rate;
  bool shows_commands_ = false;
  std::string filter_;
  std::string told_;
  std::vector<ClientRow> clients_;
  std::vector<CommandRow> commands_;
  std::size_t at_ = 0;        ///< the selected row
  bool is_held_ = false;      ///< somebody has selected it: else the first is
  std::uint64_t chosen_ = 0;  ///< the client of the details, or of the question
};

}  // namespace reactord::cli
