// SPDX-License-Identifier: MIT
// One end of what socketpair(2) makes with SOCK_SEQPACKET: messages with descriptors beside their
// bytes (unix(7)). What waits at an end stays there when the other has closed.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "tests/simulation/kernel/files_on_their_way.h"
#include "tests/simulation/kernel/open_file.h"

namespace simulation {

struct FileMessage {
  std::string bytes;
  FilesOnTheirWay files;
};

class MessageSocket final : public OpenFile {
 public:
  using Pair = std::pair<std::shared_ptr<MessageSocket>, std::shared_ptr<MessageSocket>>;
  [[nodiscard]] static Pair make_pair();

  [[nodiscard]] long send(FileMessage message);
  /// EAGAIN where nothing waits, 0 behind the last: `message` has no bytes then.
  [[nodiscard]] long receive(FileMessage& message);
  [[nodiscard]] std::uint32_t poll() override;

 private:
  /// In one queue: what a send buffer of 208 KiB (net.core.wmem_max) holds, about.
  static constexpr std::size_t kMostMessages = 270;

  void on_last_close() override;

  std::deque<FileMessage> queue_;  ///< to be received here
  MessageSocket* peer_ = nullptr;  ///< none: it has closed
};

}  // namespace simulation
