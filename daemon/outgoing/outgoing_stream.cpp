// SPDX-License-Identifier: MIT
#include "daemon/outgoing/outgoing_stream.h"

#include <fmt/format.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "daemon/interface/service.h"
#include "daemon/net/stream.h"
#include "daemon/outgoing/back_off.h"
#include "daemon/outgoing/connector.h"
#include "daemon/outgoing/server_connector.h"
#include "protocol/buffers/buffer.h"

namespace reactord {
namespace {

/// Of one receive, and there is one for an event: as much as a pipe holds. The kernel tells again
/// of what is left, after everybody else had their turn.
constexpr std::size_t kReceiveBytes = 64u << 10;
/// An empty buffer that has grown larger than usual batches is given back.
constexpr std::size_t kMaxKeptBytes = 256u << 10;

void release_if_large(Buffer& buffer) {
  if (buffer.empty() && buffer.capacity() > kMaxKeptBytes) buffer.release();
}

std::string why_lost(const IoResult& result) {
  return fmt::format("the connection broke: {}", std::generic_category().message(result.error));
}

}  // namespace

class OutgoingStream::Core {
 public:
  Core(Service& service, OutgoingStreamSettings settings, OutgoingStreamUser& user,
       std::unique_ptr<Connector> connector, RandomSource random)
      : service_(service),
        settings_(std::move(settings)),
        user_(user),
        connector_(std::move(connector)),
        back_off_(settings_.least_back_off, settings_.most_back_off, std::move(random)) {
    attempt_after(std::chrono::milliseconds(0));
  }

  [[nodiscard]] bool is_connected() const { return stream_ != nullptr; }
  [[nodiscard]] bool is_promising() const { return is_promising_; }
  [[nodiscard]] Buffer& output() { return output_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }

  bool send(std::string_view bytes) {
    if (!is_connected() || bytes.size() > settings_.max_output_bytes - output_.size()) return false;
    output_.append(bytes);
    flush_soon();
    return true;
  }

  void flush_soon() {
    // A socket that takes nothing tells by itself when it does again.
    if (!is_connected() || is_blocked_ || is_waking_) return;
    watch_->wake();
    is_waking_ = true;
  }

  void show_again() {
    if (!is_connected()) return;
    shows_again_ = true;
    watch_->wake();
  }

  void mark_good() {
    if (is_good_) return;
    is_good_ = is_promising_ = true;
    back_off_.reset();
  }

  void close(std::string_view why) {
    if (!is_connected()) return;
    const std::string reason(why);  // it may be shown out of what ends now
    watch_.reset();
    stream_.reset();
    if (!is_good_) is_promising_ = false;
    attempt_after(back_off_.next());
    user_.on_closed(reason);
  }

 private:
  /// Tells a function whether the stream was destroyed, or its connection ended, in a callback.
  class Lookout {
   public:
    explicit Lookout(const Core& core)
        : core_(core), alive_(core.alive_), connection_(core.counters_.connections) {}
    [[nodiscard]] bool is_over() const {
      return alive_.expired() || !core_.is_connected() ||
             core_.counters_.connections != connection_;
    }

   private:
    const Core& core_;
    std::weak_ptr<char> alive_;
    std::uint64_t connection_;
  };

  void attempt_after(std::chrono::milliseconds pause) {
    timer_ = service_.call_after(pause, [this] { attempt(); });
  }

  void attempt() {
    output_.release();
    input_.release();
    connector_->connect([this](ConnectOutcome outcome) { on_outcome(std::move(outcome)); });
    timer_.reset();
  }

  void on_outcome(ConnectOutcome outcome) {
    if (outcome.stream == nullptr) return fail(outcome.problem);
    try {
      watch_ = service_.watch(outcome.stream->fd(), {.readable = true, .writable = false},
                              [this](FdEvent event) { on_event(event); });
    } catch (const std::exception& error) {
      return fail(error.what());
    }
    stream_ = std::move(outcome.stream);
    is_good_ = is_blocked_ = is_waking_ = shows_again_ = false;
    ++counters_.connections;
    user_.on_connected();
  }

  void fail(const std::string& problem) {
    is_promising_ = false;
    ++counters_.failed_attempts;
    attempt_after(back_off_.next());
    user_.on_closed(problem);
  }

