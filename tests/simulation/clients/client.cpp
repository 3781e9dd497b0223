// SPDX-License-Identifier: MIT
#include "tests/simulation/clients/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "tests/simulation/model/verdict.h"

namespace simulation {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

struct Place {
  std::string_view name;
  std::uint16_t port;  ///< 0: the Unix socket
  Dialogue::Framing framing;
};

constexpr Place kPlaces[] = {
    {"commands", 12345, Dialogue::Framing::command}, {"unix", 0, Dialogue::Framing::command},
    {"lines", 12346, Dialogue::Framing::line},       {"chunks", 12347, Dialogue::Framing::raw},
    {"admin", 12348, Dialogue::Framing::command},
};

const Place& place_of(const std::string& listener) {
  const auto* const found =
      std::find_if(std::begin(kPlaces), std::end(kPlaces),
                   [&](const Place& place) { return place.name == listener; });
  if (found == std::end(kPlaces)) fail("script", fmt::format("no listener '{}'", listener));
  return *found;
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) {
    // "x*1000" is a thousand of them.
    const std::size_t star = word.find('*');
    if (star == 1 && word.size() > 2) word = std::string(std::stoul(word.substr(2)), word[0]);
    words.push_back(word);
  }
  return words;
}

std::string unescaped(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      bytes += text[i];
      continue;
    }
    switch (text[++i]) {
      case 'r':
        bytes += '\r';
        break;
      case 'n':
        bytes += '\n';
        break;
      case 'x':
        bytes += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
        i += 2;
        break;
      default:
        bytes += text[i];
    }
  }
  return bytes;
}

}  // namespace

Client::Client(World& world, const ClientPlan& plan)
    : world_(world),
      plan_(plan),
      random_(Random::branch(world.script.seed, 1000 + static_cast<std::uint64_t>(plan.number))),
      dialogue_(place_of(plan.listener).framing, world.rules.is_text_for_operators ? "@" : "="),
      is_unix_(place_of(plan.listener).port == 0),
      is_admin_(plan.listener == "admin") {}

std::string Client::name() const {
  return fmt::format("client {} ({})", plan_.number, plan_.persona);
}

// --- connecting ----------------------------------------------------------------------------------

void Client::schedule() {
  world_.kernel.timeline.after(milliseconds(plan_.arrives), [this] { arrive(); });
}

