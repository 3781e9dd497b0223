// SPDX-License-Identifier: MIT
#include "daemon/interface/deferred_reply.h"

#include <doctest/doctest.h>

#include <utility>

#include "daemon/testing/fake_context.h"

namespace reactord {
namespace {

using test::FakePort;

const WriteReply kWriteOne = [](ReplyWriter& reply) { reply.integer(1); };
const WriteReply kWritePush = [](ReplyWriter& reply) {
  reply.push(1);
  reply.bulk("news");
};

TEST_CASE("a deferred reply is completed once") {
  FakePort port;
  {
    DeferredReply promise(port, 7, 1);
    CHECK(promise.is_waiting());
    CHECK(promise.complete(kWriteOne));
    CHECK_FALSE(promise.is_waiting());
    CHECK_FALSE(promise.complete(kWriteOne));
  }
  CHECK(port.written == ":1\r\n");
  CHECK(port.completed == 1);
  CHECK(port.abandoned == 0);
}

TEST_CASE("a deferred reply that is destroyed unkept is abandoned") {
  FakePort port;
  { const DeferredReply promise(port, 7, 1); }
  CHECK(port.abandoned == 1);
}

TEST_CASE("completing for a connection that has gone says so") {
  FakePort port;
  port.is_gone = true;
  DeferredReply promise(port, 7, 1);
  CHECK_FALSE(promise.complete(kWriteOne));
  CHECK(port.written == "");
}

TEST_CASE("a deferred reply moves; the one in its place is abandoned") {
  FakePort port;
  FakePort other_port;
  {
    DeferredReply first(port, 7, 1);
    DeferredReply second(std::move(first));
    CHECK(second.is_waiting());
    DeferredReply third(other_port, 8, 1);
    third = std::move(second);
    CHECK(other_port.abandoned == 1);
    CHECK(port.abandoned == 0);
  }
  CHECK(port.abandoned == 1);
  DeferredReply nothing;
  CHECK_FALSE(nothing.is_waiting());
  CHECK_FALSE(nothing.complete(kWriteOne));
}

TEST_CASE("a push handle pushes until it is destroyed") {
  FakePort port;
  {
    PushHandle handle(port, 7);
    CHECK(handle.push(kWritePush) == PushResult::queued);
    CHECK(port.written == "*1\r\n$4\r\nnews\r\n");
    port.push_result = PushResult::dropped;
    CHECK(handle.push(kWritePush) == PushResult::dropped);
    PushHandle moved(std::move(handle));
    port.push_result = PushResult::gone;
    CHECK(moved.push(kWritePush) == PushResult::gone);
    CHECK(port.unsubscribed == 0);
  }
  CHECK(port.unsubscribed == 1);
  PushHandle nothing;
  CHECK(nothing.push(kWritePush) == PushResult::gone);
}

}  // namespace
}  // namespace reactord
