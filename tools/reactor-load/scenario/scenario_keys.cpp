// SPDX-License-Identifier: MIT
#include "tools/reactor-load/scenario/scenario_keys.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>

#include "config/text/toml_text.h"

namespace reactord {

using load::DurationRange;
using std::chrono::milliseconds;

std::string ValueTraits<DurationRange>::parse(const ConfigValue& value, const ValueRange& range,
                                              DurationRange& out) {
  const auto* text = std::get_if<std::string>(&value);
  const std::size_t dots = text == nullptr ? std::string::npos : text->find("..");
  if (dots == std::string::npos) {
    std::string problem = ValueTraits<milliseconds>::parse(value, range, out.least);
    out.most = out.least;
    return problem;
  }
  std::string problem = ValueTraits<milliseconds>::parse(text->substr(0, dots), range, out.least);
  if (problem.empty()) {
    problem = ValueTraits<milliseconds>::parse(text->substr(dots + 2), range, out.most);
  }
  if (problem.empty() && out.most < out.least) {
    problem = fmt::format("{} ends before it begins", shown(*text));
  }
  return problem;
}

ConfigValue ValueTraits<DurationRange>::show(const DurationRange& value) {
  const ConfigValue least = ValueTraits<milliseconds>::show(value.least);
  if (value.least == value.most) return least;
  return fmt::format("{}..{}", plain_text(least),
                     plain_text(ValueTraits<milliseconds>::show(value.most)));
}

std::string ValueTraits<load::Threshold>::parse(const ConfigValue& value, const ValueRange&,
                                                load::Threshold& out) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return fmt::format("expected a threshold, found {}", describe(value));
  return load::parse_threshold(*text, out);
}

ConfigValue ValueTraits<load::Threshold>::show(const load::Threshold& value) {
  return value.source;
}

}  // namespace reactord

