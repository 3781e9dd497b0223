// SPDX-License-Identifier: MIT
#include "daemon/http/http_site.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <system_error>

#include "daemon/http/microhttpd.h"
#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

/// Of each, for its request: browsers send some 2 KiB of headers.
constexpr std::size_t kMaxHttpMemoryBytes = 16u << 10;
/// Without a byte in either direction.
constexpr unsigned kIdleSeconds = 30;
/// From its beginning, or the answer before, to an answer that is sent: whoever trickles is cut.
constexpr Duration kMaxVisit = std::chrono::seconds(60);
/// The same where the other side sends no more. Its library hears of that with the last bytes,
/// reads these, and forgets the end, which is told once.
constexpr Duration kMaxHalfClosed = std::chrono::seconds(1);
constexpr Duration kLookPause = std::chrono::seconds(1);
/// What is ready of all of them, and perhaps the metrics (HttpPages).
constexpr WorkUnits kRunWork = work_units(std::chrono::microseconds(250));

constexpr const char* kHeaders[][2] = {
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
};

bool is_half_closed(int fd) {
  pollfd asked{.fd = fd, .events = POLLRDHUP, .revents = 0};
  return ::poll(&asked, 1, 0) > 0;
}

std::string_view view_of(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

}  // namespace

/// The library's side: its daemon, and what it calls back. Nothing that it calls may throw.
class HttpSite::Engine {
 public:
  Engine(HttpSite& site, const Microhttpd& library);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();

  [[nodiscard]] bool is_running() const { return daemon_ != nullptr; }
  [[nodiscard]] std::size_t size() const { return visits_.size(); }
  void add(UniqueFd fd, const SocketAddress& peer);
  void run();

 private:
  struct Visit {
    int fd;
    TimePoint since;
  };
  using Response = std::unique_ptr<MHD_Response, decltype(&MHD_destroy_response)>;

  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* path,
                               const char* method, const char* version, const char* body,
                               std::size_t* body_bytes, void** request);
  static void on_completed(void* self, MHD_Connection* connection, void** request,
                           MHD_RequestTerminationCode how);
  static void on_connection(void* self, MHD_Connection* connection, void** visit,
                            MHD_ConnectionNotificationCode what);

  [[nodiscard]] MHD_Result answer(MHD_Connection* connection, const HttpQuestion& question);
  [[nodiscard]] Response make_response(const HttpAnswer& answer) const;
  void look_for_slow_ones();
  void schedule();

  HttpSite& site_;
  const Microhttpd& library_;
  MHD_Daemon* daemon_ = nullptr;
  std::list<Visit> visits_;
  TimerQueue::TimerId run_timer_ = 0;
  TimerQueue::TimerId look_timer_ = 0;
};

// --- the daemon

