// SPDX-License-Identifier: MIT
#include "daemon/handlers/builtin/client/client_walks.h"

#include <fmt/format.h>

#include <utility>

#include "daemon/handlers/builtin/client/client_line.h"

namespace reactord {
namespace {

/// Finds the clients that a filter means, a slice at a time.
class ClientWalk {
 public:
  ClientWalk(const Service& service, ClientFilter filter)
      : service_(service), filter_(std::move(filter)) {}

  /// Looks at `clients` more and calls `visit(facts)` for those that match; false once there are no
  /// more.
  template <class Visit>
  [[nodiscard]] bool next_slice(int clients, const Visit& visit) {
    ClientFacts facts;
    for (int i = 0; i < clients; ++i) {
      switch (step(facts)) {
        case Step::end:
          return false;
        case Step::gone:
          continue;
        case Step::client:
          break;
      }
      if (!filter_.matches(facts)) continue;
      visit(facts);
      if (filter_.first_only) return false;
    }
    return true;
  }

 private:
  enum class Step : std::uint8_t { client, gone, end };

  Step step(ClientFacts& facts) {
    if (filter_.ids.empty()) {
      return service_.next_client(cursor_, facts) ? Step::client : Step::end;
    }
    if (next_id_ == filter_.ids.size()) return Step::end;
    return service_.find_client(filter_.ids[next_id_++], facts) ? Step::client : Step::gone;
  }

  const Service& service_;
  ClientFilter filter_;
  std::uint32_t cursor_ = 0;
  std::size_t next_id_ = 0;
};

class ListProducer : public ReplyProducer {
 public:
  ListProducer(const Service& service, ClientFilter filter, std::uint64_t self,
               std::shared_ptr<ListBudget> budget)
      : walk_(service, std::move(filter)), self_(self), budget_(std::move(budget)) {}
  ~ListProducer() override { budget_->give_back(taken_bytes_); }
  ListProducer(const ListProducer&) = delete;
  ListProducer& operator=(const ListProducer&) = delete;

  Progress produce(ReplyWriter& reply) override {
    // A client's facts are gathered and written in some three microseconds.
    constexpr int kClientsPerSlice = 32;
    const bool more = walk_.next_slice(kClientsPerSlice, [this](ClientFacts& client) {
      // Who asks is waiting for nothing but this list.
      if (client.id == self_) client.pending = false;
      append_client(lines_, client);
    });
    const std::size_t grown_bytes = lines_.size() - taken_bytes_;
    taken_bytes_ = lines_.size();
    if (!budget_->take(grown_bytes)) {
      reply.error("ERR too many client lists are being written at once; try again later");
      return Progress::done;
    }
    if (more) return Progress::more;
    reply.text(lines_);
    return Progress::done;
  }

 private:
  ClientWalk walk_;
  std::uint64_t self_;
  std::shared_ptr<ListBudget> budget_;
  std::size_t taken_bytes_ = 0;
  std::string lines_;
};

/// Redis answers CLIENT KILL with a status in its old form, with a count in its new one.
enum class KillReply : std::uint8_t { status, count };

class KillProducer : public ReplyProducer {
 public:
  /// `who` asks, for the log.
  KillProducer(Service& service, ClientFilter filter, std::uint64_t self, std::string who)
      : service_(service),
        form_(filter.first_only ? KillReply::status : KillReply::count),
        walk_(service, std::move(filter)),
        self_(self),
        who_(std::move(who)) {}

  Progress produce(ReplyWriter& reply) override {
    // Last words and a FIN take the kernel some eight microseconds.
    constexpr int kClientsPerSlice = 10;
    if (walk_.next_slice(kClientsPerSlice,
                         [this](const ClientFacts& client) { kill(client.id); })) {
      return Progress::more;
    }
    if (killed_ > 0)
      service_.log(HandlerLogLevel::info, "client",
                   fmt::format("CLIENT KILL by {} closes {} of the clients", who_, killed_));
    write(reply);
    return Progress::done;
  }

  /// Who ends itself still reads the answer.
  void after_reply() noexcept override {
    if (kill_self_) service_.kill_client(self_);
  }

 private:
  void kill(std::uint64_t client) {
    if (client == self_) {
      kill_self_ = true;
      ++killed_;
    } else if (service_.kill_client(client)) {
      ++killed_;
    }
  }

  void write(ReplyWriter& reply) const {
    switch (form_) {
      case KillReply::count:
        return reply.integer(killed_);
      case KillReply::status:
        return killed_ > 0 ? reply.ok() : reply.error("ERR No such client");
    }
  }

  Service& service_;
  KillReply form_;
  ClientWalk walk_;
  std::uint64_t self_;
  std::string who_;
  std::int64_t killed_ = 0;
  bool kill_self_ = false;
};

}  // namespace

std::unique_ptr<ReplyProducer> list_clients(const Service& service, ClientFilter filter,
                                            std::uint64_t self,
                                            std::shared_ptr<ListBudget> budget) {
  return std::make_unique<ListProducer>(service, std::move(filter), self, std::move(budget));
}

std::unique_ptr<ReplyProducer> kill_clients(Service& service, ClientFilter filter,
                                            std::uint64_t self, std::string who) {
  return std::make_unique<KillProducer>(service, std::move(filter), self, std::move(who));
}

}  // namespace reactord
