// SPDX-License-Identifier: MIT
// Replies that have a structure, as JSON.
#include "tools/reactor-cli/output/reply_shape.h"

#include <doctest/doctest.h>

#include <string>

#include "tools/reactor-cli/output/render.h"

namespace reactord::cli {
namespace {

using ReplyKind = Reply::Kind;

std::string json(const Reply& reply, std::string_view request) {
  std::string out;
  render_json(structured(reply, shape_of(request)), false, out);
  out.pop_back();
  return out;
}

Reply text(std::string_view bytes) {
  return {ReplyKind::text, std::string(bytes), {}};
}
Reply list(std::vector<Reply> elements) {
  return {ReplyKind::array, {}, std::move(elements)};
}

TEST_CASE("INFO is sections of figures") {
  const Reply info = text(
      "# Server\r\nredis_version:7.0.0\r\nprocess_id:42\r\nos:Linux 6.1 x86_64\r\n\r\n"
      "# CPU\r\nused_cpu_sys:0.500000\r\n"
      "# Commandstats\r\ncmdstat_client|list:calls=3,usec=14,usec_per_call=4.67\r\n");
  const std::string wanted =
      R"({"server":{"redis_version":"7.0.0","process_id":42,"os":"Linux 6.1 x86_64"},)"
      R"("cpu":{"used_cpu_sys":0.5},)"
      R"("commandstats":{"cmdstat_client|list":{"calls":3,"usec":14,"usec_per_call":4.67}}})";
  CHECK_EQ(json(info, "INFO"), wanted);
  CHECK_EQ(json(info, "info server cpu"), wanted);
  CHECK_EQ(json(text("anything"), "info"), R"("anything")");
  CHECK_EQ(json(text(""), "info nosuch"), "{}");
}

TEST_CASE("clients are objects, and their names are texts") {
  const Reply two = text("id=7 addr=unix:/run/a name=12 age=0 lib-ver=\nid=8 name=\n");
  CHECK_EQ(json(two, "CLIENT LIST TYPE normal"),
           R"([{"id":7,"addr":"unix:/run/a","name":"12","age":0,"lib-ver":""},)"
           R"({"id":8,"name":""}])");
  CHECK_EQ(json(text("id=7 name=a\n"), "client info"), R"({"id":7,"name":"a"})");
  CHECK_EQ(json(text(""), "client list"), "[]");
  CHECK_EQ(json(text("id=7"), "client getname"), R"("id=7")");
}

TEST_CASE("settings are an object") {
  const Reply flat = list({text("limits.max_frame"), text("16MiB"), text("save"), text("")});
  CHECK_EQ(json(flat, "config get *"), R"({"limits.max_frame":"16MiB","save":""})");
  CHECK_EQ(json(flat, "keys *"), R"(["limits.max_frame","16MiB","save",""])");
  CHECK_EQ(json(list({text("odd")}), "config get *"), R"(["odd"])");
}

TEST_CASE("documents of commands are objects at every depth") {
  const Reply argument = list({text("name"), text("x"), text("type"), text("string")});
  const Reply sub = list({text("summary"), text("b"), text("arguments"), list({argument})});
  const Reply docs = list({text("client"), list({text("summary"), text("a"), text("subcommands"),
                                                 list({text("client|x"), sub})})});
  CHECK_EQ(json(docs, "command docs client"),
           R"({"client":{"summary":"a","subcommands":{"client|x":{"summary":"b",)"
           R"("arguments":[{"name":"x","type":"string"}]}}}})");
}

TEST_CASE("errors and numbers out of form stay what they are") {
  CHECK_EQ(json({ReplyKind::error, "ERR no", {}}, "info"), R"({"error":"ERR no"})");
  CHECK_EQ(json(text("# A\r\na:007\r\nb:-0.5\r\nc:1.\r\nd:9999999999999999999\r\n"), "info"),
           R"({"a":{"a":"007","b":-0.5,"c":"1.","d":"9999999999999999999"}})");
}

}  // namespace
}  // namespace reactord::cli
