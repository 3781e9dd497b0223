// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tools/reactor-cli/terminal/key_decoder.h"
#include "tools/reactor-cli/top/top_view.h"

using namespace reactord::cli;

namespace {

using Wish = TopView::Wish;

std::string client(int id, std::string_view name, int commands, int in, int idle = 0,
                   std::string_view command = "ceil") {
  return fmt::format(
      "id={} addr=10.0.0.{}:1 name={} age={} idle={} tot-mem={} cmd={} user=ada tot-net-in={} "
      "tot-net-out=0 tot-cmds={} tot-cpu-usec=500000 listener=default\n",
      id, id, name, 100 - id, idle, 1000 * id, command, in, commands);
}

TopLook look(const std::string& clients, double seconds = 2) {
  TopLook all;
  all.info = Figures::from_info(
      "reactord_version:1.2\nuptime_in_seconds:200\nconnected_clients:3\nmaxclients:1000\n"
      "connected_admin_clients:1\ndraining:0\ntotal_commands_processed:1000\n"
      "cmdstat_ceil:calls=100,usec=2000,usec_per_call=20.00,failed_calls=10\n"
      "cmdstat_text:calls=900,usec=900,usec_per_call=1.00,failed_calls=0\n");
  all.latencies = Figures::from_info("latency_percentiles_usec_ceil:p50=10,p99=1500,p99.9=3000\n");
  all.clients = client_list(clients);
  all.seconds = seconds;
  return all;
}

std::vector<std::uint64_t> ids(const std::vector<ClientRow>& rows) {
  std::vector<std::uint64_t> all;
  for (const ClientRow& row : rows) all.push_back(row.id);
  return all;
}

/// Three clients, of which the second does the most.
TopView view_of_three() {
  TopView view;
  view.show(look(client(1, "a", 10, 0) + client(2, "", 10, 0) + client(3, "c", 10, 0), 0));
  view.show(look(client(1, "a", 20, 900) + client(2, "", 410, 0) + client(3, "c", 10, 50, 30)));
  return view;
}

std::string screen(const TopView& view, std::size_t columns = 120, std::size_t rows = 12) {
  std::string text;
  for (const std::string& line : view.lines({columns, rows}, false)) text += line + "\n";
  return text;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("top: rates are of the time between two looks; a smaller counter is another one") {
  const ClientList before = client_list(client(1, "", 100, 1000) + client(2, "", 500, 0));
  const ClientList now =
      client_list(client(1, "", 130, 5000) + client(2, "", 3, 0) + client(9, "", 91, 0));
  const auto rows = client_rows(now, before, 2, TopOrder::rate, "");
  REQUIRE(ids(rows) == std::vector<std::uint64_t>{1, 9, 2});
  CHECK(rows[0].rate == doctest::Approx(15));
  CHECK(rows[0].received == doctest::Approx(2000));
  CHECK(rows[1].rate == doctest::Approx(1));  // 91 in its 91 seconds
  CHECK(rows[2].rate == 0);
}

TEST_CASE("top: each order, and a filter that looks at whatever is shown") {
  const ClientList all = client_list(client(1, "a", 5, 10, 7) + client(2, "b", 50, 5, 1) +
                                     client(3, "c", 20, 900, 3, "text"));
  using Ids = std::vector<std::uint64_t>;
  const auto by = [&](TopOrder order, std::string_view filter = "") {
    return ids(client_rows(all, {}, 1, order, filter));
  };
  CHECK(by(TopOrder::rate) == Ids{2, 3, 1});
  CHECK(by(TopOrder::received) == Ids{3, 1, 2});
  CHECK(by(TopOrder::memory) == Ids{3, 2, 1});
  CHECK(by(TopOrder::idle) == Ids{1, 3, 2});
  CHECK(by(TopOrder::age) == Ids{1, 2, 3});
  CHECK(by(TopOrder::rate, "text") == Ids{3});
  CHECK(by(TopOrder::rate, "10.0.0.2") == Ids{2});
  CHECK(by(TopOrder::rate, "ada") == Ids{2, 3, 1});
  CHECK(by(TopOrder::rate, "nobody").empty());
}

TEST_CASE("top: commands by their share of the processor") {
  const Figures before = Figures::from_info(
      "cmdstat_ceil:calls=0,usec=0,failed_calls=0\ncmdstat_text:calls=0,usec=0,failed_calls=0\n");
  const TopLook now = look("");
  const auto rows = command_rows(now.info, before, now.latencies, 2, "");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].name == "ceil");
  CHECK(rows[0].rate == doctest::Approx(50));
  CHECK(rows[0].share == doctest::Approx(0.001));
  CHECK(rows[0].failures == doctest::Approx(5));
  CHECK(rows[0].p99 == doctest::Approx(1500));
  CHECK(rows[1].p99 == 0);
}

