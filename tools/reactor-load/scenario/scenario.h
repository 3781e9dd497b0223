// SPDX-License-Identifier: MIT
// What is to be played, as plain structs with their defaults: groups of clients and their scripts.
// Knows neither TOML nor sockets.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "config/schema.h"
#include "tools/reactor-cli/net/endpoint.h"
#include "tools/reactor-load/check/expectation.h"
#include "tools/reactor-load/results/verdict.h"
#include "tools/reactor-load/scenario/request_template.h"

namespace reactord::load {

using std::chrono::milliseconds;

/// How requests and replies are told apart on the wire.
enum class Wire : std::uint8_t {
  resp,  ///< requests are RESP arrays, replies RESP2 or RESP3
  line,  ///< a line each
  raw,   ///< bytes without any frame: the reply's length follows from what is expected
};

/// From when to when requests are sent at a rate.
enum class Arrivals : std::uint8_t {
  even,    ///< the same time apart
  random,  ///< a Poisson process, as of independent users
};

struct DurationRange {
  milliseconds least{0};
  milliseconds most{0};
};

enum class Action : std::uint8_t {
  send,           ///< a request, and its reply
  bytes,          ///< bytes as they are
  think,          ///< wait for owed replies, then for a time
  connect,        ///< if not connected; what sends does so by itself
  reconnect,      ///< disconnect, then connect
  disconnect,     ///< wait for owed replies, then close
  leave,          ///< close at once, whatever is owed
  half_close,     ///< say that nothing more will be sent
  reset,          ///< close by RST, whatever is owed
  await_replies,  ///< wait for owed replies
  await_close,    ///< wait until the server closes
  read,           ///< stop or go on reading
  repeat,         ///< play the steps inside so often
  one_of,         ///< play one of the steps inside, by their weights
};

struct Step {
  Action action = Action::send;
  RequestTemplate request;  ///< of send; of bytes: its one word
  Expectation expectation;
  std::string label;       ///< what reports call it
  std::int64_t times = 1;  ///< of send and bytes: so often; of repeat: rounds
  std::int64_t weight = 1;
  DurationRange pause;            ///< of think
  milliseconds patience{0};       ///< of await_close
  std::uint64_t piece_bytes = 0;  ///< sent in pieces of this size, `every` apart; 0: whole
  milliseconds every{0};
  bool on = true;  ///< of read
  std::vector<Step> steps;
};

struct Group {
  std::string name;
  std::string persona;
  std::int64_t clients = 1;
  std::int64_t pipeline = 1;
  std::int64_t rate = 0;  ///< requests a second of all clients together; 0: as replies come
  Arrivals arrivals = Arrivals::even;
  std::int64_t requests = 0;  ///< of all clients together; 0: no end
  std::int64_t loops = 0;     ///< of its script, by each client; 0: no end
  milliseconds ramp_up{0};
  milliseconds delay{0};
  bool hostile = false;  ///< what it is answered is counted, not judged
  std::vector<Threshold> thresholds;
  std::vector<Step> steps;
};

struct Scenario {
  std::string title;
  std::string uri = cli::loopback_uri(cli::kDefaultPort);
  Wire wire = Wire::resp;
  milliseconds duration{0};  ///< 0: until every group has made its requests or loops
  milliseconds warm_up{0};
  milliseconds timeout{5'000};  ///< of a reply, and of a connection
  std::int64_t seed = 1;
  std::int64_t threads = 1;
  std::vector<Threshold> thresholds;
  std::vector<Group> groups;
  std::string source;  ///< the file's text, for reports
};

/// Where nothing else bounds it.
inline constexpr milliseconds kUsualDuration{10'000};

}  // namespace reactord::load