namespace reactord::load {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Apply kNever = Apply::restart;  // a scenario is not reloaded
constexpr ValueRange kSpan = duration_range(milliseconds(0), hours(24 * 7));
constexpr ValueRange kDuration = duration_range(milliseconds(1), hours(24 * 7));
constexpr ValueRange kPause = duration_range(milliseconds(1), hours(24));
constexpr ValueRange kFromOne{1, 1'000'000'000'000, {}};

constexpr KeySpec kRunKeys[] = {
    key<&Scenario::title>("title", "what reports call it", kNever),
    key<&Scenario::uri>("uri",
                        "tcp://HOST:PORT, unix:PATH, or loopback:PORT for 127.0.0.1 or ::1; "
                        "--uri and --port override it",
                        kNever),
    key<&Scenario::wire>("protocol",
                         "resp; line: a line a request, a line a reply; raw: bytes without a "
                         "frame, the reply's length is that of what is expected",
                         kNever),
    key<&Scenario::duration>("duration",
                             "how long requests are sent (10s, unless all groups have "
                             "requests or loops)",
                             kNever, kDuration),
    key<&Scenario::warm_up>("warm_up", "verified, but not measured: how long", kNever, kSpan),
    key<&Scenario::timeout>("timeout", "of a reply, and of a connection", kNever, kPause),
    key<&Scenario::seed>("seed", "what is random depends on it, and on the client's number", kNever,
                         ValueRange{0, std::numeric_limits<std::int64_t>::max(), {}}),
    key<&Scenario::threads>("threads", "each has a share of the clients", kNever,
                            ValueRange{1, 256, {}}),
    key<&Scenario::thresholds>(
        "thresholds", "what decides the exit code, of all groups that are not hostile", kNever),
};

constexpr KeySpec kGroupKeys[] = {
    key<&Group::name>("name", "what reports call it", kNever),
    key<&Group::persona>("persona", "a ready-made script; see --personas", kNever),
    key<&Group::clients>("clients", "how many play the script", kNever,
                         ValueRange{1, 1'000'000, {}}),
    key<&Group::pipeline>("pipeline", "requests on their way at a time, of each client", kNever,
                          ValueRange{1, 1'000'000, {}}),
    key<&Group::rate>("rate",
                      "requests a second of all its clients, at planned times from which "
                      "latency counts; left out, the next follows the reply",
                      kNever, ValueRange{0, 1'000'000'000, {}}),
    key<&Group::arrivals>("arrivals", "with a rate: even, or random as of independent users",
                          kNever),
    key<&Group::requests>("requests", "of all its clients together, then it ends", kNever,
                          ValueRange{0, kFromOne.most, {}}),
    key<&Group::loops>("loops", "of its script by each client, then it ends", kNever,
                       ValueRange{0, kFromOne.most, {}}),
    key<&Group::ramp_up>("ramp_up", "the clients' starts are spread over this time", kNever, kSpan),
    key<&Group::delay>("delay", "before its first client starts", kNever, kSpan),
    key<&Group::hostile>("hostile", "what it is answered is counted, not judged", kNever),
    key<&Group::thresholds>("thresholds", "as in [run], of this group alone", kNever),
};

constexpr KeySpec kStepKeys[] = {
    key<&StepTexts::send>("send", "a request: \"ECHO {text:16}\", or a list of its words", kNever),
    key<&StepTexts::bytes>("bytes", "bytes as they are; no reply is owed without expect", kNever),
    key<&StepTexts::think>("think", "wait for the replies, then so long: 10ms, or 10ms..50ms",
                           kNever, kSpan),
    key<&StepTexts::is_so>("connect", "if not connected", kNever),
    key<&StepTexts::is_so>("reconnect", "wait for the replies, close, connect", kNever),
    key<&StepTexts::is_so>("disconnect", "wait for the replies, close", kNever),
    key<&StepTexts::is_so>("leave", "close at once, whatever is owed", kNever),
    key<&StepTexts::is_so>("half_close", "send FIN; the replies are still owed", kNever),
    key<&StepTexts::is_so>("reset", "close by RST, whatever is owed", kNever),
    key<&StepTexts::is_so>("await_replies", "wait for the replies", kNever),
    key<&StepTexts::await_close>("await_close", "wait, at most so long, for the server to close",
                                 kNever, kPause),
    key<&StepTexts::read>("read", "false: read nothing more; true: go on", kNever),
    key<&StepTexts::repeat>("repeat", "play steps = [...] so often", kNever, kFromOne),
    key<&StepTexts::expect>("expect",
                            "echo, ceil, any, anything, none, error, exact:TEXT, "
                            "like:PATTERN, error:PATTERN",
                            kNever),
    key<&StepTexts::name>("name", "what reports call the request (its first word)", kNever),
    key<&StepTexts::times>("times", "the same step so often", kNever, kFromOne),
    key<&StepTexts::weight>("weight", "inside one_of = [...]: how often beside the others", kNever,
                            ValueRange{1, 1'000'000, {}}),
    key<&StepTexts::piece>("piece", "bytes of a piece, when sent in pieces", kNever,
                           size_range({1}, {1u << 30})),
    key<&StepTexts::every>("every", "between two pieces", kNever, kPause),
};

void append_table(std::string& out, std::string_view title, std::span<const KeySpec> keys) {
  out += fmt::format("{}\n", title);
  for (const KeySpec& spec : keys) {
    const bool flag = spec.type == ValueTraits<bool>::kName;
    out += fmt::format("  {:<14} {}{}\n", spec.name, spec.help, flag ? " (true or false)" : "");
  }
  out += '\n';
}

}  // namespace

std::span<const KeySpec> run_keys() {
  return kRunKeys;
}
std::span<const KeySpec> group_keys() {
  return kGroupKeys;
}
std::span<const KeySpec> step_keys() {
  return kStepKeys;
}

std::string describe_keys() {
  std::string out;
  append_table(out, "[run]", kRunKeys);
  append_table(out, "[[group]]  with steps = [ { ... }, ... ]", kGroupKeys);
  append_table(out, "a step: one of these, and what belongs to it; or one_of = [ ... ]", kStepKeys);
  return out;
}

}  // namespace reactord::load
