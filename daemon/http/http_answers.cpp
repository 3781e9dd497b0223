// SPDX-License-Identifier: MIT
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "daemon/http/http_engine.h"
#include "daemon/reactor/out_of_memory.h"

namespace reactord {

namespace {

constexpr const char* kHeaders[][2] = {
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
};
/// What the kernel holds of a stream that nobody reads: some seconds of it.
constexpr int kStreamSendBytes = 16 << 10;
/// Where the library cannot send in chunks: HTTP/1.0.
constexpr std::size_t kBlockBytes = 8u << 10;

std::string_view view_of(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

HttpAnswer too_many_streams() {
  return {.status = 503,
          .body = "as many pages are open as may be (server.max_http_connections)\n",
          .is_last = true};
}

/// Counts the headers of that name in `count`.
MHD_Result count_host(void* count, MHD_ValueKind, const char* name, const char*) {
  if (::strcasecmp(name, "Host") == 0) ++*static_cast<int*>(count);
  return MHD_YES;
}

}  // namespace

/// Null where there was no memory for one.
HttpSite::Engine::Visit* HttpSite::Engine::visit_of(MHD_Connection* connection) const {
  const MHD_ConnectionInfo* const info =
      library_.get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info == nullptr ? nullptr : static_cast<Visit*>(info->socket_context);
}

void HttpSite::Engine::on_completed(void* self, MHD_Connection* connection, void**,
                                    MHD_RequestTerminationCode) {
  auto& engine = *static_cast<Engine*>(self);
  Visit* const visit = engine.visit_of(connection);
  if (visit == nullptr) return;
  visit->since = engine.site_.loop_.now();
  visit->is_answered = false;
  visit->feed.reset();
  visit->is_stream = false;
  visit->piece.reset();
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
                              .has_more_hosts = engine.hosts_of(connection) > 1,
                              .accept = header("Accept"),
                              .origin = header("Origin"),
                              .fetch_site = header("Sec-Fetch-Site"),
                              .last_event_id = header("Last-Event-ID")};
  const bool is_first = std::exchange(*request, self) == nullptr;
  if (question.is_reading() && (is_first || *body_bytes > 0)) {
    *body_bytes = 0;
    return MHD_YES;
  }
  MHD_Result result = MHD_NO;  // closes it
  (void)has_memory_for([&] { result = engine.answer(connection, question); });
  return result;
}

int HttpSite::Engine::hosts_of(MHD_Connection* connection) const {
  int count = 0;
  (void)library_.get_connection_values(connection, MHD_HEADER_KIND, &count_host, &count);
  return count;
}

MHD_Result HttpSite::Engine::answer(MHD_Connection* connection, const HttpQuestion& question) {
  Visit* const visit = visit_of(connection);
  if (visit == nullptr) return MHD_NO;
  HttpAnswer answer = site_.answer_(question);
  if (answer.is_stream && !has_room_for_stream()) answer = too_many_streams();
  const Response response = body_of(answer, *visit);
  if (response == nullptr) return MHD_NO;
  add_headers(response.get(), answer);
  if (answer.feed != nullptr && question.method == "HEAD") leave_out_chunks(response.get());
  visit->is_answered = true;
  visit->feed = std::move(answer.feed);
  visit->is_stream = answer.is_stream;
  return library_.queue_response(connection, answer.status, response.get());
}

/// A quarter of all is kept for scrapers and checks, who come for a moment.
bool HttpSite::Engine::has_room_for_stream() const {
  const auto streams =
      std::ranges::count_if(visits_, [](const Visit& visit) { return visit.is_stream; });
  return static_cast<std::size_t>(streams) < site_.most_ - (site_.most_ + 3) / 4;
}

HttpSite::Engine::Response HttpSite::Engine::body_of(const HttpAnswer& answer, Visit& visit) const {
  if (answer.feed == nullptr)
    return {library_.create_response_from_buffer(
                answer.body.size(), const_cast<char*>(answer.body.data()), MHD_RESPMEM_MUST_COPY),
            library_.destroy_response};
  if (answer.is_stream)
    (void)::setsockopt(visit.fd, SOL_SOCKET, SO_SNDBUF, &kStreamSendBytes, sizeof kStreamSendBytes);
  return {library_.create_response_from_callback(MHD_SIZE_UNKNOWN, kBlockBytes,
                                                 &Engine::on_room_for_piece, &visit, nullptr),
          library_.destroy_response};
}

/// The library ends a body of chunks where none may be.
void HttpSite::Engine::leave_out_chunks(MHD_Response* response) const {
  (void)library_.set_response_options(response, MHD_RF_HTTP_VERSION_1_0_ONLY, MHD_RO_END);
}

void HttpSite::Engine::add_headers(MHD_Response* response, const HttpAnswer& answer) const {
  const auto add = [&](const char* name, std::string_view value) {
    (void)library_.add_response_header(response, name, std::string(value).c_str());
  };
  add("Content-Type", answer.content_type);
  add("Content-Security-Policy", answer.policy);
  for (const auto& [name, value] : kHeaders) add(name, value);
  if (answer.status == 405) add("Allow", "GET, HEAD");
  if (answer.is_last) add("Connection", "close");
}

// --- feeds

ssize_t HttpSite::Engine::on_room_for_piece(void* feeding, std::uint64_t, char* to,
                                            std::size_t most) {
  auto& visit = *static_cast<Visit*>(feeding);
  return visit.engine->send_piece(visit, to, most);
}

/// Nothing for now: the connection rests until wake().
ssize_t HttpSite::Engine::send_piece(Visit& visit, char* to, std::size_t most) {
  if (visit.piece == nullptr) {
    Feed::Piece next;
    if (!has_memory_for([&] { next = visit.feed->next(); }))
      return MHD_CONTENT_READER_END_WITH_ERROR;
    if (next.is_end) return MHD_CONTENT_READER_END_OF_STREAM;
    if (next.text == nullptr) {
      visit.is_suspended = true;
      library_.suspend_connection(visit.connection);
      return 0;
    }
    visit.piece = std::move(next.text);
    visit.taken = 0;
    visit.since = site_.loop_.now();
  }
  const std::size_t size = std::min(most, visit.piece->size() - visit.taken);
  std::memcpy(to, visit.piece->data() + visit.taken, size);
  visit.taken += size;
  if (visit.taken == visit.piece->size()) visit.piece.reset();
  return static_cast<ssize_t>(size);
}

}  // namespace reactord
