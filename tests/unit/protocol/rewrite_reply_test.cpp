// SPDX-License-Identifier: MIT
// What another server has answered, as a client of any encoding gets it.
#include "protocol/replies/rewrite_reply.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace reactord {
namespace {

std::string rewritten(ReplyEncoding encoding, std::string_view resp) {
  Buffer out;
  ReplyWriter writer(out, encoding);
  rewrite_reply(resp, resp.starts_with('-'), writer);
  CHECK(writer.balanced());
  return std::string(out.view());
}

/// Of a handler's own call: what it would look like.
template <class Write>
std::string written(ReplyEncoding encoding, Write&& write) {
  Buffer out;
  ReplyWriter writer(out, encoding);
  write(writer);
  return std::string(out.view());
}

TEST_CASE("a client of RESP gets the bytes as they came") {
  for (const std::string_view resp :
       {"_\r\n", "%1\r\n+a\r\n#t\r\n", "|1\r\n+a\r\n:1\r\n$2\r\nhi\r\n", "-ERR no\r\n"}) {
    CHECK(rewritten(ReplyEncoding::resp3, resp) == resp);
    CHECK(rewritten(ReplyEncoding::resp2, resp) == resp);
  }
}

TEST_CASE("people at a line see each kind as if a handler here had written it") {
  const auto same = [](std::string_view resp, auto&& write) {
    for (const ReplyEncoding encoding : {ReplyEncoding::plain, ReplyEncoding::raw})
      CHECK(rewritten(encoding, resp) == written(encoding, write));
  };
  same("_\r\n", [](ReplyWriter& writer) { writer.nil(); });
  same("$-1\r\n", [](ReplyWriter& writer) { writer.nil(); });
  same("#t\r\n", [](ReplyWriter& writer) { writer.boolean(true); });
  same("#f\r\n", [](ReplyWriter& writer) { writer.boolean(false); });
  same(":-7\r\n", [](ReplyWriter& writer) { writer.integer(-7); });
  same("(18446744073709551616\r\n",
       [](ReplyWriter& writer) { writer.integer_digits("18446744073709551616"); });
  same("+OK\r\n", [](ReplyWriter& writer) { writer.simple("OK"); });
  same(",1.5\r\n", [](ReplyWriter& writer) { writer.simple("1.5"); });
  same("$2\r\nhi\r\n", [](ReplyWriter& writer) { writer.bulk("hi"); });
  same("-ERR no\r\n", [](ReplyWriter& writer) { writer.error("ERR no"); });
  same("*2\r\n:1\r\n*1\r\n$1\r\na\r\n", [](ReplyWriter& writer) {
    writer.array(2);
    writer.integer(1);
    writer.array(1);
    writer.bulk("a");
  });
  same("~1\r\n+a\r\n", [](ReplyWriter& writer) {
    writer.set(1);
    writer.simple("a");
  });
  same("%1\r\n+a\r\n:1\r\n", [](ReplyWriter& writer) {
    writer.map(1);
    writer.simple("a");
    writer.integer(1);
  });
}

TEST_CASE("a reply that is nested too deep for text is an error that says so") {
  std::string deep;
  for (int level = 0; level < 40; ++level) deep += "*1\r\n";
  deep += ":1\r\n";
  CHECK(rewritten(ReplyEncoding::resp2, deep) == deep);
  const std::string told = rewritten(ReplyEncoding::plain, deep);
  CHECK_MESSAGE((told.find("cannot be shown as text") != told.npos), told);
}

}  // namespace
}  // namespace reactord