HttpSite::Engine::Engine(HttpSite& site, const Microhttpd& library)
    : site_(site), library_(library) {
  daemon_ = library_.start_daemon(
      MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, nullptr, nullptr, &Engine::on_request, this,
      MHD_OPTION_CONNECTION_LIMIT, static_cast<unsigned>(site.most_),
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMaxHttpMemoryBytes, MHD_OPTION_CONNECTION_TIMEOUT,
      kIdleSeconds, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED,
      &Engine::on_completed, this, MHD_OPTION_NOTIFY_CONNECTION, &Engine::on_connection, this,
      MHD_OPTION_END);
  if (daemon_ == nullptr) return;
  const int epoll = library_.get_daemon_info(daemon_, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
  if (!site_.loop_.watch_level(epoll, site_.token_)) return;
  library_.stop_daemon(std::exchange(daemon_, nullptr));
}

HttpSite::Engine::~Engine() {
  site_.loop_.timers().cancel(run_timer_);
  site_.loop_.timers().cancel(look_timer_);
  if (daemon_ != nullptr) library_.stop_daemon(daemon_);
}

/// The socket is the library's from here on, whatever becomes of it.
void HttpSite::Engine::add(UniqueFd fd, const SocketAddress& peer) {
  (void)library_.add_connection(daemon_, fd.release(), peer.data(), peer.size());
  run();
}

void HttpSite::Engine::run() {
  const std::size_t before = visits_.size();
  (void)library_.run(daemon_);
  site_.loop_.charge(kRunWork);
  schedule();
  if (visits_.size() < before) site_.on_room_();
}

/// Its own deadlines, and what it has left over.
void HttpSite::Engine::schedule() {
  EventLoop& loop = site_.loop_;
  loop.timers().cancel(std::exchange(run_timer_, 0));
  MHD_UNSIGNED_LONG_LONG milliseconds = 0;
  if (library_.get_timeout(daemon_, &milliseconds) == MHD_YES) {
    if (milliseconds == 0) return loop.make_ready(site_.token_);
    run_timer_ = loop.timers().add(loop.now() + std::chrono::milliseconds(milliseconds), [this] {
      run_timer_ = 0;
      run();
    });
  }
  if (look_timer_ != 0 || visits_.empty()) return;
  look_timer_ = loop.timers().add(loop.now() + kLookPause, [this] {
    look_timer_ = 0;
    look_for_slow_ones();
    run();
  });
}

/// The library counts from the last byte, and would let a trickle go on for ever.
void HttpSite::Engine::look_for_slow_ones() {
  for (const Visit& visit : visits_) {
    const Duration so_far = site_.loop_.now() - visit.since;
    if (so_far > kMaxVisit || (so_far > kMaxHalfClosed && is_half_closed(visit.fd)))
      ::shutdown(visit.fd, SHUT_RDWR);
  }
}

// --- what it calls

void HttpSite::Engine::on_connection(void* self, MHD_Connection* connection, void** visit,
                                     MHD_ConnectionNotificationCode what) {
  auto& engine = *static_cast<Engine*>(self);
  if (what == MHD_CONNECTION_NOTIFY_STARTED) {
    *visit = nullptr;
    (void)has_memory_for([&] {
      const int fd =
          engine.library_.get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
              ->connect_fd;
      engine.visits_.push_back({fd, engine.site_.loop_.now()});
      *visit = &engine.visits_.back();
    });
  } else if (*visit != nullptr) {
    engine.visits_.remove_if([&](const Visit& each) { return &each == *visit; });
  }
}

void HttpSite::Engine::on_completed(void* self, MHD_Connection* connection, void**,
                                    MHD_RequestTerminationCode) {
  auto& engine = *static_cast<Engine*>(self);
  const MHD_ConnectionInfo* const info =
      engine.library_.get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  if (info == nullptr || info->socket_context == nullptr) return;
  static_cast<Visit*>(info->socket_context)->since = engine.site_.loop_.now();
}

/// Called when the headers are there, then with what comes of a body, then for the answer. Who may
/// not ask is told at once, and closed: nobody reads its body.
MHD_Result HttpSite::Engine::on_request(void* self, MHD_Connection* connection, const char* path,
                                        const char* method, const char*, const char*,
                                        std::size_t* body_bytes, void** request) {
  auto& engine = *static_cast<Engine*>(self);
  const auto header = [&](const char* name) {
    return view_of(engine.library_.lookup_connection_value(connection, MHD_HEADER_KIND, name));
  };
  const HttpQuestion question{.method = view_of(method),
                              .path = view_of(path),
                              .host = header("Host"),
                              .accept = header("Accept")};
  const bool is_first = std::exchange(*request, self) == nullptr;
  if (question.is_reading() && (is_first || *body_bytes > 0)) {
    *body_bytes = 0;
    return MHD_YES;
  }
  MHD_Result result = MHD_NO;  // closes it
  (void)has_memory_for([&] { result = engine.answer(connection, question); });
  return result;
}

MHD_Result HttpSite::Engine::answer(MHD_Connection* connection, const HttpQuestion& question) {
  const HttpAnswer answer = site_.answer_(question);
  const Response response = make_response(answer);
  if (response == nullptr) return MHD_NO;
  return library_.queue_response(connection, answer.status, response.get());
}

HttpSite::Engine::Response HttpSite::Engine::make_response(const HttpAnswer& answer) const {
  Response response(
      library_.create_response_from_buffer(
          answer.body.size(), const_cast<char*>(answer.body.data()), MHD_RESPMEM_MUST_COPY),
      library_.destroy_response);
  if (response == nullptr) return response;
  const std::string type(answer.content_type);
  (void)library_.add_response_header(response.get(), "Content-Type", type.c_str());
  for (const auto& [name, value] : kHeaders)
    (void)library_.add_response_header(response.get(), name, value);
  if (answer.status == 405)
    (void)library_.add_response_header(response.get(), "Allow", "GET, HEAD");
  return response;
}

// --- the site

HttpSite::HttpSite(EventLoop& loop, Token token, std::size_t most, Answer answer,
                   std::function<void()> on_room)
    : loop_(loop),
      token_(token),
      most_(most),
      answer_(std::move(answer)),
      on_room_(std::move(on_room)) {}

HttpSite::~HttpSite() = default;

bool HttpSite::has_room() const {
  return engine_ == nullptr || engine_->size() < most_;
}

void HttpSite::take_in(UniqueFd fd, const SocketAddress& peer) {
  if (engine_ == nullptr) {
    std::string problem;
    const Microhttpd* const library = load_microhttpd(problem);
    if (library == nullptr) return;  // not since the configuration was checked
    auto engine = std::make_unique<Engine>(*this, *library);
    if (!engine->is_running()) throw std::bad_alloc();
    engine_ = std::move(engine);
  }
  engine_->add(std::move(fd), peer);
}

/// Without memory for a timer the next event, or the next visitor, goes on.
void HttpSite::on_event() noexcept {
  if (engine_ != nullptr) (void)has_memory_for([this] { engine_->run(); });
}

std::string problem_with_http() {
  std::string problem;
  (void)load_microhttpd(problem);
  return problem;
}

}  // namespace reactord
