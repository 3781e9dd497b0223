// SPDX-License-Identifier: MIT
// INFO: the daemon's statistics as text, in Redis' form. What there is, the service knows.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "daemon/interface/handler_entry.h"
#include "protocol/words.h"

namespace reactord {
namespace {

/// More than there are sections and words for groups of them.
constexpr std::size_t kMaxSections = 64;

constexpr CommandSpec kCommands[] = {{.name = "info",
                                      .synopsis = "[section ...]",
                                      .summary = "Shows the server's statistics",
                                      .min_arguments = 0,
                                      .max_arguments = kMaxSections}};

/// Left out unless asked for, because they grow with the number of commands; as in Redis.
bool is_default(std::string_view section) {
  return section != "commandstats" && section != "latencystats";
}

bool selects(std::string_view word, std::string_view section) {
  if (same_word(word, "all") || same_word(word, "everything")) return true;
  if (same_word(word, "default")) return is_default(section);
  return same_word(word, section);
}

bool is_selected(std::span<const std::string_view> words, std::string_view section) {
  if (words.empty()) return is_default(section);
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return selects(word, section); });
}

std::string title_of(std::string_view section) {
  if (section == "cpu") return "CPU";
  return upper_case(section.substr(0, 1)).append(section.substr(1));
}

/// A slice, though one INFO would be quick enough: a transaction may hold a thousand of them.
class InfoProducer : public ReplyProducer {
 public:
  InfoProducer(const Service& service, std::vector<std::string_view> sections)
      : service_(service), sections_(std::move(sections)) {}

  Progress produce(ReplyWriter& reply) override {
    std::string text;
    for (const std::string_view section : sections_) append_section(section, text);
    reply.text(text);
    return Progress::done;
  }

 private:
  void append_section(std::string_view section, std::string& text) const {
    std::vector<InfoField> fields;
    service_.append_info(section, fields);
    const std::string_view gap = text.empty() ? "" : "\r\n";
    fmt::format_to(std::back_inserter(text), "{}# {}\r\n", gap, title_of(section));
    for (const InfoField& field : fields) {
      fmt::format_to(std::back_inserter(text), "{}:{}\r\n", field.name, field.value);
    }
  }

  const Service& service_;
  std::vector<std::string_view> sections_;
};

class InfoHandler : public Handler {
 public:
  explicit InfoHandler(Service& service) : service_(service) {}

  std::span<const CommandSpec> commands() const override { return kCommands; }

  HandlerResult handle(const Request& request, ReplyWriter& /*reply*/,
                       HandlerContext& context) override {
    // Each word is held against each of the sections.
    context.charge(std::chrono::microseconds(1 + request.arguments.size() / 4));
    std::vector<std::string_view> selected;
    for (const std::string_view section : service_.info_sections())
      if (is_selected(request.arguments, section)) selected.push_back(section);
    context.produce(std::make_unique<InfoProducer>(service_, std::move(selected)));
    return HandlerResult::pending;
  }

 private:
  Service& service_;
};

}  // namespace

HandlerEntry info_handler() {
  return builtin_entry<InfoHandler>("info");
}

}  // namespace reactord
