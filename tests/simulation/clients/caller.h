// SPDX-License-Identifier: MIT
// Somebody who connects, whatever is spoken then: does what the plan says, at one end of a
// connection, and reads what comes back.
//
//   caller.cpp    comes, connects, sends and reads       caller_plan.cpp    one action after the
//   other
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "tests/simulation/model/world.h"

namespace simulation {

class Caller : public Endpoint::Owner {
 public:
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  /// Comes when its plan says so.
  void schedule();
  /// By now it is served, or gone: fails if it is not.
  virtual void check_rest() = 0;
  /// SIGTERM is sent now: what the daemon's kernel has of it must be answered.
  virtual void note_stop() = 0;
  /// The daemon is killed now: whoever is at rest, and known to be so, must not notice.
  virtual void note_kill() = 0;
  /// The daemon has ended.
  virtual void check_end() = 0;

  void on_wake(std::uint32_t events) override;

 protected:
  enum class State : std::uint8_t { away, connecting, connected, ended };
  enum class Reading : std::uint8_t { all, slowly, nothing };

  Caller(World& world, const ClientPlan& plan);

  [[nodiscard]] std::string name() const;

  // --- what each kind does ---
  virtual void arrive() = 0;
  virtual void on_connected() = 0;
  /// An action that not every caller knows. False where it waits.
  [[nodiscard]] virtual bool act_of_kind(const Action& action) = 0;
  /// Something is about to be sent.
  virtual void on_put() = 0;
  /// Its kernel has taken so many bytes.
  virtual void on_handed(std::size_t bytes) = 0;
  /// Takes what it can of received_.
  virtual void parse() = 0;
  /// As it sees it: FIN, or a reset.
  virtual void on_end(bool is_reset) = 0;
  /// All that it has asked for is answered.
  [[nodiscard]] virtual bool is_content() const = 0;

  // --- connecting ---
  [[nodiscard]] Link make_link();
  /// From that address to a port of the daemon's.
  void dial(std::uint32_t ip, std::uint16_t port, const Link& here);
  void look_later();

  // --- its plan (caller_plan.cpp) ---
  void go_on();
  void resume_after(Moment pause);
  void stop_awaiting();

  // --- bytes ---
  void put(std::size_t bytes);
  void flush();
  void read();

  World& world_;
  const ClientPlan& plan_;
  Random random_;
  State state_ = State::away;
  std::shared_ptr<Endpoint> end_;
  std::size_t daemons_room_ = 0;  ///< in the socket at its end

  std::size_t next_action_ = 0;
  std::string unsent_;    ///< asked, and not to be sent yet
  std::string outgoing_;  ///< to be sent, and not taken by its kernel yet
  std::string received_;

  Reading reading_ = Reading::all;
  std::optional<Moment> not_reading_since_;
  Moment longest_deafness_{0};  ///< that is over
  bool has_read_slowly_ = false;
  bool has_closed_ = false;    ///< leave, reset, vanish
  bool has_finished_ = false;  ///< FIN, as soon as all is sent
  bool was_reset_ = false;
  Moment last_moved_{0};  ///< bytes came or went

 private:
  void look();
  /// False where it waits.
  [[nodiscard]] bool act(const Action& action);
  void await(Moment patience);
  void trickle();
  void read_some();
  void close(bool is_reset);

  bool will_look_ = false;
  std::uint64_t waiting_ = 0;  ///< counts what it waited for, so that an old timer is known
  bool is_waiting_ = false;
  bool is_awaiting_ = false;
  std::int64_t trickle_pause_ = 0;
  std::int64_t read_bytes_ = 0;
  bool has_sent_fin_ = false;
};

}  // namespace simulation