  void on_event(FdEvent event) {
    const Lookout lookout(*this);
    if (event.woken) is_waking_ = false;
    try {
      if (shows_again_) {
        show();
      } else if (event.readable || event.hung_up) {
        receive();
      }
      if (!lookout.is_over() && (event.woken || event.writable)) flush();
    } catch (const std::bad_alloc&) {
      if (!lookout.is_over()) close("out of memory");
    } catch (const std::length_error&) {
      if (!lookout.is_over()) close("more was received than a buffer holds");
    } catch (const std::system_error& error) {
      if (!lookout.is_over()) close(error.what());
    }
  }

  void receive() {
    if (input_.size() >= settings_.max_input_bytes) {
      return close(
          fmt::format("more than {} bytes came that nobody can use", settings_.max_input_bytes));
    }
    const IoResult result = stream_->receive(input_.prepare(kReceiveBytes).first(kReceiveBytes));
    switch (result.status) {
      case IoStatus::ok:
        counters_.bytes_received += result.bytes;
        input_.commit(result.bytes);
        return show();
      case IoStatus::would_block:
        // Without memory for it the descriptor stays ready, and the loop would spin.
        return result.error == 0 ? void() : close(why_lost(result));
      case IoStatus::end:
      case IoStatus::cut_off:
        return close("the server has closed the connection");
      case IoStatus::lost:
        return close(why_lost(result));
    }
  }

  void show() {
    shows_again_ = false;
    const Lookout lookout(*this);
    const std::size_t used = user_.on_bytes(input_.view());
    if (lookout.is_over()) return;
    input_.consume(used);
    release_if_large(input_);
  }

  void flush() {
    if (output_.empty()) return;
    const IoResult result = stream_->send(output_.view());
    if (result.error != 0) return close(why_lost(result));
    counters_.bytes_sent += result.bytes;
    output_.consume(result.bytes);
    is_blocked_ = !output_.empty();
    watch_->set_interest({.readable = true, .writable = is_blocked_});
    release_if_large(output_);
  }

  Service& service_;
  OutgoingStreamSettings settings_;
  OutgoingStreamUser& user_;
  std::unique_ptr<Connector> connector_;
  BackOff back_off_;
  bool is_promising_ = true;
  bool is_good_ = false;      ///< of the connection
  bool is_blocked_ = false;   ///< the socket has not taken all
  bool is_waking_ = false;    ///< flush_soon() has asked for it
  bool shows_again_ = false;  ///< what is in input_, before more is received
  Counters counters_;
  Buffer input_;
  Buffer output_;
  std::unique_ptr<Stream> stream_;  ///< none while not connected
  std::unique_ptr<Watch> watch_;    ///< of the stream, which it must not outlive
  std::unique_ptr<Timer> timer_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  ///< for Lookout
};

OutgoingStream::OutgoingStream(Service& service, OutgoingStreamSettings settings,
                               OutgoingStreamUser& user)
    : OutgoingStream(service, settings, user,
                     std::make_unique<ServerConnector>(service, server_address(settings.address),
                                                       settings.connect_timeout),
                     random_of_system()) {}

OutgoingStream::OutgoingStream(Service& service, OutgoingStreamSettings settings,
                               OutgoingStreamUser& user, std::unique_ptr<Connector> connector,
                               std::function<double()> random)
    : core_(std::make_unique<Core>(service, std::move(settings), user, std::move(connector),
                                   std::move(random))) {}

OutgoingStream::~OutgoingStream() = default;

bool OutgoingStream::is_connected() const {
  return core_->is_connected();
}
bool OutgoingStream::is_promising() const {
  return core_->is_promising();
}
bool OutgoingStream::send(std::string_view bytes) {
  return core_->send(bytes);
}
std::size_t OutgoingStream::unsent_bytes() const {
  return core_->output().size();
}
Buffer& OutgoingStream::output() {
  return core_->output();
}
void OutgoingStream::flush_soon() {
  core_->flush_soon();
}
void OutgoingStream::show_again() {
  core_->show_again();
}
void OutgoingStream::mark_good() {
  core_->mark_good();
}
void OutgoingStream::close(std::string_view why) {
  core_->close(why);
}
const OutgoingStream::Counters& OutgoingStream::counters() const {
  return core_->counters();
}

}  // namespace reactord
