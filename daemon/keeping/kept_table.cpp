// SPDX-License-Identifier: MIT
#include "daemon/keeping/kept_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <optional>

#include "daemon/handover/fields.h"
#include "protocol/crc32c.h"

namespace reactord {

/// In place in the shared memory.
struct KeptSlot {
  std::uint64_t cookie;
  std::uint64_t client_id;
  std::array<std::uint8_t, 16> peer_ip;
  std::uint32_t created;  ///< seconds of CLOCK_MONOTONIC
  std::uint32_t checksum;
  std::uint16_t peer_port;
  std::uint16_t details_bytes;
  std::uint8_t listener;
  std::uint8_t framing;
  std::uint8_t flags;
  std::uint8_t reply_mode;
};

namespace {

constexpr std::string_view kMagic = "REACTKPT";
/// Raised with every change of what is where: what another release has written is not read.
constexpr std::uint32_t kFormat = 1;

struct Head {
  std::array<char, 8> magic;
  std::uint32_t format;
  std::uint32_t capacity;
  std::uint64_t last_client_id;
  std::uint32_t slots_used;  ///< no slot from here on was ever written
};

struct ListenerName {
  std::uint8_t length;  ///< 0: none; written last
  std::array<char, 64> text;
};

/// Those that there may be, four times: a reload may bring others.
constexpr std::size_t kNames = 255;

constexpr std::size_t kNamesAt = 64;
constexpr std::size_t kNotesAt = 20480;
static_assert(sizeof(Head) <= kNamesAt && kNamesAt + kNames * sizeof(ListenerName) <= kNotesAt);

/// Where the parts of a table of that many slots begin.
struct Layout {
  explicit constexpr Layout(std::size_t capacity)
      : slots_at((kNotesAt + capacity * sizeof(ConnectionNote) + 63) / 64 * 64),
        details_at(slots_at + capacity * kSlotBytes),
        bytes(details_at + capacity * KeptTable::kDetailsBytes) {}
  static constexpr std::size_t kSlotBytes = 48;
  std::size_t slots_at;
  std::size_t details_at;
  std::size_t bytes;
};

// Of Slot::flags.
constexpr unsigned kAdmin = 1;
constexpr unsigned kNoEvict = 2;
constexpr unsigned kAnswersInResp = 4;
constexpr unsigned kPastFirst = 8;
constexpr unsigned kResp3 = 16;

constexpr unsigned flag(bool is_on, unsigned bit) {
  return is_on ? bit : 0;
}

template <class Fields, class SavedOrConst>
void describe_details(Fields&& fields, SavedOrConst& saved) {
  fields(1, saved.name);
  fields(2, saved.library_name);
  fields(3, saved.library_version);
  fields(4, saved.user);
}

template <class T>
T copy_at(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// Whatever its own checksum is.
std::uint32_t checksum_of(KeptSlot slot, std::string_view listener, std::string_view details) {
  slot.checksum = 0;
  std::array<char, sizeof(KeptSlot)> bytes;
  std::memcpy(bytes.data(), &slot, sizeof slot);
  Crc32c crc;
  for (const std::string_view part :
       {std::string_view(bytes.data(), bytes.size()), listener, details})
    for (const char byte : part) crc.add(static_cast<std::uint8_t>(byte));
  return crc.value();
}

bool is_label(const std::string& text) {
  return text.size() <= Session::kMaxLabelBytes && label_problem("it", text).empty();
}

}  // namespace

// --- writing

std::string KeptTable::open(std::uint32_t capacity) {
  static_assert(sizeof(KeptSlot) == Layout::kSlotBytes);
  if (std::string problem = memory_.create(Layout(capacity).bytes); !problem.empty())
    return problem;
  Head head{
      .magic = {}, .format = kFormat, .capacity = capacity, .last_client_id = 0, .slots_used = 0};
  std::ranges::copy(kMagic, head.magic.begin());
  std::memcpy(memory_.data(), &head, sizeof head);
  return {};
}

void KeptTable::close() noexcept {
  memory_.close();
}

ConnectionNote* KeptTable::notes() const {
  return reinterpret_cast<ConnectionNote*>(memory_.data() + kNotesAt);
}

KeptSlot& KeptTable::slot_at(std::uint32_t slot) const noexcept {
  const Head& head = *reinterpret_cast<const Head*>(memory_.data());
  char* const slots = memory_.data() + Layout(head.capacity).slots_at;
  return reinterpret_cast<KeptSlot*>(slots)[slot];
}

/// Every one that there has been; -1 where they are too many.
int KeptTable::number_of(const std::string& listener) noexcept {
  auto* const names = reinterpret_cast<ListenerName*>(memory_.data() + kNamesAt);
  if (listener.empty() || listener.size() > names->text.size()) return -1;
  for (std::size_t i = 0; i < kNames; ++i) {
    ListenerName& name = names[i];
    if (name.length == 0) {
      std::ranges::copy(listener, name.text.begin());
      std::atomic_ref(name.length)
          .store(static_cast<std::uint8_t>(listener.size()), std::memory_order_release);
    }
    if (std::string_view(name.text.data(), name.length) == listener) return static_cast<int>(i);
  }
  return -1;
}

bool KeptTable::put(std::uint32_t slot, std::uint64_t cookie, const SavedConnection& saved,
                    std::chrono::seconds now) {
  clear(slot);
  std::string details;
  describe_details(FieldWriter(details), saved);
  const int listener = number_of(saved.listener);
  if (details.size() > kDetailsBytes || listener < 0) return false;
  KeptSlot whole{.cookie = cookie,
                 .client_id = saved.client_id,
                 .peer_ip = saved.peer_ip,
                 .created = static_cast<std::uint32_t>((now - saved.age).count()),
                 .checksum = 0,
                 .peer_port = saved.peer_port,
                 .details_bytes = static_cast<std::uint16_t>(details.size()),
                 .listener = static_cast<std::uint8_t>(listener),
                 .framing = static_cast<std::uint8_t>(saved.framing),
                 .flags = static_cast<std::uint8_t>(
                     flag(saved.is_admin, kAdmin) | flag(saved.no_evict, kNoEvict) |
                     flag(saved.answers_in_resp, kAnswersInResp) |
                     flag(saved.past_first, kPastFirst) | flag(saved.protocol == 3, kResp3)),
                 .reply_mode = static_cast<std::uint8_t>(saved.reply_mode)};
  whole.checksum = checksum_of(whole, saved.listener, details);
  Head& head = *reinterpret_cast<Head*>(memory_.data());
  head.slots_used = std::max(head.slots_used, slot + 1);
  char* const place = memory_.data() + Layout(head.capacity).details_at + slot * kDetailsBytes;
  std::ranges::copy(details, place);
  KeptSlot& written = slot_at(slot);
  whole.cookie = 0;
  written = whole;
  std::atomic_ref(written.cookie).store(cookie, std::memory_order_release);
  return true;
}

/// Before anything of it is written anew.
void KeptTable::clear(std::uint32_t slot) noexcept {
  std::atomic_ref(slot_at(slot).cookie).store(0, std::memory_order_release);
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

std::uint64_t KeptTable::cookie(std::uint32_t slot) const noexcept {
  return slot_at(slot).cookie;
}

void KeptTable::set_last_client_id(std::uint64_t client_id) noexcept {
  reinterpret_cast<Head*>(memory_.data())->last_client_id = client_id;
}

// --- reading

namespace {

/// Of a table whose parts lie within `bytes`.
class TableReader {
 public:
  TableReader(std::string_view bytes, std::uint32_t capacity, std::chrono::seconds now)
      : bytes_(bytes), layout_(capacity), now_(now) {}

  /// Nothing where nobody is, or what is there cannot be understood.
  [[nodiscard]] std::optional<KeptConnection> read(std::size_t at) const {
    const KeptSlot slot = copy_at<KeptSlot>(bytes_, layout_.slots_at + at * sizeof(KeptSlot));
    if (slot.cookie == 0) return std::nullopt;
    const std::string_view listener = name_of(slot.listener);
    if (listener.empty() || slot.details_bytes > KeptTable::kDetailsBytes) return std::nullopt;
    const std::string_view details =
        bytes_.substr(layout_.details_at + at * KeptTable::kDetailsBytes, slot.details_bytes);
    if (checksum_of(slot, listener, details) != slot.checksum) return std::nullopt;
    KeptConnection kept{.cookie = slot.cookie, .standing = standing_of(at)};
    return restore(slot, listener, details, kept.saved) ? std::optional(std::move(kept))
                                                        : std::nullopt;
  }

 private:
  [[nodiscard]] std::string_view name_of(std::size_t number) const {
    if (number >= kNames) return {};
    const std::size_t at = kNamesAt + number * sizeof(ListenerName);
    const auto length = static_cast<std::uint8_t>(bytes_[at]);
    if (length > ListenerName{}.text.size()) return {};
    return bytes_.substr(at + offsetof(ListenerName, text), length);
  }

  [[nodiscard]] Standing standing_of(std::size_t at) const {
    const char standing = bytes_[kNotesAt + at * sizeof(ConnectionNote)];
    return standing >= 0 && standing < static_cast<char>(Standing::bound)
               ? static_cast<Standing>(standing)
               : Standing::bound;
  }

  /// What the fields say for themselves; what they say together is not judged here.
  [[nodiscard]] bool restore(const KeptSlot& slot, std::string_view listener,
                             std::string_view details, SavedConnection& saved) const {
    FieldReader fields(details);
    describe_details(fields, saved);
    const bool is_good = fields.is_good() && is_label(saved.name) && is_label(saved.library_name) &&
                         is_label(saved.library_version);
    if (!is_good || slot.framing > static_cast<std::uint8_t>(Framing::raw) ||
        slot.reply_mode > static_cast<std::uint8_t>(ReplyMode::skipping))
      return false;
    saved.client_id = slot.client_id;
    saved.listener = listener;
    saved.framing = static_cast<Framing>(slot.framing);
    saved.is_admin = (slot.flags & kAdmin) != 0;
    saved.peer_ip = slot.peer_ip;
    saved.peer_port = slot.peer_port;
    saved.protocol = (slot.flags & kResp3) != 0 ? 3 : 2;
    saved.reply_mode = static_cast<ReplyMode>(slot.reply_mode);
    saved.no_evict = (slot.flags & kNoEvict) != 0;
    saved.answers_in_resp = (slot.flags & kAnswersInResp) != 0;
    saved.past_first = (slot.flags & kPastFirst) != 0;
    saved.must_linger = saved.past_first;  // what was sent may be unread
    const std::chrono::seconds created(slot.created);
    saved.age = std::max(now_ - created, std::chrono::seconds(0));
    // The first request has a deadline from the beginning; of the others, time begins anew.
    saved.is_input_timed = !saved.past_first;
    if (saved.is_input_timed) saved.input_waited = saved.age;
    return true;
  }

  std::string_view bytes_;
  Layout layout_;
  std::chrono::seconds now_;
};

}  // namespace

ReceivedTable read_kept_table(std::string_view bytes, std::chrono::seconds now, std::size_t most) {
  if (bytes.size() < kNotesAt || !bytes.starts_with(kMagic))
    return {.problem = "its table is none of reactord's"};
  const auto head = copy_at<Head>(bytes, 0);
  if (head.format != kFormat)
    return {.problem = fmt::format("another release has written its table (format {}, this one "
                                   "reads {})",
                                   head.format, kFormat)};
  if (Layout(head.capacity).bytes > bytes.size()) return {.problem = "its table is cut off"};
  ReceivedTable table{.last_client_id = head.last_client_id};
  const TableReader reader(bytes, head.capacity, now);
  const std::uint32_t used = std::min(head.slots_used, head.capacity);
  for (std::uint32_t at = 0; at < used && table.connections.size() < most; ++at)
    if (std::optional<KeptConnection> kept = reader.read(at))
      table.connections.push_back(std::move(*kept));
  return table;
}

}  // namespace reactord
