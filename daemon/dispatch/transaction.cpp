// SPDX-License-Identifier: MIT
#include "daemon/dispatch/transaction.h"

#include <fmt/format.h>

#include "protocol/replies/rewrite_reply.h"
#include "protocol/reply_writer.h"

namespace reactord {

// --- requests ----------------------------------------------------------------------------------

void QueuedRequests::add(CommandEntry& entry, std::span<const std::string_view> words) {
  for (const std::string_view word : words) {
    text_ += word;
    ends_.push_back(text_.size());
  }
  requests_.push_back({&entry, ends_.size()});
}

std::size_t QueuedRequests::bytes() const {
  return text_.capacity() + ends_.capacity() * sizeof(std::size_t) +
         requests_.capacity() * sizeof(Request);
}

std::span<const std::string_view> QueuedRequests::words(std::size_t index) {
  view_.clear();
  std::size_t word = index == 0 ? 0 : requests_[index - 1].words_end;
  std::size_t begin = word == 0 ? 0 : ends_[word - 1];
  for (; word < requests_[index].words_end; ++word) {
    view_.push_back(std::string_view(text_).substr(begin, ends_[word] - begin));
    begin = ends_[word];
  }
  return view_;
}

// --- transactions ------------------------------------------------------------------------------

std::string Transactions::queue(Connection& connection, CommandEntry& entry,
                                std::span<const std::string_view> words) {
  Transaction& transaction = open_[connection.id()];
  if (transaction.is_spoilt) return {};  // EXEC will refuse: nothing more is kept
  QueuedRequests& requests = transaction.requests;
  const std::size_t max_bytes = connection.policy().loop_context.parser_limits.max_frame_bytes;
  std::string problem;
  if (requests.size() == kMaxRequests)
    problem = fmt::format("ERR a transaction may have {} commands at most", kMaxRequests);
  else
    requests.add(entry, words);
  if (problem.empty() && requests.bytes() > max_bytes)
    problem = fmt::format(
        "ERR the commands of a transaction may take {} bytes together at most (limits.max_frame)",
        max_bytes);
  if (!problem.empty()) {
    requests = {};
    transaction.is_spoilt = true;
  }
  connection.session().set_held_bytes(requests.bytes());
  return problem;
}

Transactions::Transaction Transactions::take(Connection& connection) {
  auto node = open_.extract(connection.id());
  connection.session().set_in_transaction(false);
  connection.session().set_held_bytes(0);
  return node.empty() ? Transaction() : std::move(node.mapped());
}

// --- EXEC's reply ------------------------------------------------------------------------------

GatheredReply::GatheredReply(ReplyEncoding encoding, bool is_silent, std::size_t elements)
    : encoding_(encoding), is_silent_(is_silent) {
  ReplyWriter(given_, ReplyEncoding::resp2).array(elements);
}

ReplyEncoding GatheredReply::element_encoding(Connection& connection) {
  const bool is_plain = connection.reply_encoding() == ReplyEncoding::plain;
  return is_plain || connection.session().protocol() == 3 ? ReplyEncoding::resp3
                                                          : ReplyEncoding::resp2;
}

std::size_t GatheredReply::leave_hole() {
  holes_.push_back({given_.size(), Buffer()});
  ++missing_;
  return holes_.size() - 1;
}

void GatheredReply::write(Buffer& out) const {
  if (encoding_ != ReplyEncoding::plain) return write_resp(out);
  Buffer resp;
  write_resp(resp);
  ReplyWriter writer(out, encoding_);
  rewrite_reply(resp.view(), false, writer);
}

void GatheredReply::write_resp(Buffer& out) const {
  std::size_t written = 0;
  for (const Hole& hole : holes_) {
    out.append(given_.view().substr(written, hole.at - written));
    out.append(hole.reply.view());
    written = hole.at;
  }
  out.append(given_.view().substr(written));
}

}  // namespace reactord
