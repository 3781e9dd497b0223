// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/doctor/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "tools/reactor-cli/doctor/diagnosis.h"
#include "tools/reactor-cli/figures/ask.h"
#include "tools/reactor-cli/output/render.h"

namespace reactord::cli {
namespace {

using Json = nlohmann::ordered_json;

/// CONFIG GET * as figures; none where the server refuses.
Figures ask_settings(Session& session, std::chrono::milliseconds timeout) {
  const Reply reply = ask(session, std::array<std::string_view, 3>{"CONFIG", "GET", "*"}, timeout);
  Figures settings;
  if (!reply.is_aggregate()) return settings;
  for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2)
    settings.set(reply.elements[i].text, reply.elements[i + 1].text);
  return settings;
}

Figures ask_all(const Options& options, Session& session) {
  Figures figures = ask_info(session, options.timeout);
  figures.add(ask_command_stats(session, options.timeout));
  figures.add(ask_settings(session, options.timeout));
  const auto list =
      ask_text(session, std::array<std::string_view, 2>{"CLIENT", "LIST"}, options.timeout);
  if (list) add_clients(*list, figures);
  return figures;
}

/// "reactord 0.2.0", or what else the server says that it is.
std::string server_name(const Figures& figures) {
  if (figures.has("reactord_version"))
    return fmt::format("reactord {}", figures.text("reactord_version"));
  if (!figures.has("redis_version")) return "a server that does not say what it is";
  return fmt::format("no reactord, but compatible with Redis {} (settings are named as reactord's)",
                     figures.text("redis_version"));
}

std::string not_judged_text(const Diagnosis& diagnosis) {
  if (diagnosis.not_judged.empty()) return "";
  std::string names;
  for (const Rule* rule : diagnosis.not_judged)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", rule->id);
  return fmt::format("\nNot judged, since the server does not tell enough (see --admin): {}\n",
                     names);
}

std::string for_people(const Diagnosis& diagnosis, const Figures& figures, const Endpoint& at) {
  std::string text = fmt::format(
      "{} at {}, up for {:.0f} s, {:.0f} clients\n", server_name(figures), to_string(at),
      figures.number_or("uptime_in_seconds", 0), figures.number_or("connected_clients", 0));
  for (const Finding& finding : diagnosis.findings)
    text += fmt::format("\n{:<6} {}\n       {}\n  set  {}\n", to_string(finding.rule->severity),
                        finding.rule->id, finding.advice.says, finding.advice.set);
  if (diagnosis.findings.empty()) text += "\nNothing is wrong.\n";
  return text + not_judged_text(diagnosis);
}

Json json_of(const Finding& finding, const Figures& figures) {
  const Rule& rule = *finding.rule;
  Json read = Json::object();
  for (std::string_view rest = rule.reads; !rest.empty();) {
    const std::string name(rest.substr(0, rest.find(' ')));
    read[name] = std::string(figures.text(name));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
  }
  return {
      {"id", std::string(rule.id)},           {"severity", std::string(to_string(rule.severity))},
      {"says", finding.advice.says},          {"set", finding.advice.set},
      {"because", std::string(rule.because)}, {"read", std::move(read)}};
}

std::string as_json(const Diagnosis& diagnosis, const Figures& figures, const Endpoint& at,
                    bool ascii_only) {
  Json findings = Json::array();
  for (const Finding& finding : diagnosis.findings) findings.push_back(json_of(finding, figures));
  Json not_judged = Json::array();
  for (const Rule* rule : diagnosis.not_judged) not_judged.push_back(std::string(rule->id));
  const Json all = {{"server", server_name(figures)},
                    {"endpoint", to_string(at)},
                    {"rules", rules().size()},
                    {"findings", std::move(findings)},
                    {"not_judged", std::move(not_judged)}};
  return all.dump(-1, ' ', ascii_only, Json::error_handler_t::replace) + '\n';
}

bool is_ill(const Diagnosis& diagnosis) {
  return std::any_of(
      diagnosis.findings.begin(), diagnosis.findings.end(),
      [](const Finding& finding) { return finding.rule->severity != Severity::note; });
}

}  // namespace

ExitCode run_doctor(const Options& options, Output& output) {
  Session session(options);
  const Figures figures = ask_all(options, session);
  const Diagnosis diagnosis = diagnose(figures);
  if (options.json)
    output.write(as_json(diagnosis, figures, session.endpoint(), output.is_terminal()));
  else
    output.information(escape_lines(for_people(diagnosis, figures, session.endpoint())));
  output.flush();
  return is_ill(diagnosis) ? ExitCode::server_error : ExitCode::success;
}

}  // namespace reactord::cli
