// SPDX-License-Identifier: MIT
#include "daemon/interface/deferred_reply.h"

#include <utility>

namespace reactord {

DeferredReply::DeferredReply(DeferredReply&& other) noexcept
    : port_(std::exchange(other.port_, nullptr)),
      connection_(other.connection_),
      promise_(other.promise_) {}

DeferredReply& DeferredReply::operator=(DeferredReply&& other) noexcept {
  // `old` ends here and with it, if it was not kept, the promise that stood in this place.
  DeferredReply old(std::move(*this));
  port_ = std::exchange(other.port_, nullptr);
  connection_ = other.connection_;
  promise_ = other.promise_;
  return *this;
}

DeferredReply::~DeferredReply() {
  if (port_ != nullptr) port_->abandon(connection_, promise_);
}

bool DeferredReply::complete(const WriteReply& write, std::function<void()> on_uncertain) noexcept {
  ReplyPort* const port = std::exchange(port_, nullptr);
  return port != nullptr && port->complete(connection_, promise_, write, std::move(on_uncertain));
}

bool DeferredReply::goes_on() const noexcept {
  return port_ != nullptr && port_->goes_on(connection_, promise_);
}

PushHandle::PushHandle(PushHandle&& other) noexcept
    : port_(std::exchange(other.port_, nullptr)),
      connection_(other.connection_),
      subscribed_by_(other.subscribed_by_) {}

PushHandle& PushHandle::operator=(PushHandle&& other) noexcept {
  PushHandle old(std::move(*this));
  port_ = std::exchange(other.port_, nullptr);
  connection_ = other.connection_;
  subscribed_by_ = other.subscribed_by_;
  return *this;
}

PushHandle::~PushHandle() {
  if (port_ != nullptr) port_->unsubscribe(connection_);
}

PushResult PushHandle::push(const WriteReply& write) noexcept {
  return port_ == nullptr ? PushResult::gone : port_->push(connection_, subscribed_by_, write);
}

}  // namespace reactord
