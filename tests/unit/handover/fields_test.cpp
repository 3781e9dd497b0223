// SPDX-License-Identifier: MIT
#include "daemon/handover/fields.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>

using namespace reactord;
using namespace std::chrono_literals;

namespace {

enum class Colour : std::uint8_t { red, green, blue };

struct Sample {
  std::uint64_t number = 0;
  std::uint16_t small = 0;
  bool flag = false;
  Colour colour = Colour::red;
  std::string text;
  std::chrono::milliseconds span{0};
  bool operator==(const Sample&) const = default;
};

template <class Fields, class SampleOrConst>
void describe(Fields&& fields, SampleOrConst& sample) {
  fields(1, sample.number);
  fields(2, sample.small);
  fields(3, sample.flag);
  fields(4, sample.colour, Colour::blue);
  fields(5, sample.text);
  fields(16, sample.span);
}

std::string written(const Sample& sample) {
  std::string out;
  describe(FieldWriter(out), sample);
  return out;
}

/// What is read, or a default one and false.
std::pair<Sample, bool> read(std::string_view record) {
  Sample sample;
  FieldReader fields(record);
  describe(fields, sample);
  return {sample, fields.is_good()};
}

}  // namespace

TEST_CASE("fields: what is written is read") {
  const Sample samples[] = {
      {},
      {1, 2, true, Colour::blue, "text", 5ms},
      {UINT64_MAX, UINT16_MAX, true, Colour::green, std::string(70'000, '\0'), 10'000h}};
  for (const Sample& sample : samples) CHECK(read(written(sample)) == std::pair(sample, true));
}

TEST_CASE("fields: the bytes are those of Protocol Buffers") {
  CHECK(written({150, 0, false, Colour::red, "testing", 0ms}) == "\x08\x96\x01\x2a\x07testing");
  CHECK(written({}) == "");
  CHECK(written({0, 0, false, Colour::red, "", 1ms}) == std::string("\x80\x01\x01", 3));
}

TEST_CASE("fields: unknown ones are passed over, missing ones have their default") {
  const std::string unknown = std::string("\xf8\x07\x05", 3) +  // 127, a number
                              "\xfa\x07\x03"
                              "new" +  // 127, a text
                              std::string(
                                  "\xf9\x07"
                                  "12345678",
                                  10) +  // 127, 64 bits
                              std::string(
                                  "\xfd\x07"
                                  "1234",
                                  6);  // 127, 32 bits
  const Sample sample{7, 0, false, Colour::red, "known", 0ms};
  CHECK(read(unknown + written(sample) + unknown) == std::pair(sample, true));
}

TEST_CASE("fields: the last of several holds, and zeros are not there") {
  CHECK(read(std::string("\x08\x01\x08\x02", 4)).first.number == 2);
}

TEST_CASE("fields: what is no record, or no value of its field, is told") {
  const std::string bad[] = {
      "\x08",  // no value
      "\x2a\x05"
      "abc",                                                            // a text that is cut off
      std::string("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11),  // more than 64 bits
      std::string("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12),  // too long
      std::string("\x00\x01", 2),                                           // number 0
      "\x0b",                                                               // a group
      std::string("\x10\x80\x80\x04", 4),                                   // 65536 in 16 bits
      std::string("\x18\x02", 2),                                           // a flag of 2
      std::string("\x20\x03", 2),                                           // no colour
      std::string("\x0a\x01x", 3),  // a text where a number is wanted
      std::string("\x28\x01", 2),   // and the other way round
      std::string("\x80\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11)};  // ages
  for (const std::string& record : bad) {
    CAPTURE(record);
    CHECK_FALSE(read(record).second);
  }
  std::string many;
  for (int i = 0; i < 300; ++i) many += std::string("\x08\x01", 2);
  CHECK_FALSE(read(many).second);
}

TEST_CASE("fields: cut anywhere, it is a shorter record or none") {
  const std::string whole = written({1, 2, true, Colour::blue, "text", 5ms});
  for (std::size_t cut = 0; cut < whole.size(); ++cut) (void)read(whole.substr(0, cut));
}
