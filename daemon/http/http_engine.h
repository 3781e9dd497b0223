// SPDX-License-Identifier: MIT
// The library's side of an HTTP site: its daemon, who has connected, and what it calls back.
// Nothing that it calls may throw.
//
//   http_engine.cpp    the daemon, its turns, and who takes too long
//   http_answers.cpp   requests, and what is sent in answer: whole, or as it comes about
//
// A connection whose answer has nothing to send for now is suspended, and costs nothing until
// there is news.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "daemon/http/http_site.h"
#include "daemon/http/microhttpd.h"

namespace reactord {

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
  /// Who has been silent the longest goes, now or once it has stayed for a moment.
  void make_room();
  /// Feeds have more to say. Whoever waits for it is served in this turn and the next ones.
  void wake();

 private:
  struct Visit {
    Engine* engine;
    int fd;
    TimePoint since;  ///< of the request that is awaited, or the piece that is being sent
    MHD_Connection* connection;
    bool is_answered = false;                       ///< ... and not to its end yet
    std::shared_ptr<Feed> feed = {};                ///< of the answer that is being sent
    bool is_stream = false;                         ///< ... it has no end of its own
    std::shared_ptr<const std::string> piece = {};  ///< of the feed, and how much is taken of it
    std::size_t taken = 0;
    bool is_suspended = false;
    bool has_news = false;
  };
  using Response = std::unique_ptr<MHD_Response, decltype(&MHD_destroy_response)>;

  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* path,
                               const char* method, const char* version, const char* body,
                               std::size_t* body_bytes, void** request);
  static void on_completed(void* self, MHD_Connection* connection, void** request,
                           MHD_RequestTerminationCode how);
  static void on_connection(void* self, MHD_Connection* connection, void** visit,
                            MHD_ConnectionNotificationCode what);
  static ssize_t on_room_for_piece(void* feeding, std::uint64_t position, char* to,
                                   std::size_t most);

  // --- turns ---
  void resume_some();
  void resume(Visit& visit);
  void look_for_slow_ones();
  [[nodiscard]] bool is_too_slow(const Visit& visit) const;
  void schedule();

  // --- answers ---
  [[nodiscard]] int hosts_of(MHD_Connection* connection) const;
  [[nodiscard]] Visit* visit_of(MHD_Connection* connection) const;
  [[nodiscard]] MHD_Result answer(MHD_Connection* connection, const HttpQuestion& question);
  [[nodiscard]] bool has_room_for_stream() const;
  [[nodiscard]] Response body_of(const HttpAnswer& answer, Visit& visit) const;
  void leave_out_chunks(MHD_Response* response) const;
  void add_headers(MHD_Response* response, const HttpAnswer& answer) const;
  [[nodiscard]] ssize_t send_piece(Visit& visit, char* to, std::size_t most);

  HttpSite& site_;
  const Microhttpd& library_;
  MHD_Daemon* daemon_ = nullptr;
  std::list<Visit> visits_;
  bool wants_room_ = false;
  TimerQueue::TimerId run_timer_ = 0;
  TimerQueue::TimerId look_timer_ = 0;
};

}  // namespace reactord