Link Client::make_link() {
  constexpr std::size_t kCapacities[] = {4096, 16u << 10, 64u << 10, 256u << 10};
  constexpr std::size_t kSegments[] = {50, 536, 1460, 1460, 16u << 10};
  constexpr microseconds kLatencies[] = {microseconds(10), microseconds(60), microseconds(2'000),
                                         microseconds(40'000)};
  Link link;
  link.is_unix = is_unix_;
  link.latency = random_.pick(kLatencies);
  link.jitter = link.latency / 2;
  link.send_capacity = random_.pick(kCapacities);
  link.receive_capacity = random_.pick(kCapacities);
  link.segment = random_.pick(kSegments);
  return link;
}

void Client::arrive() {
  const Place& place = place_of(plan_.listener);
  const Link here = make_link();
  state_ = State::connecting;
  if (is_unix_) {
    const int error =
        world_.kernel.network.dial_unix(Address::unix_path("/run/reactord.sock"), here, end_);
    if (error == EAGAIN)
      return world_.kernel.timeline.after(milliseconds(100), [this] { arrive(); });
    if (error != 0) return on_end(true);
  } else {
    Link there = make_link();
    there.latency = here.latency;
    there.jitter = here.jitter;
    const auto number = static_cast<std::uint32_t>(plan_.number);
    // Some share an address: limits count by it.
    ip_ = is_admin_ ? 0x7f000001u : 0x7f000100u + number % 5;
    int& most = world_.most_from_address[ip_];
    most = std::max(most, ++world_.from_address[ip_]);
    end_ = world_.kernel.network.dial(
        Address::ipv4(0x7f000001u, place.port),
        Address::ipv4(ip_, static_cast<std::uint16_t>(10'000 + number)), here, there);
  }
  end_->set_owner(this);
  look_later();
}

void Client::on_connected() {
  state_ = State::connected;
  connected_at_ = last_heard_ = last_moved_ = world_.now();
  if (!is_admin_) world_.most_clients = std::max(world_.most_clients, ++world_.clients_connected);
  go_on();
}

void Client::on_wake(std::uint32_t /*events*/) {
  look_later();
}

/// Another program: it never runs within the daemon's system calls.
void Client::look_later() {
  if (will_look_) return;
  will_look_ = true;
  world_.kernel.timeline.after(microseconds(random_.between(1, 60)), [this] {
    will_look_ = false;
    look();
  });
}

void Client::look() {
  if (state_ == State::away || state_ == State::ended || has_closed_) return;
  const std::uint32_t events = end_->poll();
  if (state_ == State::connecting) {
    const bool is_refused = end_->error() == ECONNREFUSED || end_->error() == ETIMEDOUT;
    if (is_refused) return on_end(true);
    if ((events & EPOLLOUT) == 0) return;
    on_connected();
  }
  flush();
  read();
}

// --- its plan ------------------------------------------------------------------------------------

void Client::go_on() {
  while (!is_waiting_ && state_ == State::connected && !has_closed_ &&
         next_action_ < plan_.actions.size())
    if (!act(plan_.actions[next_action_++])) return;
}

void Client::resume_after(Moment pause) {
  is_waiting_ = true;
  const std::uint64_t number = ++waiting_;
  world_.kernel.timeline.after(pause, [this, number] {
    if (number != waiting_ || !is_waiting_) return;
    is_waiting_ = is_awaiting_ = false;
    go_on();
  });
}

bool Client::act(const Action& action) {
  switch (action.verb) {
    case Verb::ask_resp:
      ask(action, true);
      return true;
    case Verb::ask_line:
      ask(action, false);
      return true;
    case Verb::bytes:
      ask_bytes(action.text);
      return true;
    case Verb::send:
      put(action.number == 0 ? unsent_.size() : static_cast<std::size_t>(action.number));
      return true;
    case Verb::trickle:
      is_waiting_ = true;
      trickle_pause_ = action.number;
      trickle();
      return false;
    case Verb::urgent:
      put(unsent_.size());
      return true;
    case Verb::wait:
      resume_after(milliseconds(action.number));
      return false;
    case Verb::await:
      await(milliseconds(action.number));
      return false;
    case Verb::stop_reading:
      reading_ = Reading::nothing;
      not_reading_since_ = world_.now();
      return true;
    case Verb::read_on:
      reading_ = Reading::all;
      not_reading_since_.reset();
      last_moved_ = world_.now();
      read();
      return true;
    case Verb::read_slowly:
      reading_ = Reading::slowly;
      has_read_slowly_ = true;
      not_reading_since_.reset();
      read_bytes_ = action.number;
      read_some();
      return true;
    case Verb::finish:
      put(0);
      has_finished_ = true;
      flush();
      return true;
    case Verb::leave:
      close(false);
      return false;
    case Verb::reset:
      close(true);
      return false;
    case Verb::vanish:
      has_closed_ = true;
      end_->cut();
      return false;
    case Verb::answer:
      answers_pushes_ = true;
      resume_after(milliseconds(action.number));
      return false;
  }
  return true;
}

void Client::ask(const Action& action, bool is_resp) {
  const std::vector<std::string> words = words_of(action.text);
  for (std::int64_t i = 0; i < action.number && !words.empty(); ++i) {
    const std::string bytes = dialogue_.encode(words, is_resp);
    unsent_ += bytes;
    std::vector<Expected> expected;
    dialogue_.ask(words, is_resp, expected);
    if (!has_quit_) {
      expected_.insert(expected_.end(), expected.begin(), expected.end());
      wanted_replies_ += expected.size();
    }
    note_asked(bytes.size());
    if (!expected.empty() && expected.front().ends_connection) has_quit_ = true;
    note_command(words);
  }
}

void Client::note_asked(std::size_t bytes) {
  asked_ends_.total += bytes;
  asked_ends_.ends.push_back(asked_ends_.total);
  asked_ends_.replies.push_back(wanted_replies_);
}

void Client::note_command(const std::vector<std::string>& words) {
  if (!is_admin_) return;
  if (words[0] == "CLIENT" && words.size() > 1 && words[1] == "KILL") world_.has_killed = true;
  if (words[0] == "DRAIN") world_.has_drained = true;
  if (words[0] == "SHUTDOWN") world_.note_stop();
}

/// Not a request, or one that is none of reactord's: answered by an error, and the end.
void Client::ask_bytes(const std::string& escaped) {
  const std::string bytes = unescaped(escaped);
  unsent_ += bytes;
  note_asked(bytes.size());
  if (has_quit_) return;
  has_quit_ = true;
  const bool is_foreign = is_farewell_ = bytes.find("HTTP/") != std::string::npos;
  Expected expected{is_foreign ? "^HTTP/1.1 400" : "^!ERR Protocol error"};
  expected.encoding = is_foreign               ? Encoding::raw
                      : bytes.starts_with('*') ? Encoding::resp
                                               : dialogue_.spoken();
  expected.request = escaped;
  expected.ends_connection = true;
  expected_.push_back(expected);
}

void Client::put(std::size_t bytes) {
  const std::size_t n = std::min(bytes, unsent_.size());
  outgoing_.append(unsent_, 0, n);
  unsent_.erase(0, n);
  watch_liveness();
  flush();
}

void Client::trickle() {
  if (state_ != State::connected || has_closed_) return;
  if (unsent_.empty()) {
    is_waiting_ = false;
    return go_on();
  }
  put(static_cast<std::size_t>(random_.between(1, 9)));
  world_.kernel.timeline.after(milliseconds(trickle_pause_), [this] { trickle(); });
}

void Client::flush() {
  while (!outgoing_.empty()) {
    const long n = end_->send(outgoing_);
    if (n < 0 && n != -EAGAIN) was_reset_ = true;  // told once, be it here
    if (n <= 0) return;
    const auto& ends = asked_ends_.ends;
    const auto done = std::upper_bound(ends.begin(), ends.end(), handed_);
    const std::size_t begin = done == ends.begin() ? 0 : *(done - 1);
    if (handed_ == begin) incomplete_since_ = world_.now();
    handed_ += static_cast<std::size_t>(n);
    last_moved_ = world_.now();
    outgoing_.erase(0, static_cast<std::size_t>(n));
    if (done != ends.end() && handed_ >= *done) {
      slowest_request_ = std::max(slowest_request_, world_.now() - incomplete_since_);
      note_slow_request();
      incomplete_since_ = world_.now();
      if (!first_whole_at_) first_whole_at_ = world_.now();
    }
  }
  if (has_finished_ && !end_->is_dead()) (void)end_->finish_sending();
}

void Client::await(Moment patience) {
  if (expected_.empty() && outgoing_.empty()) return go_on();
  is_awaiting_ = true;
  resume_after(patience);
}

void Client::close(bool is_reset) {
  has_closed_ = true;
  end_->close(is_reset);
  on_end(is_reset);
}

// --- replies -------------------------------------------------------------------------------------

void Client::read() {
  if (reading_ != Reading::all || state_ != State::connected) {
    if (end_->is_dead() && end_->error() != 0) on_end(true);
    return;
  }
  std::array<char, 16u << 10> chunk;
  while (state_ == State::connected && !has_closed_) {
    const long n = end_->receive(chunk.data(), chunk.size());
    if (n == -EAGAIN) break;
    if (n <= 0) {
      parse();
      return on_end(n < 0);
    }
    received_.append(chunk.data(), static_cast<std::size_t>(n));
    last_moved_ = world_.now();
    world_.kernel.trace.bytes(world_.now(), name(), {chunk.data(), static_cast<std::size_t>(n)});
  }
  parse();
}

void Client::read_some() {
  if (reading_ != Reading::slowly || state_ != State::connected || has_closed_) return;
  std::string chunk(static_cast<std::size_t>(read_bytes_), '\0');
  const long n = end_->receive(chunk.data(), chunk.size());
  if (n == 0 || (n < 0 && n != -EAGAIN)) return on_end(n < 0);
  if (n > 0) {
    received_.append(chunk, 0, static_cast<std::size_t>(n));
    world_.kernel.trace.bytes(world_.now(), name(), chunk.substr(0, static_cast<std::size_t>(n)));
    parse();
  }
  world_.kernel.timeline.after(milliseconds(10), [this] { read_some(); });
}

void Client::parse() {
  while (!received_.empty() && state_ == State::connected && parse_one()) continue;
  if (is_awaiting_ && expected_.empty()) {
    is_waiting_ = is_awaiting_ = false;
    go_on();
  }
}

/// False where the next reply is not whole.
bool Client::parse_one() {
  if (is_refused_) return received_.clear(), false;
  if (replies_ == 0 && parse_refusal()) return true;
  const Expected* next = expected_.empty() ? nullptr : &expected_.front();
  if (next == nullptr && is_farewell_) return received_.clear(), false;
  if (next != nullptr && next->encoding == Encoding::raw) return parse_raw(*next);
  try {
    const Encoding encoding = next != nullptr ? next->encoding : dialogue_.spoken();
    const std::optional<ReadReply> reply =
        read_reply(received_, encoding, next != nullptr && next->is_list);
    if (!reply) return false;
    received_.erase(0, reply->bytes);
    reply->is_push ? on_push(reply->text) : on_reply(reply->text);
    return true;
  } catch (const std::exception& problem) {
    fail("replies",
         fmt::format("{} got what is no reply: {}: {:.200}", name(), problem.what(), received_));
  }
}

/// Before it has said anything, the daemon does not know how it speaks.
bool Client::parse_refusal() {
  for (const std::string_view beginning :
       {"-ERR max number", "-ERR this server takes", "(error) ERR max number", "ERR max number",
        "(error) ERR this server takes", "ERR this server takes"}) {
    if (!received_.starts_with(beginning)) continue;
    if (!may_be_refused())
      fail("limits", fmt::format("{} was refused without need: {:.100}", name(), received_));
    last_words_ = std::exchange(received_, {});
    is_refused_ = true;
    return true;
  }
  return false;
}

bool Client::parse_raw(const Expected& expected) {
  const std::string_view wanted = std::string_view(expected.pattern).substr(1);
  if (received_.size() < wanted.size() && wanted.starts_with(received_)) return false;
  const bool is_exact = expected.pattern.front() == '=';
  const std::string reply = is_exact ? received_.substr(0, wanted.size()) : received_;
  received_.erase(0, is_exact ? reply.size() : received_.size());
  on_reply(reply);
  return true;
}

void Client::on_reply(const std::string& text) {
  last_heard_ = world_.now();
  if (!expected_.empty() && expected_.front().matches(text)) {
    ++replies_;
    expected_.pop_front();
    return;
  }
  if (is_last_word(text)) {
    last_words_ = text;
    return;
  }
  fail("replies", expected_.empty()
                      ? fmt::format("{} got a reply that it did not ask for: {:.200}", name(), text)
                      : fmt::format("{} asked '{}', expected {:.200}, got {:.200}", name(),
                                    expected_.front().request, expected_.front().pattern, text));
}

void Client::on_push(const std::string& text) {
  if (!answers_pushes_) return;
  constexpr std::string_view kMessage = ">[operator|message|";
  if (!text.starts_with(kMessage)) return;
  const std::size_t end = text.find('|', kMessage.size());
  const std::string id = text.substr(kMessage.size(), end - kMessage.size());
  const std::string message = text.substr(text.rfind('|') + 1, text.size() - text.rfind('|') - 2);
  ask({Verb::ask_resp, 1, fmt::format("OPERATOR REPLY {} re:{}", id, message)}, true);
  put(unsent_.size());
}

}  // namespace simulation
