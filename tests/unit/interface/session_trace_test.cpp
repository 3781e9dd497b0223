// SPDX-License-Identifier: MIT
// CLIENT TRACEPARENT: which requests are part of the trace.
#include <doctest/doctest.h>

#include <string>

#include "daemon/interface/session.h"
#include "daemon/testing/handler_bench.h"

namespace reactord {
namespace {

const std::string kTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST_CASE("trace: of all requests of a connection, until it ends") {
  Session session;
  CHECK(session.traceparent().empty());
  session.set_traceparent("all");
  CHECK(session.traceparent() == "all");
  CHECK(session.is_ordinary());
  session.reset();
  CHECK(session.traceparent().empty());
}

TEST_CASE("trace: of the next request alone") {
  Session session;
  session.set_traceparent("all");
  session.begin_trace();
  session.trace_next("one");  // by the request under way, which is not part of it
  CHECK(session.traceparent() == "all");
  session.end_trace();
  session.begin_trace();
  CHECK(session.traceparent() == "one");
  session.trace_next("another");
  session.end_trace();
  session.begin_trace();
  CHECK(session.traceparent() == "another");
  session.end_trace();
  CHECK(session.traceparent() == "all");
  CHECK(session.is_ordinary());
}

TEST_CASE("trace: a reset forgets the next request's, too") {
  Session session;
  session.trace_next("one");
  session.reset();
  session.begin_trace();
  CHECK(session.traceparent().empty());
  CHECK(session.is_ordinary());
}

TEST_CASE("CLIENT TRACEPARENT takes what the W3C calls one") {
  test::HandlerBench bench;
  CHECK(bench.send("CLIENT TRACEPARENT " + kTrace) == "+OK\r\n");
  CHECK(bench.context.session().traceparent() == kTrace);
  CHECK(bench.send("CLIENT TRACEPARENT 00-1").starts_with("-ERR expected a traceparent"));
  CHECK(bench.send("CLIENT TRACEPARENT " + kTrace + " LAST") == "-ERR syntax error\r\n");
  CHECK(bench.context.session().traceparent() == kTrace);
  CHECK(bench.send("CLIENT TRACEPARENT off") == "+OK\r\n");
  CHECK(bench.context.session().traceparent().empty());
  CHECK(bench.send("CLIENT TRACEPARENT " + kTrace + " NEXT") == "+OK\r\n");
  CHECK_FALSE(bench.context.session().is_ordinary());
}

}  // namespace
}  // namespace reactord
