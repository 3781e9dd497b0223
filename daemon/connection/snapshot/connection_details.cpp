// SPDX-License-Identifier: MIT
#include "daemon/connection/snapshot/connection_details.h"

#include "daemon/connection/connection.h"

namespace reactord {

namespace {

/// Nothing where it is off: then it never comes.
template <class Side>
std::optional<ConnectionDetails::Deadline> deadline_of(const DeadlineLink<Side>& link,
                                                       std::string_view kind, Duration length,
                                                       TimePoint now) {
  if (!link.is_armed() || length == Duration::zero()) return std::nullopt;
  const Duration left = link.started() + length - now;
  return ConnectionDetails::Deadline{kind, std::chrono::floor<std::chrono::milliseconds>(left)};
}

}  // namespace

ConnectionDetails Connection::details() const {
  static constexpr std::string_view kStates[] = {"open",       "overlapping", "pending", "flushing",
                                                 "discarding", "confirming",  "closed"};
  static constexpr std::string_view kInputs[] = {"flowing", "draining", "ended_by_fin",
                                                 "ended_by_drain", "cut_off"};
  static constexpr std::string_view kKept[] = {"nothing", "part_of_frame", "frames"};
  const ConnectionDeadlines& deadlines = loop().deadlines;
  const TimePoint now = host().now();
  const DeadlineLink<InputDeadline>& input = *this;
  const DeadlineLink<OutputDeadline>& output = *this;
  const bool is_first = !past_first_ && (!frame_timed_ || is_first_request_nearer());
  ConnectionDetails details{.state = kStates[static_cast<std::size_t>(state_)],
                            .input = kInputs[static_cast<std::size_t>(input_state_)],
                            .kept = kKept[static_cast<std::size_t>(kept_)],
                            .may_receive = may_receive_,
                            .may_send = may_send_,
                            .is_scheduled = scheduled_,
                            .is_held_back = is_held_back_,
                            .is_paused = is_paused_,
                            .is_fin_announced = is_fin_announced_,
                            .is_logging_in = session_.must_log_in(),
                            .owed_replies = owed_replies_,
                            .subscriptions = subscriptions_,
                            .input_capacity = input_.capacity(),
                            .output_capacity = output_.capacity(),
                            .session_bytes = session_.held_bytes(),
                            .input_deadline = {},
                            .output_deadline = {}};
  if (is_first)
    details.input_deadline =
        deadline_of(input, "first_request", deadlines.first_request.length(), now);
  else if (frame_timed_)
    details.input_deadline = deadline_of(input, "frame", deadlines.frame.length(), now);
  else
    details.input_deadline = deadline_of(input, "idle", deadlines.idle.length(), now);
  details.output_deadline =
      state_ >= State::discarding
          ? deadline_of(output, "linger", deadlines.linger.length(), now)
          : deadline_of(output, "write_stall", deadlines.write_stall.length(), now);
  return details;
}

}  // namespace reactord
