// SPDX-License-Identifier: MIT
// Conversations at random, from a fixed seed: pipelines of small and large requests, cut anywhere,
// towards a reader that takes what it likes. Whatever happens, the replies are the expected bytes
// in order, and nothing is held afterwards.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/connection/connection.h"
#include "tests/unit/support/connection_bench.h"
#include "tests/unit/support/resp_text.h"

using namespace reactord;
using namespace reactord::test;

namespace {

constexpr int kConversations = 1000;
constexpr std::size_t kMaxRequests = 40;
constexpr std::string_view kPush = ">1\r\n+pushed\r\n";

constexpr std::size_t kMaxInlineBytes = 5000;
constexpr std::size_t kReceivedAtMost = 256u << 10;  // daemon/connection/connection_receiving.cpp

/// What the words of all requests are cut from, so that no two are alike.
const std::string& noise() {
  static const std::string made = [] {
    std::mt19937 random(1);
    std::string bytes(400'000, ' ');
    for (char& byte : bytes) byte = static_cast<char>('a' + random() % 26);
    return bytes;
  }();
  return made;
}

/// Where a request ends in the input, and its reply in the output.
struct Boundary {
  std::size_t input = 0;
  std::size_t output = 0;
};

class Conversation {
 public:
  explicit Conversation(std::uint32_t seed) : random_(seed) {
    constexpr std::size_t kHighWaters[] = {1000, 64u << 10, 1u << 20};
    bench_.loop_context.output_high_water = kHighWaters[below(3)];
    const std::size_t requests = 1 + below(kMaxRequests);
    for (std::size_t i = 0; i < requests; ++i) add_request();
    if (one_in(4))
      add("*1\r\n$4\r\nQUIT\r\n", bulk("QUIT"));
    else if (one_in(4))
      add("*1\r\n:1\r\n", "-ERR Protocol error: expected '$', got ':'\r\n");
  }

  enum class Processes : bool { one, many };
  void run(Processes processes) {
    const bool is_cut_short = one_in(4);
    while (!input_.empty() && !(is_cut_short && one_in(30))) {
      act();
      if (processes == Processes::many && one_in(3)) (void)bench_.change_process();
      check_held();
    }
    finish();
    check_output();
    CHECK(bench_.closed == 1);
    CHECK(bench_.ends.size() == 1);
    CHECK(bench_.memory == 0);
    CHECK(bench_.loop_context.pool.bytes() <= LoopContext::kMaxPoolBytes);
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }

  /// Small ones most often; some are just below, at or above what is borrowed.
  std::size_t some_length() {
    constexpr std::size_t kBorrowed = GatherList::kMinPieceBytes;
    switch (below(8)) {
      case 0:
        return kBorrowed - 2 + below(4);
      case 1:
        return kBorrowed + below(3 * kBorrowed);
      case 2:
        return one_in(3) ? below(noise().size()) : below(kMaxInlineBytes);
      default:
        return below(120);
    }
  }
  std::string some_word(std::size_t length) {
    return noise().substr(below(noise().size() - length + 1), length);
  }

  void add_request() {
    const std::string word = some_word(some_length());
    switch (below(10)) {
      case 0:
        return add_inline(word.substr(0, kMaxInlineBytes));
      case 1:
        return add("\r\n*0\r\n*-1\r\n", "");
      case 2: {
        const std::size_t more = 9 + below(100);
        std::string frame = "*" + std::to_string(more + 1) + "\r\n";
        for (std::size_t i = 0; i < more; ++i) frame += bulk(some_word(below(300)));
        return add(frame + bulk(word), bulk(word));
      }
      case 3:
        return add("*2\r\n$3\r\nBIG\r\n" + bulk(std::to_string(word.size())),
                   bulk(std::string(word.size(), 'x')));
      case 4:
        return add("*2\r\n$9\r\nTAKE_BACK\r\n" + bulk(word), bulk("taken"));
      case 5:
        return add("*1\r\n$4\r\nWAIT\r\n", bulk("waited"));
      default:
        return add(echo(word), bulk(word));
    }
  }
  /// Its reply is plain until the first array.
  void add_inline(const std::string& word) {
    const bool has_spoken_resp = input_.find('*') != std::string::npos;
    add("ECHO " + word + "\n", has_spoken_resp ? bulk(word) : word + "\n");
  }
  void add(std::string_view request, std::string_view reply) {
    input_ += request;
    expected_ += reply;
    boundaries_.push_back({input_.size(), expected_.size()});
    longest_ = std::max({longest_, request.size(), reply.size()});
  }

  void act() {
    switch (below(8)) {
      case 0:
        bench_.script.accepts.push_back(below(one_in(2) ? 10 : 200'000));
        return;
      case 1:
        bench_.script.blocks_sends = one_in(2);
        return bench_.turn({.writable = !bench_.script.blocks_sends});
      case 2:
        if (bench_.connection->push([](Buffer& out) { out.append(kPush); })) ++pushes_;
        return bench_.turn({});
      case 3:
        if (bench_.connection->is_pending()) bench_.complete("waited");
        return;
      default:
        return deliver(one_in(3) ? 1 + below(50) : 1 + below(400'000));
    }
  }
  /// What the connection leaves unread waits in the kernel, where pieces are not told apart.
  void deliver(std::size_t bytes) {
    const std::string piece = input_.substr(0, bytes);
    input_.erase(0, piece.size());
    delivered_ += piece.size();
    if (bench_.script.input.empty()) bench_.script.input.emplace_back();
    bench_.script.input.back() += piece;
    bench_.turn({.readable = true});
  }

  /// Unserved input: a frame and a receive. Unsent output: the high-water mark and the reply that
  /// exceeds it. Their buffers have room to grow.
  void check_held() {
    const std::size_t input = longest_ + kReceivedAtMost;
    const std::size_t output = longest_ + bench_.loop_context.output_high_water + kPush.size();
    CHECK(bench_.closed == 0);
    CHECK(bench_.connection->input_bytes() <= input);
    CHECK(bench_.connection->output_bytes() <= output);
    CHECK(static_cast<std::size_t>(bench_.memory) <= 5 * input + 2 * output);
  }

  void finish() {
    if (one_in(5)) bench_.script.is_lost = true;
    if (one_in(5)) bench_.connection->drain();
    bench_.script.input_ends = true;
    bench_.script.accepts.clear();
    bench_.script.blocks_sends = false;
    if (bench_.script.is_lost) deliver(input_.size());
    bench_.turn({.readable = true, .writable = true, .peer_finished = true});
    while (bench_.connection->is_pending() && bench_.closed == 0) bench_.complete("waited");
    bench_.turn({});
    bench_.pass(ConnectionBench::kLinger);
  }

  void check_output() {
    std::string sent = bench_.take_sent();
    const std::size_t pushes = remove_pushes(sent);
    if (bench_.script.is_lost) {
      CHECK(expected_.starts_with(sent.substr(0, sent.rfind(kPush.front()))));
      return;
    }
    const Boundary whole = last_received();
    CHECK(pushes == pushes_);
    CHECK(sent.substr(0, whole.output) == expected_.substr(0, whole.output));
    // A beginning of a request gets an error, or is a line.
    if (delivered_ == whole.input) CHECK(sent.size() == whole.output);
    CHECK(sent.size() <= whole.output + bulk(std::string(kMaxInlineBytes, 'x')).size());
  }
  /// Of all requests that the connection has received whole.
  Boundary last_received() const {
    Boundary last;
    for (const Boundary& boundary : boundaries_)
      if (boundary.input <= delivered_) last = boundary;
    return last;
  }
  static std::size_t remove_pushes(std::string& sent) {
    std::size_t pushes = 0;
    std::size_t at = 0;
    for (; (at = sent.find(kPush, at)) != sent.npos; ++pushes) sent.erase(at, kPush.size());
    return pushes;
  }

  std::mt19937 random_;
  ConnectionBench bench_;
  std::string input_;
  std::string expected_;
  std::vector<Boundary> boundaries_;
  std::size_t delivered_ = 0;
  std::size_t longest_ = 0;
  std::size_t pushes_ = 0;
};

}  // namespace

TEST_CASE("connection: random conversations get their replies, in order and whole") {
  for (std::uint32_t seed = 0; seed < kConversations; ++seed) {
    CAPTURE(seed);
    Conversation(seed).run(Conversation::Processes::one);
  }
}

TEST_CASE("connection: so they do where they go from process to process in the middle of it") {
  for (std::uint32_t seed = 0; seed < kConversations; ++seed) {
    CAPTURE(seed);
    Conversation(seed).run(Conversation::Processes::many);
  }
}
