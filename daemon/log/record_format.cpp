// SPDX-License-Identifier: MIT
#include "daemon/log/record_format.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/json_writer.h"

namespace reactord {

namespace {

std::string quoted(std::string_view value) {
  std::string text;
  append_json_quoted(text, value);
  return text;
}

std::string small_letters(std::string_view name) {
  std::string text(name);
  for (char& c : text)
    if ('A' <= c && c <= 'Z') c = static_cast<char>(c + 32);
  return text;
}

/// Calls `take(name, value)` for time, level, message and each of the fields.
template <typename Take>
void for_each_pair(const LogRecord& record, Take take) {
  take("time", record.time);
  take("level", record.level);
  take("message", record.text());
  std::string_view rest = record.fields();
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos)
      take(small_letters(line.substr(0, equals)), line.substr(equals + 1));
  }
}

std::string json_line(const LogRecord& record) {
  std::string line;
  for_each_pair(record, [&](std::string_view name, std::string_view value) {
    line += fmt::format("{}{}:{}", line.empty() ? '{' : ',', quoted(name), quoted(value));
  });
  return line + "}\n";
}

std::string logfmt_line(const LogRecord& record) {
  std::string line;
  for_each_pair(record, [&](std::string_view name, std::string_view value) {
    const bool is_plain = !value.empty() && value.find_first_of(" =\"\\") == std::string_view::npos;
    if (!line.empty()) line += ' ';
    line += fmt::format("{}={}", name, is_plain ? std::string(value) : quoted(value));
  });
  return line + '\n';
}

}  // namespace

std::string_view LogRecord::text() const {
  return text_and_fields.substr(0, text_and_fields.find('\n'));
}

std::string_view LogRecord::fields() const {
  const std::size_t end = text_and_fields.find('\n');
  return end == std::string_view::npos ? std::string_view() : text_and_fields.substr(end + 1);
}

std::string format_record(LogFormat format, const LogRecord& record) {
  switch (format) {
    case LogFormat::json:
      return json_line(record);
    case LogFormat::logfmt:
      return logfmt_line(record);
    case LogFormat::text:
      break;
  }
  return fmt::format("{} {:<7} {}\n", record.time, record.level, record.text());
}

}  // namespace reactord
