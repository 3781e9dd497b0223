// SPDX-License-Identifier: MIT
#include "tools/reactor-load/run/plan.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace reactord::load {
namespace {

void append_header(std::string& out, char type, std::size_t number) {
  out += type;
  out += std::to_string(number);
  out += "\r\n";
}

std::string constant_text(const WordTemplate& word) {
  return word.pieces.empty() ? std::string() : std::get<std::string>(word.pieces.front());
}

/// Puts the words of a request together.
class Encoder {
 public:
  explicit Encoder(Wire wire) : wire_(wire) {}

  EncodedRequest encode(const RequestTemplate& request) {
    const auto& words = request.words;
    if (wire_ == Wire::resp) append_header(open_.constant, '*', words.size());
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (i > 0 && wire_ != Wire::resp) open_.constant += ' ';
      const std::size_t before = open_.constant.size();
      const bool constant = words[i].is_constant();
      constant ? add_constant(constant_text(words[i])) : add_varying(words[i]);
      if (constant && i + 1 == words.size()) {
        out_.constant_tail = static_cast<std::uint32_t>(open_.constant.size() - before);
      }
    }
    if (wire_ == Wire::line) out_.trailer.push_back('\n');
    if (out_.constant_tail > 0 || words.back().is_constant()) {
      out_.constant_tail += static_cast<std::uint32_t>(out_.trailer.size());
    }
    if (!open_.constant.empty()) out_.segments.push_back(open_);
    return std::move(out_);
  }

 private:
  void add_constant(const std::string& text) {
    if (wire_ == Wire::resp) append_header(open_.constant, '$', text.size());
    open_.constant += text;
    if (wire_ == Wire::resp) open_.constant += "\r\n";
  }

  void add_varying(const WordTemplate& word) {
    open_.word = word;
    open_.has_word = true;
    open_.framed = wire_ == Wire::resp;
    out_.segments.push_back(std::exchange(open_, {}));
  }

  Wire wire_;
  EncodedRequest out_;
  EncodedRequest::Segment open_;
};

/// Flattens the steps of a script.
class Compiler {
 public:
  Compiler(GroupPlan& plan, Wire wire) : plan_(plan), wire_(wire) {}

  void compile(const std::vector<Step>& steps, std::uint32_t depth) {
    for (const Step& step : steps) compile(step, depth);
  }

 private:
  [[nodiscard]] std::uint32_t here() const {
    return static_cast<std::uint32_t>(plan_.program.size());
  }
  Instruction& add(Op op) {
    plan_.program.push_back({op, 0, 0, 0, {}});
    return plan_.program.back();
  }

  void compile(const Step& step, std::uint32_t depth) {
    switch (step.action) {
      case Action::send:
      case Action::bytes:
        return compile_send(step, depth);
      case Action::think:
        add(Op::await_replies);
        add(Op::think).pause = step.pause;
        return;
      case Action::reconnect:
        add(Op::disconnect);
        add(Op::connect);
        return;
      case Action::await_close:
        add(Op::await_close).pause = {step.patience, step.patience};
        return;
      case Action::repeat:
        return compile_loop(step.times, depth, [&] { compile(step.steps, depth + 1); });
      case Action::one_of:
        return compile_choice(step, depth);
      case Action::connect:
        return add_simple(Op::connect);
      case Action::disconnect:
        return add_simple(Op::disconnect);
      case Action::leave:
        return add_simple(Op::leave);
      case Action::half_close:
        return add_simple(Op::half_close);
      case Action::reset:
        return add_simple(Op::reset);
      case Action::await_replies:
        return add_simple(Op::await_replies);
      case Action::read:
        return add_simple(step.on ? Op::read_on : Op::read_off);
    }
  }

  void add_simple(Op op) { add(op); }

