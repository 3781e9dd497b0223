// SPDX-License-Identifier: MIT
// Whether a backend is asked at all. After failures in a row it is not, until a probe has been
// answered: a sick server is not kept sick by requests that cannot succeed, and no client waits for
// one. Knows no connection, sends nothing, and has no clock: whoever owns it probes.
//
//   closed --max_failures in a row--> open --the probe is answered--> closed
//                                     |  ^
//                                     +--+ the probe fails: the next one comes twice as late
#pragma once

#include <chrono>
#include <cstdint>

namespace reactord {

class Circuit {
 public:
  struct Settings {
    std::uint32_t max_failures = 5;                ///< in a row; then it opens
    std::chrono::milliseconds first_probe{500};    ///< after it has opened
    std::chrono::milliseconds last_probe{30'000};  ///< no longer than this between two
  };

  explicit Circuit(const Settings& settings) : settings_(settings) {}

  /// Requests may be sent.
  [[nodiscard]] bool is_closed() const { return is_closed_; }
  /// How often it has opened.
  [[nodiscard]] std::uint64_t openings() const { return openings_; }

  /// A request was answered, with an error or without.
  void on_answer();
  /// A request was not answered in time, or a connection was lost. True if the circuit opens by it:
  /// probe after probe_delay().
  [[nodiscard]] bool on_failure();
  /// The probe was answered, or was not: then the next one comes after probe_delay().
  void on_probe(bool is_answered);
  [[nodiscard]] std::chrono::milliseconds probe_delay() const { return probe_delay_; }

 private:
  Settings settings_;
  std::chrono::milliseconds probe_delay_{0};
  std::uint32_t failures_ = 0;  ///< in a row
  std::uint64_t openings_ = 0;
  bool is_closed_ = true;
};

}  // namespace reactord
