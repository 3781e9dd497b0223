// SPDX-License-Identifier: MIT
#include "protocol/json_writer.h"

#include <doctest/doctest.h>

#include <limits>

namespace reactord {
namespace {

std::string text_of(std::string_view bytes, std::size_t max_bytes = 256) {
  return JsonWriter().text(bytes, max_bytes).take();
}

TEST_CASE("JSON: objects and arrays in each other") {
  JsonWriter json;
  json.begin_object().field("a", 1).field("b", true).key("c").begin_array();
  json.value(2u).begin_object().end_object().null().value(-3).end_array();
  json.text_field("d", "x").key("e").raw("[]").end_object();
  CHECK(json.take() == R"({"a":1,"b":true,"c":[2,{},null,-3],"d":"x","e":[]})");
}

TEST_CASE("JSON: numbers that it has, and none that it has not") {
  CHECK(JsonWriter().value(0.25).take() == "0.25");
  CHECK(JsonWriter().value(1e300).take() == "1e+300");
  CHECK(JsonWriter().value(std::numeric_limits<std::uint64_t>::max()).take() ==
        "18446744073709551615");
  CHECK(JsonWriter().value(std::numeric_limits<double>::infinity()).take() == "null");
  CHECK(JsonWriter().value(std::numeric_limits<double>::quiet_NaN()).take() == "null");
}

TEST_CASE("JSON: any bytes are a text") {
  CHECK(text_of("a \"b\" </script>") == R"("a \"b\" </script>")");
  CHECK(text_of("gr\xc3\xbc\xc3\x9f") == "\"gr\xc3\xbc\xc3\x9f\"");
  CHECK(text_of(std::string_view("\0\n\x1b\x7f", 4)) == R"("\\x00\\n\\x1b\\x7f")");
  CHECK(text_of("\xff\xc0\x80\\") == R"("\\xff\\xc0\\x80\\\\")");
  CHECK(text_of("0123456789", 4) == "\"0123...\"");
}

}  // namespace
}  // namespace reactord
