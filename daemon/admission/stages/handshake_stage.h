// SPDX-License-Identifier: MIT
// The stage in which a listener's client shakes hands for TLS. Its steps are done beside the loop
// (net/handshake_thread.h); what the socket tells meanwhile is kept for the next one.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "daemon/admission/stages/stage.h"
#include "daemon/net/handshake_thread.h"

namespace reactord {

class HandshakeStage {
 public:
  /// In messages: "no whole TLS handshake".
  static constexpr std::string_view kWhole = "TLS handshake";

  explicit HandshakeStage(std::shared_ptr<SharedHandshake> shared) : shared_(std::move(shared)) {}

  /// The socket has news: asks for a step, unless one is under way.
  [[nodiscard]] StageStep step(HandshakeThread& thread, SlotId who);
  /// The step that was asked for is done.
  [[nodiscard]] StageStep on_done(HandshakeThread& thread, SlotId who);
  [[nodiscard]] bool is_working() const { return is_working_; }

  /// Where no step is under way.
  [[nodiscard]] Handshake& handshake() const { return *shared_->handshake; }

 private:
  std::shared_ptr<SharedHandshake> shared_;
  bool is_working_ = false;
  bool has_news_ = false;  ///< since the step that is under way was asked for
};

}  // namespace reactord
