// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/net/dialect.h"

#include <limits>
#include <utility>
#include <vector>

#include "protocol/framing/inline_line.h"
#include "protocol/request_writer.h"

namespace reactord::cli {
namespace {

class RespDialect final : public Dialect {
 public:
  bool write_words(Buffer& out, std::span<const std::string_view> words) override {
    write_request(out, words);
    return true;
  }

  LineStatus write_line(Buffer& out, std::string_view line) override {
    words_.clear();
    decoded_.clear();
    constexpr std::size_t kAnyNumber = std::numeric_limits<std::size_t>::max();
    if (split_inline(line, kAnyNumber, words_, decoded_) != SplitStatus::ok) {
      return LineStatus::unbalanced;
    }
    if (words_.empty()) return LineStatus::nothing;
    write_request(out, words_);
    return LineStatus::request;
  }

  ReplyStatus parse(std::string_view input, std::size_t& consumed) override {
    return parser_.parse(input, consumed);
  }
  Reply take() override { return parser_.take(); }
  const std::string& error() const override { return parser_.error(); }
  bool parse_end() override { return false; }
  bool between_replies() const override { return parser_.between_replies(); }
  bool is_lost_at_end() override { return parser_.is_lost_at_end(); }
  bool may_say_more() const override { return false; }

 private:
  ReplyParser parser_;
  std::vector<std::string_view> words_;
  std::string decoded_;
};

class LineDialect final : public Dialect {
 public:
  bool write_words(Buffer& out, std::span<const std::string_view> words) override {
    std::string line;
    for (const std::string_view word : words) {
      if (!line.empty()) line += ' ';
      line += word;
    }
    return write_line(out, line) == LineStatus::request;
  }

  LineStatus write_line(Buffer& out, std::string_view line) override {
    if (line.find('\n') != std::string_view::npos) return LineStatus::impossible;
    // Servers ignore empty lines: an answer would never come.
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return LineStatus::nothing;
    out.append(line);
    out.append('\n');
    return LineStatus::request;
  }

  ReplyStatus parse(std::string_view input, std::size_t& consumed) override {
    const std::size_t newline = input.find('\n');
    consumed = newline == std::string_view::npos ? input.size() : newline + 1;
    if (line_.size() + consumed > kMaxLineBytes) {
      error_ = "a line with no end in sight";
      return ReplyStatus::error;
    }
    line_.append(input.substr(0, consumed));
    if (newline == std::string_view::npos) return ReplyStatus::need_more;
    line_.pop_back();
    if (line_.ends_with('\r')) line_.pop_back();
    return ReplyStatus::reply;
  }

  Reply take() override {
    Reply reply{Reply::Kind::status, std::exchange(line_, {}), {}};
    if (reply.text.starts_with(kPlainErrorMark)) {
      reply.kind = Reply::Kind::error;
      reply.text.erase(0, kPlainErrorMark.size());
    }
    return reply;
  }
  const std::string& error() const override { return error_; }
  bool parse_end() override { return !line_.empty(); }
  bool between_replies() const override { return line_.empty(); }
  bool may_say_more() const override { return true; }

 private:
  static constexpr std::size_t kMaxLineBytes = 512u << 20;  // as ReplyLimits::max_bytes

  std::string line_;
  std::string error_;
};

// Bytes out, bytes back: what one receive has returned counts as an answer.
class RawDialect final : public Dialect {
 public:
  bool write_words(Buffer& out, std::span<const std::string_view> words) override {
    for (const std::string_view word : words) {
      if (word.data() != words.front().data()) out.append(' ');
      out.append(word);
    }
    return true;
  }

  LineStatus write_line(Buffer& out, std::string_view line) override {
    if (line.empty()) return LineStatus::nothing;
    out.append(line);
    return LineStatus::request;
  }

  ReplyStatus parse(std::string_view input, std::size_t& consumed) override {
    bytes_ = input;
    consumed = input.size();
    return input.empty() ? ReplyStatus::need_more : ReplyStatus::reply;
  }

  Reply take() override { return Reply{Reply::Kind::text, std::exchange(bytes_, {}), {}}; }
  const std::string& error() const override { return bytes_; }  // there is none
  bool parse_end() override { return false; }
  bool between_replies() const override { return true; }
  bool may_say_more() const override { return true; }

 private:
  std::string bytes_;
};

}  // namespace

std::unique_ptr<Dialect> Dialect::make(Framing framing) {
  switch (framing) {
    case Framing::resp:
      return std::make_unique<RespDialect>();
    case Framing::line:
      return std::make_unique<LineDialect>();
    case Framing::raw:
      return std::make_unique<RawDialect>();
  }
  return nullptr;
}

}  // namespace reactord::cli
