// SPDX-License-Identifier: MIT
#include "daemon/outgoing/server_connector.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "daemon/interface/offload.h"
#include "daemon/net/connecting_socket.h"
#include "daemon/net/socket_stream.h"
#include "protocol/escape.h"

namespace reactord {

using std::chrono::milliseconds;

ServerConnector::ServerConnector(Service& service, ServerAddress server, milliseconds timeout,
                                 NameLookup look_up_name)
    : service_(service),
      server_(std::move(server)),
      timeout_(timeout),
      look_up_name_(look_up_name) {}

void ServerConnector::connect(std::function<void(ConnectOutcome)> done) {
  done_ = std::move(done);
  deadline_ = service_.now() + timeout_;
  problem_.clear();
  FoundAddresses found = server_.path.empty()
                             ? read_ip(server_.host, server_.port)
                             : FoundAddresses{{SocketAddress::unix_path(server_.path)}, ""};
  if (found.addresses.empty()) return look_up();
  addresses_ = std::move(found.addresses);
  next_ = 0;
  timer_ = service_.call_after(milliseconds(0), [this] { try_next(); });
}

void ServerConnector::cancel() {
  done_ = nullptr;
  timer_.reset();
  watch_.reset();
  fd_.reset();
}

void ServerConnector::look_up() {
  addresses_.clear();
  if (lookup_ == nullptr) {
    lookup_ = offload(
        service_,
        [host = server_.host, port = server_.port, look_up = look_up_name_] {
          return look_up(host, port);
        },
        [this](WorkResult<FoundAddresses>& result) {
          on_found(result.ok() ? std::move(result.value())
                               : FoundAddresses{{}, "looking it up has failed"});
        });
  }
  if (lookup_ == nullptr) {
    problem_ = fmt::format("no worker is free to look up '{}'", escaped(server_.host, 60));
    timer_ = service_.call_after(milliseconds(0), [this] { finish(nullptr); });
    return;
  }
  timer_ = service_.call_after(timeout_, [this] {
    problem_ = fmt::format("'{}' was not looked up within {} ms", escaped(server_.host, 60),
                           timeout_.count());
    finish(nullptr);
  });
}

void ServerConnector::on_found(FoundAddresses found) {
  lookup_.reset();
  if (done_ == nullptr) return;
  if (found.addresses.empty()) {
    problem_ = fmt::format("cannot find the address of '{}': {}", escaped(server_.host, 60),
                           found.problem);
  }
  addresses_ = std::move(found.addresses);
  if (addresses_.size() > kMaxAddresses) addresses_.resize(kMaxAddresses);
  next_ = 0;
  try_next();
}

void ServerConnector::try_next() {
  watch_.reset();
  fd_.reset();
  while (next_ < addresses_.size() && service_.now() < deadline_) {
    ++next_;
    if (begin()) return;
  }
  finish(nullptr);
}

bool ServerConnector::begin() {
  ConnectResult result = begin_connect(current());
  if (result.status == ConnectStatus::failed) {
    note(result.error);
    return false;
  }
  fd_ = std::move(result.fd);
  try {
    watch_ = service_.watch(fd_.get(), {.readable = false, .writable = true},
                            [this](FdEvent) { on_event(); });
  } catch (const std::system_error& error) {
    note(error.code().value());
    fd_.reset();
    return false;
  }
  const auto untried = static_cast<std::int64_t>(addresses_.size() - next_ + 1);
  timer_ = service_.call_after(std::max(time_left() / untried, milliseconds(1)), [this] {
    note(ETIMEDOUT);
    try_next();
  });
  return true;
}

void ServerConnector::on_event() {
  int error = connect_error(fd_.get());
  if (error == 0 && is_connected_to_itself(fd_.get())) error = ECONNREFUSED;
  watch_.reset();
  if (error != 0) {
    note(error);
    return try_next();
  }
  if (current().is_ip()) keep_alive(fd_.get());
  finish(std::make_unique<SocketStream>(std::move(fd_), current()));
}

void ServerConnector::note(int error) {
  if (!problem_.empty()) problem_ += "; ";
  problem_ += fmt::format("{}: {}", current().to_string(), std::generic_category().message(error));
}

void ServerConnector::finish(std::unique_ptr<Stream> stream) {
  timer_.reset();
  ConnectOutcome outcome{std::move(stream), {}};
  if (outcome.stream == nullptr) {
    outcome.problem = fmt::format("cannot connect: {}", problem_.empty() ? "no time" : problem_);
  }
  const auto done = std::exchange(done_, nullptr);
  done(std::move(outcome));
}

milliseconds ServerConnector::time_left() const {
  return std::chrono::duration_cast<milliseconds>(deadline_ - service_.now());
}

}  // namespace reactord
