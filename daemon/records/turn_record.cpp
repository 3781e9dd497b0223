// SPDX-License-Identifier: MIT
#include "daemon/records/turn_record.h"

#include <algorithm>

namespace reactord {

void TurnRecord::note(std::chrono::system_clock::time_point now, Duration took) {
  using namespace std::chrono;
  const SlowTurns::Sample sample{duration_cast<seconds>(now.time_since_epoch()).count(),
                                 duration_cast<milliseconds>(took).count()};
  turns_.longest_ms = std::max(turns_.longest_ms, sample.ms);
  std::vector<SlowTurns::Sample>& samples = turns_.samples;
  if (!samples.empty() && samples.back().time == sample.time) {
    samples.back().ms = std::max(samples.back().ms, sample.ms);
    return;
  }
  if (samples.size() >= kMaxSamples) samples.erase(samples.begin());
  samples.push_back(sample);
}

}  // namespace reactord