  void compile_send(const Step& step, std::uint32_t depth) {
    EncodedRequest request = encode(step.request, step.action == Action::bytes ? Wire::raw : wire_);
    request.expectation = step.expectation;
    if (plan_.group.hostile) request.expectation = {Expectation::Kind::none, ""};
    if (request.expectation.kind != Expectation::Kind::none) plan_.owes_replies = true;
    request.row = row_of(step.label);
    request.piece_bytes = step.piece_bytes;
    request.every = step.every;
    const auto index = static_cast<std::uint32_t>(plan_.requests.size());
    plan_.requests.push_back(std::move(request));
    const auto send = [&] { add(Op::send).index = index; };
    step.times > 1 ? compile_loop(step.times, depth, send) : send();
  }

  template <class Body>
  void compile_loop(std::int64_t count, std::uint32_t depth, const Body& body) {
    plan_.counters = std::max(plan_.counters, depth + 1);
    Instruction& begin = add(Op::loop_begin);
    begin.index = depth;
    begin.count = count;
    const std::uint32_t first = here();
    body();
    Instruction& end = add(Op::loop_end);
    end.index = depth;
    end.target = first;
  }

  void compile_choice(const Step& step, std::uint32_t depth) {
    const auto index = static_cast<std::uint32_t>(plan_.choices.size());
    plan_.choices.emplace_back();
    add(Op::choose).index = index;
    std::vector<std::uint32_t> ends;
    for (const Step& one : step.steps) {
      Choice& choice = plan_.choices[index];
      choice.total += one.weight;
      choice.below.emplace_back(choice.total, here());
      compile(one, depth);
      ends.push_back(here());
      add(Op::jump);
    }
    for (const std::uint32_t end : ends) plan_.program[end].target = here();
  }

  std::uint32_t row_of(const std::string& label) {
    const auto found = std::find(plan_.labels.begin(), plan_.labels.end(), label);
    if (found == plan_.labels.end()) plan_.labels.push_back(label);
    return static_cast<std::uint32_t>(std::find(plan_.labels.begin(), plan_.labels.end(), label) -
                                      plan_.labels.begin());
  }

  GroupPlan& plan_;
  Wire wire_;
};

void append_length(Buffer& out, std::size_t length) {
  std::array<char, 20> digits;  // of 2^64 - 1
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), length).ptr;
  out.append('$');
  out.append(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
  out.append("\r\n");
}

}  // namespace

EncodedRequest encode(const RequestTemplate& request, Wire wire) {
  return Encoder(wire).encode(request);
}

EncodedRequest::Written EncodedRequest::write(Buffer& out, GeneratorState& state,
                                              std::string& scratch) const {
  const std::size_t start = out.size();
  std::size_t last_word = start;
  for (const Segment& segment : segments) {
    out.append(segment.constant);
    if (!segment.has_word) continue;
    last_word = out.size();
    scratch.clear();
    segment.word.append(scratch, state);
    if (segment.framed) append_length(out, scratch.size());
    out.append(scratch);
    if (segment.framed) out.append("\r\n");
  }
  out.append(trailer);
  const std::size_t tail = constant_tail > 0 ? constant_tail : out.size() - last_word;
  return {static_cast<std::uint32_t>(out.size() - start), static_cast<std::uint32_t>(tail)};
}

std::string_view argument_of(std::string_view tail, Wire wire) {
  if (wire == Wire::resp) {
    const std::size_t header = tail.find('\n') + 1;
    return tail.substr(header, tail.size() - header - 2);
  }
  if (wire == Wire::line && tail.ends_with('\n')) tail.remove_suffix(1);
  return tail;
}

Tally Plan::empty_tally() const {
  Tally tally;
  for (const GroupPlan& plan : groups) {
    GroupTally& group = tally.groups.emplace_back();
    group.name = plan.group.name;
    group.hostile = plan.group.hostile;
    for (const std::string& label : plan.labels) group.commands.emplace_back().label = label;
  }
  return tally;
}

Plan make_plan(Scenario scenario, const SocketAddress& address) {
  Plan plan;
  plan.address = address;
  for (const Group& group : scenario.groups) {
    GroupPlan& made = plan.groups.emplace_back();
    made.group = group;
    Compiler(made, scenario.wire).compile(group.steps, 0);
  }
  plan.scenario = std::move(scenario);
  return plan;
}

}  // namespace reactord::load
