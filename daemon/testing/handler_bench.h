// SPDX-License-Identifier: MIT
// Tests handlers without a daemon: a request goes in, its reply comes out, time passes and clients
// come and go as the test says. No sockets, no threads, no sleeps. For any test framework: what the
// handler does wrong is an exception.
//
//   reactord::test::HandlerBench bench(greet_handler());
//   bench.encoding = reactord::ReplyEncoding::plain;       // RESP2 where nothing is said
//   CHECK(bench.send("GREET Ada") == "hello, Ada\n");
//   bench.service.advance(10s);                            // timers are called
//   CHECK(bench.context.take_output() == "...");           // deferred replies and pushes
//   bench.context.leave();
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/interface/handler_entry.h"
#include "daemon/testing/fake_context.h"
#include "daemon/testing/fake_service.h"

namespace reactord::test {

/// A rule of the interface that a handler has broken, in the words of the daemon's log; or a
/// request that no handler of the bench would be given.
class HandlerFault : public std::logic_error {
  using std::logic_error::logic_error;
};

/// What stands in [handlers.NAME], or in the one [[NAME]]: {{"greeting", "hi"}, {"longest_name",
/// 3}}. Durations and sizes as in the file: "10s", "64KiB".
using SettingValues = std::vector<std::pair<std::string_view, ConfigValue>>;

/// Handlers with a service and their clients, and the least of a dispatcher: looks a request's
/// command up, checks its number of arguments, and runs it to its whole reply. An exception of the
/// handler's own is passed on.
class HandlerBench {
 public:
  FakeService service;
  FakeContext context;  ///< the client that sends where no other is named
  ReplyEncoding& encoding = context.port.encoding;  ///< of its replies
  HandlerResult result = HandlerResult::replied;    ///< of the last request
  int slices = 0;                                   ///< of the last request's producer
  std::size_t longest_slice_bytes = 0;              ///< written by one of them
  std::vector<std::uint64_t> killed_before_reply;   ///< by the time that it was whole

  /// All handlers of reactord itself, with their default settings.
  HandlerBench();
  explicit HandlerBench(const HandlerEntry& entry, const SettingValues& settings = {});
  HandlerBench(const HandlerBench&) = delete;
  HandlerBench& operator=(const HandlerBench&) = delete;
  /// What handlers keep of a connection goes before them, as in the daemon. Throws what
  /// throw_faults() would, unless an exception is under way.
  ~HandlerBench() noexcept(false);

  /// With its default settings, but for these. Throws HandlerFault where the configuration's check
  /// would refuse one.
  void add(const HandlerEntry& entry, const SettingValues& settings = {});

  [[nodiscard]] Handler& handler(std::string_view name);
  /// As a reload of the daemon does; what is not named has its default again.
  void reload(std::string_view name, const SettingValues& settings);

  /// One more client; the bench's.
  FakeContext& connect();

  /// Sends words, each split at blanks: send("CLIENT LIST TYPE normal"). The reply, or "" where it
  /// comes later.
  std::string send(std::string_view line) { return send(context, line); }
  std::string send(FakeContext& client, std::string_view line);

  /// Sends words as they are.
  std::string request(const std::vector<std::string_view>& words) {
    return request(context, words);
  }
  std::string request(FakeContext& client, const std::vector<std::string_view>& words);

  /// Throws the first rule that was broken in a callback since the last call. Each request does so
  /// at its end.
  void throw_faults();

 private:
  struct Inside;

  std::string run(FakeContext& client, Handler& handler, const Request& request);
  void produce(FakeContext& client, Buffer& buffer, ReplyWriter& writer);

  std::list<FakeContext> more_clients_;  ///< outlive the handlers, which may owe them something
  std::unique_ptr<Inside> inside_;
};

}  // namespace reactord::test
