// SPDX-License-Identifier: MIT
#include "daemon/admission/stages/handshake_stage.h"

namespace reactord {

StageStep HandshakeStage::step(HandshakeThread& thread, SlotId who) {
  if (is_working_) {
    has_news_ = true;
    return {.status = StageStep::Status::working};
  }
  if (const std::error_code problem = thread.advance(shared_, who))
    return {.status = StageStep::Status::refused,
            .refusal = {Event::refused_handshake, {}, problem.message()}};
  is_working_ = true;
  return {.status = StageStep::Status::working};
}

StageStep HandshakeStage::on_done(HandshakeThread& thread, SlotId who) {
  is_working_ = false;
  const auto refused = [this](Event why) -> StageStep {
    return {.status = StageStep::Status::refused, .refusal = {why, {}, handshake().problem()}};
  };
  switch (shared_->step) {
    case HandshakeStep::done:
      return {.status = StageStep::Status::done};
    case HandshakeStep::wants_read:
    case HandshakeStep::wants_write:
      return std::exchange(has_news_, false) ? step(thread, who)
                                             : StageStep{.status = StageStep::Status::working};
    case HandshakeStep::failed:
      return refused(Event::refused_handshake);
    case HandshakeStep::plain_text:
      return refused(Event::refused_plain_text);
  }
  return refused(Event::refused_handshake);
}

}  // namespace reactord
