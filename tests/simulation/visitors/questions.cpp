// SPDX-License-Identifier: MIT
#include "tests/simulation/visitors/questions.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace simulation {

namespace {

struct Page {
  std::string_view path;
  std::string_view type;
  std::string_view begins;
  std::string_view ends;
  bool is_last;  ///< the connection ends behind it
};

constexpr Page kPages[] = {
    {"/metrics", "", "# ", "\n", false},
    {"/healthz", "text/plain; charset=utf-8", "ok\n", "ok\n", false},
    {"/readyz", "text/plain; charset=utf-8", "ready\n", "\n", false},
    {"/", "text/html; charset=utf-8", "<!doctype html>", "\n", true},
    {"/api/state", "application/json", "{\"run\":", "}", true},
    {"/api/config", "application/json", "", "", true},
    {"/api/commands", "application/json", "", "", true},
    {"/api/clients", "application/json", "", "", true},
    {"/api/slowlog", "application/json", "", "", true},
    {"/api/live", "text/event-stream", "", "", true},
};

const Page* page_of(std::string_view path) {
  const auto* const found = std::ranges::find(kPages, path.substr(0, path.find('?')), &Page::path);
  return found == std::end(kPages) ? nullptr : found;
}

struct Fields {
  std::vector<std::string> hosts;
  bool is_old = false;
  bool is_from_elsewhere = false;
  bool is_last = false;
};

/// In the order in which the daemon looks.
int status_of(const Question& question, const Fields& fields) {
  if (fields.hosts.size() != 1 && !(fields.is_old && fields.hosts.empty())) return 400;
  if (!fields.hosts.empty() && fields.hosts.front() != "127.0.0.1") return 421;
  if (question.method != "GET" && question.method != "HEAD") return 405;
  if (question.path.starts_with("/api/") && fields.is_from_elsewhere) return 403;
  if (question.path == "/readyz") return 0;
  return page_of(question.path) == nullptr ? 404 : 200;
}

/// Each line is a comment, or a name, perhaps with labels, and a number.
bool is_metric(std::string_view line) {
  if (line.starts_with("# ")) return true;
  const std::size_t space = line.find_last_of(' ');
  return line.starts_with("reactord_") && space != line.npos && space + 1 < line.size();
}

std::string problem_with_metrics(std::string_view body) {
  while (!body.empty()) {
    const std::size_t end = body.find('\n');
    if (end == body.npos || !(is_metric(body.substr(0, end)) || body.starts_with("process_")))
      return fmt::format("'{:.60}' is no metric", body);
    body.remove_prefix(end + 1);
  }
  return {};
}

}  // namespace

Question question_of(const std::vector<std::string>& words) {
  Question question{.method = words.at(0), .path = words.at(1)};
  Fields fields{.hosts = {"127.0.0.1"}};
  bool has_own_hosts = false;
  std::string rest;
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    const std::string name = words[i].substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : words[i].substr(equals + 1);
    if (name == "HTTP/1.0") fields.is_old = true;
    if (words[i] == "Connection=close") fields.is_last = true;
    if ((name == "Host" || name == "-Host") && !std::exchange(has_own_hosts, true))
      fields.hosts.clear();
    if (name == "Host") fields.hosts.push_back(value);
    if (name == "Origin" || name == "Sec-Fetch-Site") fields.is_from_elsewhere = true;
    if (name != "HTTP/1.0" && name != "Host" && name != "-Host")
      rest += fmt::format("{}: {}\r\n", name, value);
  }
  for (const std::string& host : fields.hosts) rest += fmt::format("Host: {}\r\n", host);
  question.bytes = fmt::format("{} {} HTTP/1.{}\r\n{}\r\n", question.method, question.path,
                               fields.is_old ? 0 : 1, rest);
  question.status = status_of(question, fields);
  const Page* const page = page_of(question.path);
  question.may_be_last = fields.is_last || fields.is_old || question.method != "GET" ||
                         question.status >= 400 || (page != nullptr && page->is_last);
  question.is_stream = question.path == "/api/live" && question.status == 200;
  return question;
}

bool is_librarys(const HttpAnswer& answer) {
  return answer.status >= 400 && answer.field("x-content-type-options").empty();
}

std::string problem_with(const HttpAnswer& answer, const Question& question) {
  if (is_librarys(answer)) return {};
  if (answer.field("date").empty()) return "no date";
  if (answer.field("content-security-policy").empty()) return "no policy";
  if (answer.field("cache-control") != "no-store") return "it may be kept";
  if (answer.status == 405 && answer.field("allow") != "GET, HEAD") return "no Allow";
  const Page* const page = page_of(question.path);
  if (answer.status != 200 || page == nullptr) return {};
  if (page->is_last && !answer.is_last()) return "its connection is kept";
  if (!page->type.empty() && answer.field("content-type") != page->type) return "another type";
  if (question.method == "HEAD") return answer.body.empty() ? "" : "HEAD has a body";
  if (!answer.body.starts_with(page->begins) || !answer.body.ends_with(page->ends))
    return fmt::format("another page: {:.60}", answer.body);
  return question.path == "/metrics" ? problem_with_metrics(answer.body) : "";
}

}  // namespace simulation
