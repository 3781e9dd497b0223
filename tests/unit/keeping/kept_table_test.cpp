// SPDX-License-Identifier: MIT
#include "daemon/keeping/kept_table.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

using namespace reactord;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::seconds kNow = 5000s;
constexpr std::size_t kMost = 100;

SavedConnection sample(std::string listener = "main") {
  SavedConnection saved;
  saved.client_id = 7;
  saved.listener = std::move(listener);
  saved.peer_ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
  saved.peer_port = 50'000;
  saved.age = 100s;
  saved.past_first = saved.must_linger = true;
  return saved;
}

SavedConnection rich() {
  SavedConnection saved = sample("local");
  saved.client_id = 1ull << 40;
  saved.framing = Framing::line;
  saved.is_admin = saved.no_evict = saved.answers_in_resp = true;
  saved.protocol = 3;
  saved.reply_mode = ReplyMode::off;
  saved.name = "me";
  saved.library_name = "lib";
  saved.library_version = "1.0";
  saved.user = "ann";
  return saved;
}

struct FilledTable {
  FilledTable() {
    REQUIRE(table.open(4) == "");
    REQUIRE(table.put(0, 11, sample(), kNow));
    REQUIRE(table.put(2, 12, rich(), kNow));
    table.notes()[2].standing = Standing::in_work;
    table.set_last_client_id(99);
  }
  [[nodiscard]] ReceivedTable read() const {
    return read_kept_table(table.memory().bytes(), kNow, kMost);
  }
  KeptTable table;
};

}  // namespace

TEST_CASE("kept table: what is put is read, with how it stood") {
  const FilledTable filled;
  const ReceivedTable read = filled.read();
  CHECK(read.problem == "");
  CHECK(read.last_client_id == 99);
  REQUIRE(read.connections.size() == 2);
  CHECK(read.connections[0].cookie == 11);
  CHECK(read.connections[0].standing == Standing::at_rest);
  CHECK(read.connections[0].saved == sample());
  CHECK(read.connections[1].cookie == 12);
  CHECK(read.connections[1].standing == Standing::in_work);
  CHECK(read.connections[1].saved == rich());
}

TEST_CASE("kept table: time goes on while nobody serves") {
  KeptTable table;
  REQUIRE(table.open(1) == "");
  SavedConnection young = sample();
  young.past_first = false;
  REQUIRE(table.put(0, 11, young, kNow));
  const ReceivedTable read = read_kept_table(table.memory().bytes(), kNow + 3s, kMost);
  REQUIRE(read.connections.size() == 1);
  CHECK(read.connections[0].saved.age == 103s);
  CHECK(read.connections[0].saved.is_input_timed);
  CHECK(read.connections[0].saved.input_waited == 103s);
}

TEST_CASE("kept table: whoever has gone is not read") {
  FilledTable filled;
  filled.table.clear(0);
  CHECK(filled.table.cookie(0) == 0);
  CHECK(filled.table.cookie(2) == 12);
  CHECK(filled.read().connections.size() == 1);
}

TEST_CASE("kept table: names that are too long, and too many listeners, are not noted") {
  KeptTable table;
  REQUIRE(table.open(1) == "");
  SavedConnection saved = sample();
  saved.name = std::string(KeptTable::kDetailsBytes - 3, 'n');
  CHECK(table.put(0, 11, saved, kNow));
  saved.name += 'n';
  CHECK_FALSE(table.put(0, 11, saved, kNow));
  CHECK(table.cookie(0) == 0);
  CHECK_FALSE(table.put(0, 11, sample(std::string(65, 'l')), kNow));
  CHECK_FALSE(table.put(0, 11, sample(""), kNow));
  for (int i = 1; i < 255; ++i) CHECK(table.put(0, 11, sample("l" + std::to_string(i)), kNow));
  CHECK_FALSE(table.put(0, 11, sample("one more"), kNow));
  CHECK(table.put(0, 11, sample("l254"), kNow));
}

TEST_CASE("kept table: a damaged byte costs whoever it belongs to, at most") {
  const FilledTable filled;
  const std::string whole(filled.table.memory().bytes());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const unsigned bits : {0x01u, 0x80u, 0xffu}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ bits);
      for (const KeptConnection& kept : read_kept_table(damaged, kNow, kMost).connections) {
        CAPTURE(at);
        CHECK(kept.saved == (kept.cookie == 11 ? sample() : rich()));
      }
    }
  }
}

TEST_CASE("kept table: one that is cut off is not read beyond its end") {
  const FilledTable filled;
  const std::string whole(filled.table.memory().bytes());
  for (std::size_t cut = 0; cut < whole.size(); cut += cut < 70 ? 1 : 97) {
    CAPTURE(cut);
    const std::string part = whole.substr(0, cut);
    const ReceivedTable read = read_kept_table(part, kNow, kMost);
    CHECK(read.problem != "");
    CHECK(read.connections.empty());
  }
}

TEST_CASE("kept table: of another release nothing is read") {
  const FilledTable filled;
  std::string whole(filled.table.memory().bytes());
  whole[8] = 2;
  CHECK(read_kept_table(whole, kNow, kMost).problem ==
        "another release has written its table (format 2, this one reads 1)");
}

TEST_CASE("kept table: whatever moment it is read at, a slot is whole or not there") {
  KeptTable table;
  REQUIRE(table.open(1) == "");
  const SavedConnection one = sample();
  const SavedConnection other = rich();
  const pid_t writer = ::fork();
  if (writer == 0) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it ends no other way
    for (unsigned i = 0;; ++i) (void)table.put(0, 11, i % 2 == 0 ? one : other, kNow);
  }
  REQUIRE(writer > 0);
  std::size_t wrong = 0;
  for (int i = 0; i < 20'000; ++i) {
    const ReceivedTable read = read_kept_table(table.memory().bytes(), kNow, kMost);
    for (const KeptConnection& kept : read.connections)
      if (kept.saved != one && kept.saved != other) ++wrong;
  }
  REQUIRE(::kill(writer, SIGKILL) == 0);
  REQUIRE(::waitpid(writer, nullptr, 0) == writer);
  CHECK(wrong == 0);
}

TEST_CASE("shared memory: only what is sealed is mapped") {
  KeptTable table;
  REQUIRE(table.open(1) == "");
  SharedMemory memory;
  CHECK(memory.open(UniqueFd(::dup(table.memory().fd()))) == "");
  CHECK(memory.bytes() == table.memory().bytes());
  CHECK(::ftruncate(table.memory().fd(), 1) != 0);
  CHECK(memory.open(UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC))) ==
        "its table is no memory that reactord has sealed");
}