TEST_CASE("top: the screen is as large as the terminal, whatever clients are called") {
  TopView view;
  std::string many;
  for (int id = 1; id <= 50; ++id)
    many += client(id, id == 1 ? "\x1b[31m\xff\xc3\xa4" : "n", id, 0);
  view.show(look(many));
  for (const std::size_t columns : {1u, 20u, 79u, 300u})
    for (const std::size_t rows : {1u, 5u, 24u, 200u}) {
      const auto lines = view.lines({columns, rows}, false);
      CHECK(lines.size() == std::max<std::size_t>(rows, 5));
      for (const std::string& line : lines) {
        CHECK(line.find('\x1b') == line.npos);
        CHECK(std::ranges::count_if(line, [](char c) { return (c & 0xc0) != 0x80; }) <=
              static_cast<std::ptrdiff_t>(columns));
      }
    }
}

TEST_CASE("top: keys select, and who is selected stays so when the order changes") {
  TopView view = view_of_three();
  CHECK(has(screen(view), ">      2     200"));
  CHECK(view.on_key(keys::kDown) == Wish::nothing);
  CHECK(has(screen(view), ">      1       5"));
  view.show(look(client(1, "a", 2000, 900) + client(2, "", 411, 0) + client(3, "c", 10, 50, 30)));
  CHECK(has(screen(view), ">      1     990"));
  for (int i = 0; i < 9; ++i) (void)view.on_key(keys::kDown);
  CHECK(has(screen(view), ">      3"));
  (void)view.on_key(keys::kHome);
  CHECK(has(screen(view), ">      1"));
}

TEST_CASE("top: a list that is longer than the screen moves with who is selected") {
  TopView view;
  std::string many;
  for (int id = 1; id <= 50; ++id) many += client(id, "", 0, 0);
  view.show(look(many));
  many.clear();
  for (int id = 1; id <= 50; ++id) many += client(id, "", 1000 - id, 0);
  view.show(look(many));
  (void)view.on_key(keys::kEnd);
  CHECK(has(screen(view), ">     50"));
  CHECK_FALSE(has(screen(view), "      1 "));
}

TEST_CASE("top: a filter is typed") {
  TopView view = view_of_three();
  for (const char* key : {"/", "1", "0", ".", "0", ".", "0", ".", "3"}) (void)view.on_key(key);
  CHECK(has(screen(view), "filter: 10.0.0.3_"));
  CHECK_FALSE(has(screen(view), "10.0.0.2"));
  // A letter is no command meanwhile.
  CHECK(view.on_key("q") == Wish::nothing);
  (void)view.on_key("\x7f");
  (void)view.on_key("\r");
  CHECK(has(screen(view), "filter: 10.0.0.3"));
  CHECK(has(screen(view), "10.0.0.3:1 c"));
  (void)view.on_key("/");
  (void)view.on_key("\x1b");
  CHECK(has(screen(view), "10.0.0.2"));
}

TEST_CASE("top: details, and a question before a kill") {
  TopView view = view_of_three();
  (void)view.on_key("\r");
  CHECK(has(screen(view, 80, 30), "tot-cmds  410"));
  CHECK(view.on_key("k") == Wish::nothing);  // back to the list
  CHECK(view.on_key("k") == Wish::nothing);
  CHECK(has(screen(view), "kill client 2? (y/n)"));
  CHECK(view.on_key("n") == Wish::nothing);
  CHECK(view.on_key("k") == Wish::nothing);
  CHECK(view.on_key("y") == Wish::kill);
  CHECK(view.chosen() == 2);
  view.tell("client 2 was killed");
  CHECK(has(screen(view), "client 2 was killed"));
  CHECK(view.on_key(keys::kDown) == Wish::nothing);
  CHECK_FALSE(has(screen(view), "was killed"));
  CHECK(view.on_key(" ") == Wish::look_now);
  CHECK(view.on_key("q") == Wish::leave);
}

TEST_CASE("top: who was looked at closely may go") {
  TopView view = view_of_three();
  (void)view.on_key("\r");
  view.show(look(client(1, "a", 20, 900)));
  CHECK(has(screen(view), "It has gone."));
}

TEST_CASE("top: without clients no key does harm") {
  TopView view;
  for (const std::string_view key :
       {keys::kUp, keys::kDown, keys::kEnd, std::string_view("\r"), std::string_view("k"),
        std::string_view("s"), std::string_view("c")})
    CHECK(view.on_key(key) == Wish::nothing);
  view.show(look(""));
  CHECK(has(screen(view), "COMMAND"));
}

TEST_CASE("top: the head has rates of the whole server") {
  TopView view;
  TopLook before = look("", 0);
  before.info.set("used_cpu_user", "1");
  view.show(before);
  TopLook now = look("");
  now.info.set("used_cpu_user", "2.5");
  now.info.set("total_commands_processed", "5000");
  now.info.set("draining", "1");
  view.show(now);
  CHECK(has(screen(view), "reactord 1.2, up 3 m   3 of 1.0k clients, 1 administrators   DRAINING"));
  CHECK(has(screen(view), "2.0k requests/s   processor 75%"));
}
