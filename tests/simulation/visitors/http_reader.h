// SPDX-License-Identifier: MIT
// Reads HTTP answers (RFC 9112), by a reader of its own, as they come: what the daemon writes is
// not judged by the daemon's code, or its library's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace simulation {

struct HttpAnswer {
  int status = 0;
  bool is_old = false;                             ///< HTTP/1.0
  std::map<std::string, std::string> fields = {};  ///< names in small letters
  std::string body = {};

  /// Empty where there is none.
  [[nodiscard]] std::string_view field(const std::string& name) const;
  /// Nothing comes behind it.
  [[nodiscard]] bool is_last() const;
};

class HttpReader {
 public:
  /// Takes what it can of `received`; true where an answer is whole now. `is_head`: it is to HEAD,
  /// and has no body. Throws std::runtime_error where it is none.
  [[nodiscard]] bool take(std::string& received, bool is_head);
  /// The connection has ended: true where that makes an answer whole.
  [[nodiscard]] bool take_end();
  /// Of the one that is under way, or whole.
  [[nodiscard]] const HttpAnswer& answer() const { return answer_; }
  [[nodiscard]] bool is_within_answer() const { return state_ != State::head; }
  [[nodiscard]] bool has_head() const { return state_ != State::head && state_ != State::fields; }
  /// What has come of its body: it is forgotten here.
  [[nodiscard]] std::string take_body() { return std::exchange(answer_.body, {}); }

 private:
  enum class State : std::uint8_t {
    head,
    fields,
    counted,
    chunk_size,
    chunk,
    chunk_end,
    last_line,
    until_end
  };

  [[nodiscard]] bool step(std::string& received, bool is_head);
  void read_head(std::string_view line);
  void read_field(std::string_view line);
  [[nodiscard]] State state_of_body(bool is_head);
  void take_bytes(std::string& received, State next);

  HttpAnswer answer_;
  State state_ = State::head;
  std::size_t left_ = 0;  ///< of the body, or the chunk
  bool is_whole_ = false;
};

}  // namespace simulation
