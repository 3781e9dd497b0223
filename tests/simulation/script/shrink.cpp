// SPDX-License-Identifier: MIT
#include "tests/simulation/script/shrink.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "tests/simulation/play.h"

namespace simulation {

namespace {

/// Plays, in all: a minute or two.
constexpr int kMaxPlays = 3000;

class Shrinker {
 public:
  Shrinker(const Script& script, const PlayedApart& outcome)
      : script_(script), problem_(outcome.problem), rule_(outcome.rule()) {}

  Shrunk shrink() {
    while (pass() && plays_ < kMaxPlays) continue;
    return {script_, problem_};
  }

 private:
  /// Whether anything could be left out.
  bool pass() {
    bool has_shrunk = thin(&Script::clients);
    has_shrunk = thin(&Script::faults) || has_shrunk;
    has_shrunk = thin(&Script::signals) || has_shrunk;
    has_shrunk = thin(&Script::settings) || has_shrunk;
    for (std::size_t i = 0; i < script_.clients.size(); ++i)
      has_shrunk = thin_client(i) || has_shrunk;
    return lower_numbers() || has_shrunk;
  }

  bool still_fails(const Script& candidate) {
    if (++plays_ > kMaxPlays) return false;
    const PlayedApart outcome = play_apart(candidate);
    if (outcome.is_good || outcome.rule() != rule_) return false;
    script_ = candidate;
    problem_ = outcome.problem;
    return true;
  }

  /// Leaves out elements: halves first, then ever fewer at once.
  template <class Get>
  bool thin_list(const Get& get) {
    bool has_shrunk = false;
    for (std::size_t some = std::max<std::size_t>(get(script_).size() / 2, 1); some > 0; some /= 2)
      for (std::size_t at = 0; at < get(script_).size();) {
        Script candidate = script_;
        auto& list = get(candidate);
        const auto begin = list.begin() + static_cast<std::ptrdiff_t>(at);
        list.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(some, list.size() - at)));
        still_fails(candidate) ? void(has_shrunk = true) : void(at += some);
      }
    return has_shrunk;
  }

  template <class T>
  bool thin(std::vector<T> Script::*list) {
    return thin_list([list](Script& script) -> std::vector<T>& { return script.*list; });
  }

  bool thin_client(std::size_t number) {
    return thin_list([number](Script& script) -> std::vector<Action>& {
      return script.clients[number].actions;
    });
  }

  bool lower_numbers() {
    bool has_shrunk = false;
    for (std::size_t i = 0; i < script_.clients.size(); ++i) {
      has_shrunk =
          lower([i](Script & script) -> auto& { return script.clients[i].arrives; }) || has_shrunk;
      for (std::size_t k = 0; k < script_.clients[i].actions.size(); ++k)
        has_shrunk = lower([ i, k ](Script & script) -> auto& {
                       return script.clients[i].actions[k].number;
                     }) ||
                     has_shrunk;
    }
    return has_shrunk;
  }

  template <class Get>
  bool lower(const Get& get) {
    bool has_shrunk = false;
    while (get(script_) > 1) {
      Script candidate = script_;
      get(candidate) /= 2;
      if (!still_fails(candidate)) break;
      has_shrunk = true;
    }
    return has_shrunk;
  }

  Script script_;
  std::string problem_;
  std::string rule_;
  int plays_ = 0;
};

}  // namespace

Shrunk shrink_script(const Script& script) {
  const PlayedApart outcome = play_apart(script);
  if (outcome.is_good) return {script, {}};
  return Shrinker(script, outcome).shrink();
}

}  // namespace simulation
