// SPDX-License-Identifier: MIT
// Whoever brings a connection about: the seam between what speaks over connections and sockets.
// Tests hand out scripted streams through it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "daemon/net/stream.h"

namespace reactord {

struct ConnectOutcome {
  std::unique_ptr<Stream> stream;  ///< none: see the problem
  std::string problem;             ///< for people: what was tried, and what came of it
};

class Connector {
 public:
  virtual ~Connector() = default;
  /// Begins an attempt. `done` is called once, from the loop, never within connect(), and may
  /// destroy the connector. To be called again only after that, or after cancel().
  virtual void connect(std::function<void(ConnectOutcome)> done) = 0;
  /// The attempt under way is given up; its `done` is not called.
  virtual void cancel() = 0;
};

}  // namespace reactord
