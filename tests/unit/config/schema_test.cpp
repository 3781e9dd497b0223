// SPDX-License-Identifier: MIT
// How each type of setting is read, checked and shown, whatever its key.
#include "config/schema.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "config/text/suggest.h"
#include "config/value_types.h"
#include "tests/unit/config/config_fixtures.h"

namespace reactord {
namespace {

using std::chrono::milliseconds;
using Texts = std::vector<std::string>;

template <class T>
std::string problem_of(const ConfigValue& value, const ValueRange& range = {}) {
  T out{};
  return ValueTraits<T>::parse(value, range, out);
}

template <class T>
T value_of(const ConfigValue& value, const ValueRange& range = {}) {
  T out{};
  CHECK_EQ(ValueTraits<T>::parse(value, range, out), "");
  return out;
}

ConfigValue text(std::string_view value) {
  return std::string(value);
}

TEST_CASE("sizes are read in powers of 1024") {
  struct Row {
    ConfigValue value;
    std::uint64_t bytes;
  };
  const Row rows[] = {{text("64KiB"), 65536},       {text("16 MiB"), 16u << 20},
                      {text("1GiB"), 1u << 30},     {text("512B"), 512},
                      {text("64kib"), 65536},       {text("0B"), 0},
                      {std::int64_t{65536}, 65536}, {text("8388607GiB"), 8388607ull << 30}};
  for (const Row& row : rows) CHECK_EQ(value_of<ByteCount>(row.value).bytes, row.bytes);
}

TEST_CASE("sizes are shown in the largest unit that divides them") {
  struct Row {
    std::uint64_t bytes;
    std::string_view shown;
  };
  const Row rows[] = {{0, "0B"},         {1, "1B"},        {1000, "1000B"},      {1024, "1KiB"},
                      {1536, "1536B"},   {65536, "64KiB"}, {16u << 20, "16MiB"}, {3u << 30, "3GiB"},
                      {1u << 30, "1GiB"}};
  for (const Row& row : rows) {
    CHECK_EQ(ValueTraits<ByteCount>::show({row.bytes}), text(row.shown));
    CHECK_EQ(value_of<ByteCount>(text(row.shown)).bytes, row.bytes);
  }
}

TEST_CASE("a size that is wrong says what to write") {
  struct Row {
    std::string_view value;
    std::string_view problem;
  };
  const Row rows[] = {
      {"", "expected a size such as \"64KiB\", found ''"},
      {"KiB", "expected a size such as \"64KiB\", found 'KiB'"},
      {"-1KiB", "expected a size such as \"64KiB\", found '-1KiB'"},
      {"+1KiB", "expected a size such as \"64KiB\", found '+1KiB'"},
      {"64", "'64' has no unit: write \"64KiB\" or 65536"},
      {"64K", "the unit of '64K' is ambiguous: write KiB, which is 1024 bytes"},
      {"64KB", "the unit of '64KB' is ambiguous: write KiB, which is 1024 bytes"},
      {"1 gb", "the unit of '1 gb' is ambiguous: write GiB, which is 1073741824 bytes"},
      {"64 furlongs", "'64 furlongs' has an unknown unit: use B, KiB, MiB or GiB"},
      {"1.5MiB", "'1.5MiB' is not a whole number and one unit, such as \"64KiB\""},
      {"1MiB 2KiB", "'1MiB 2KiB' is not a whole number and one unit, such as \"64KiB\""},
      {"99999999999999999999B", "'99999999999999999999B' is too large"},
      {"9223372036854775807KiB", "'9223372036854775807KiB' is too large"},
      {"8589934592GiB", "'8589934592GiB' is too large"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.value);
    CHECK_EQ(problem_of<ByteCount>(text(row.value)), row.problem);
  }
  CHECK_EQ(problem_of<ByteCount>(true), "expected a size such as \"64KiB\", found true");
  CHECK_EQ(problem_of<ByteCount>(std::int64_t{-1}), "-1B is out of range, which is at least 0B");
}

TEST_CASE("a value outside its range is told the range in its own form, and why") {
  const ValueRange sizes = size_range({1024}, {4096}, "there is no more");
  CHECK_EQ(problem_of<ByteCount>(text("1KiB"), sizes), "");
  CHECK_EQ(problem_of<ByteCount>(text("4KiB"), sizes), "");
  CHECK_EQ(problem_of<ByteCount>(text("1023B"), sizes),
           "1023B is out of range, which is from 1KiB to 4KiB: there is no more");
  CHECK_EQ(problem_of<ByteCount>(text("2048 kib"), sizes),
           "2048 kib is out of range, which is from 1KiB to 4KiB: there is no more");
  CHECK_EQ(problem_of<ByteCount>(std::int64_t{4097}, sizes),
           "4097B is out of range, which is from 1KiB to 4KiB: there is no more");
  CHECK_EQ(problem_of<std::int64_t>(std::int64_t{0}, {1, 9}),
           "0 is out of range, which is from 1 to 9");
  CHECK_EQ(problem_of<std::int64_t>(std::int64_t{-5}, ValueRange{.least = 1}),
           "-5 is out of range, which is at least 1");
  CHECK_EQ(problem_of<std::int64_t>(std::int64_t{5}, ValueRange{.most = 1}),
           "5 is out of range, which is at most 1");
}

TEST_CASE("durations are read with their units") {
  struct Row {
    ConfigValue value;
    std::int64_t ms;
  };
  const Row rows[] = {{text("10s"), 10'000},    {text("500ms"), 500},      {text("1m30s"), 90'000},
                      {text("1h"), 3'600'000},  {text("2d"), 172'800'000}, {text("10 s"), 10'000},
                      {text("1m 30s"), 90'000}, {text("off"), 0},          {text("0"), 0},
                      {std::int64_t{0}, 0},     {text("0s"), 0},           {text("1s5ms"), 1005}};
  for (const Row& row : rows) CHECK_EQ(value_of<milliseconds>(row.value).count(), row.ms);
}

TEST_CASE("durations are shown so that they read back the same") {
  struct Row {
    std::int64_t ms;
    std::string_view shown;
  };
  const Row rows[] = {{0, "off"},        {1, "1ms"},          {1000, "1s"},       {1500, "1500ms"},
                      {60'000, "60s"},   {90'000, "90s"},     {300'000, "5m"},    {600'000, "10m"},
                      {3'600'000, "1h"}, {86'400'000, "24h"}, {172'800'000, "2d"}};
  for (const Row& row : rows) {
    CHECK_EQ(ValueTraits<milliseconds>::show(milliseconds(row.ms)), text(row.shown));
    CHECK_EQ(value_of<milliseconds>(text(row.shown)).count(), row.ms);
  }
}

TEST_CASE("a duration that is wrong says what to write") {
  struct Row {
    std::string_view value;
    std::string_view problem;
  };
  const Row rows[] = {
      {"", "expected a duration such as \"10s\" or \"500ms\", found ''"},
      {"soon", "expected a duration such as \"10s\" or \"500ms\", found 'soon'"},
      {"-1s", "expected a duration such as \"10s\" or \"500ms\", found '-1s'"},
      {"10", "'10' has no unit: write \"10s\" or \"10ms\""},
      {"1m30", "'1m30' has no unit: write \"30s\" or \"30ms\""},
      {"1.5s", "'1.5s' is not made of whole numbers with units, such as \"1m30s\""},
      {"10 sec", "'10 sec' has an unknown unit: use d, h, m, s or ms"},
      {"10S", "'10S' has an unknown unit: use d, h, m, s or ms"},
      {"30s1m", "the units of '30s1m' must go from large to small"},
      {"1s1s", "the units of '1s1s' must go from large to small"},
      {"99999999999999999999s", "'99999999999999999999s' is too large"},
      {"9223372036854775807s", "'9223372036854775807s' is too large"},
      {"106751991167d9223372036854775807ms", "'106751991167d9223372036854775807ms' is too large"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.value);
    CHECK_EQ(problem_of<milliseconds>(text(row.value)), row.problem);
  }
  CHECK_EQ(problem_of<milliseconds>(std::int64_t{10}), "10 has no unit: write \"10s\" or \"10ms\"");
  CHECK_EQ(problem_of<milliseconds>(Texts{"1s"}),
           "expected a duration such as \"10s\" or \"500ms\", found a list");
}

TEST_CASE("off is accepted only where zero is") {
  const ValueRange range = duration_range(milliseconds(10), milliseconds(3'600'000));
  for (const std::string_view zero : {"off", "0", "0s"}) {
    CHECK_EQ(problem_of<milliseconds>(text(zero), range), "this cannot be off: from 10ms to 1h");
  }
  CHECK_EQ(problem_of<milliseconds>(text("2h"), range),
           "2h is out of range, which is from 10ms to 1h");
  CHECK_EQ(problem_of<milliseconds>(text("90m"), range),
           "90m is out of range, which is from 10ms to 1h");
  CHECK_EQ(problem_of<milliseconds>(text("25d"),
                                    duration_range(milliseconds(0), milliseconds(2'073'600'000))),
           "25d is out of range, which is from off to 24d");
}

TEST_CASE("integers, flags and texts take nothing else") {
  CHECK_EQ(problem_of<std::int64_t>(text("12")), "expected an integer, found the text '12'");
  CHECK_EQ(problem_of<std::int64_t>(true), "expected an integer, found true");
  CHECK_EQ(problem_of<bool>(text("yes")), "expected true or false, found the text 'yes'");
  CHECK_EQ(problem_of<bool>(std::int64_t{1}), "expected true or false, found the integer 1");
  CHECK_EQ(problem_of<std::string>(std::int64_t{1}),
           "expected text in quotes, found the integer 1");
  CHECK_EQ(problem_of<std::string>(text(""), {1, 2}), "must not be empty");
  CHECK_EQ(problem_of<std::string>(text("a"), {2, 2}), "must have at least 2 bytes");
  CHECK_EQ(problem_of<std::string>(text("abc"), {1, 2}), "must have at most 2 bytes");
  CHECK(value_of<bool>(true));
  CHECK_EQ(ValueTraits<bool>::show(true), ConfigValue(true));
}

TEST_CASE("an enum has its words, and names the nearest") {
  using test::Mood;
  CHECK_EQ(ValueTraits<Mood>::kName, "one of calm, loud");
  CHECK(value_of<Mood>(text("loud")) == Mood::loud);
  CHECK_EQ(ValueTraits<Mood>::show(Mood::loud), text("loud"));
  CHECK_EQ(problem_of<Mood>(text("lout")),
           "expected one of \"calm\", \"loud\", found 'lout'; did you mean 'loud'?");
  CHECK_EQ(problem_of<Mood>(text("Loud")),
           "expected one of \"calm\", \"loud\", found 'Loud'; did you mean 'loud'?");
  CHECK_EQ(problem_of<Mood>(text("sad")), "expected one of \"calm\", \"loud\", found 'sad'");
  CHECK_EQ(problem_of<Mood>(false), "expected one of \"calm\", \"loud\", found false");
}

TEST_CASE("a list takes one text for a list of one") {
  using Names = std::vector<std::string>;
  CHECK_EQ(value_of<Names>(text("a")), Names{"a"});
  CHECK_EQ(value_of<Names>(Texts{"a", "b"}), Names{"a", "b"});
  CHECK_EQ(value_of<Names>(Texts{}), Names{});
  CHECK_EQ(problem_of<Names>(Texts{}, {1, 2}), "the list must not be empty");
  CHECK_EQ(problem_of<Names>(Texts{"a"}, {2, 3}), "the list must have at least 2 items");
  CHECK_EQ(problem_of<Names>(Texts{"a", "b", "c"}, {1, 2}), "the list must have at most 2 items");
  CHECK_EQ(problem_of<Names>(true), "expected text or a list of texts, found true");
}

TEST_CASE("a list of addresses is all good or not taken") {
  std::vector<Endpoint> addresses{Endpoint{}};
  const auto before = addresses;
  CHECK_NE(ValueTraits<std::vector<Endpoint>>::parse(Texts{"systemd", "nowhere"}, {}, addresses),
           "");
  CHECK(addresses == before);
  CHECK_EQ(ValueTraits<std::vector<Endpoint>>::parse(Texts{"systemd", "unix:/a"}, {}, addresses),
           "");
  CHECK_EQ(ValueTraits<std::vector<Endpoint>>::show(addresses),
           ConfigValue(Texts{"systemd", "unix:/a"}));
}

TEST_CASE("file modes are octal digits in quotes") {
  const std::string form =
      "expected three or four octal digits in quotes, such as \"0660\", found ";
  CHECK_EQ(value_of<FileMode>(text("0660")).bits, 0660);
  CHECK_EQ(value_of<FileMode>(text("777")).bits, 0777);
  CHECK_EQ(ValueTraits<FileMode>::show({0600}), text("0600"));
  CHECK_EQ(problem_of<FileMode>(std::int64_t{660}), form + "the integer 660");
  for (const std::string bad : {"", "60", "0680", "00660", "-660", "rw-", "0o660"}) {
    CHECK_EQ(problem_of<FileMode>(text(bad)), form + "the text '" + bad + "'");
  }
  CHECK_EQ(problem_of<FileMode>(text("4755")), "'4755' is more than 0777, the permission bits");
}

TEST_CASE("allowed commands") {
  const AllowedCommands by_address;
  CHECK(value_of<AllowedCommands>(text("by_address")) == by_address);
  CHECK(value_of<AllowedCommands>(text("all")) == AllowedCommands{false, true, true, true});
  CHECK(value_of<AllowedCommands>(text("public")) == AllowedCommands{false, true, false, false});
  CHECK(value_of<AllowedCommands>(Texts{"admin", "public"}) ==
        AllowedCommands{false, true, false, true});
  CHECK_EQ(ValueTraits<AllowedCommands>::show(by_address), text("by_address"));
  CHECK_EQ(ValueTraits<AllowedCommands>::show({false, true, true, true}), text("all"));
  CHECK_EQ(ValueTraits<AllowedCommands>::show({false, true, false, true}),
           ConfigValue(Texts{"public", "admin"}));
  CHECK_EQ(problem_of<AllowedCommands>(text("pubic")),
           "'pubic' is no class of commands: expected \"by_address\", \"all\" or a list of public, "
           "introspection, admin; did you mean 'public'?");
  CHECK_EQ(problem_of<AllowedCommands>(Texts{"public", "all"}),
           "\"all\" stands alone, not in a list with others");
  CHECK_EQ(problem_of<AllowedCommands>(Texts{}),
           "the list must not be empty: a listener without commands serves nobody");
}

TEST_CASE("the nearest word is near") {
  constexpr std::array<std::string_view, 3> kWords{"max_connections", "max_frame", "off"};
  CHECK_EQ(nearest("max_conections", kWords), "max_connections");
  CHECK_EQ(nearest("max_farme", kWords), "max_frame");
  CHECK_EQ(nearest("MAX_FRAME", kWords), "max_frame");
  CHECK_EQ(nearest("of", kWords), "off");
  CHECK_EQ(nearest("Max_con", kWords), "max_connections");
  CHECK_EQ(nearest("max", kWords), "");
  CHECK_EQ(nearest("foo", kWords), "");
  CHECK_EQ(nearest("", kWords), "");
  CHECK_EQ(nearest(std::string(100'000, 'm'), kWords), "");
  CHECK_EQ(nearest("off", {}), "");
}

TEST_CASE("a declared key sets and gets its member") {
  test::GreetSettings settings;
  const KeySpec& greeting = test::kGreetKeys[0];
  CHECK_EQ(greeting.name, "greeting");
  CHECK_EQ(greeting.type, "text");
  CHECK_EQ(greeting.set(&settings, text("hi"), greeting.range), "");
  CHECK_EQ(settings.greeting, "hi");
  CHECK_EQ(greeting.get(&settings), text("hi"));
  CHECK_EQ(greeting.set(&settings, text(""), greeting.range), "must not be empty");
  CHECK_EQ(settings.greeting, "hi");
}

// What is no setting's type is told in one sentence (key()).
enum class WithoutWords { one };
static_assert(!kIsSetting<int> && !kIsSetting<double> && !kIsSetting<WithoutWords>);
static_assert(!kIsSetting<std::string_view> && !kIsSetting<std::chrono::seconds>);
static_assert(!kIsSetting<std::vector<int>>);
static_assert(kIsSetting<std::int64_t> && kIsSetting<milliseconds> && kIsSetting<Texts>);

TEST_CASE("values in plain text") {
  CHECK_EQ(plain_text(true), "true");
  CHECK_EQ(plain_text(std::int64_t{-3}), "-3");
  CHECK_EQ(plain_text(text("a \"b\"")), "a \"b\"");
  CHECK_EQ(plain_text(Texts{"a", "b"}), "a b");
  CHECK_EQ(plain_text(Texts{}), "");
}

}  // namespace
}  // namespace reactord
