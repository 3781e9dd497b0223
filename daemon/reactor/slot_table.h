// SPDX-License-Identifier: MIT
// A bounded array of slots with ids that tell who lived where: an id is a slot number plus the
// generation of what lives there. It travels through epoll_event.data.u64 and deferred replies, so
// that a stale one is recognised and dropped. Objects never move. Memory comes in chunks as the
// table fills for the first time.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace reactord {

/// Never the same for two objects, as long as one slot has had fewer than 2^31 of them. Always
/// above UINT32_MAX: smaller numbers are free to name other things beside a table's.
using SlotId = std::uint64_t;

template <class T>
class SlotTable {
 public:
  explicit SlotTable(std::uint32_t capacity) : capacity_(capacity) {}
  SlotTable(const SlotTable&) = delete;
  SlotTable& operator=(const SlotTable&) = delete;
  ~SlotTable() {
    for (std::uint32_t number = 0; number < used_; ++number)
      if (at(number).is_live()) erase(make_id(number, at(number).generation));
  }

  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  [[nodiscard]] bool is_full() const { return size_ == capacity_; }
  void raise_capacity(std::uint32_t capacity) { capacity_ = std::max(capacity, capacity_); }
  /// A bound on slot numbers for at_slot().
  [[nodiscard]] std::uint32_t slots_used() const { return used_; }

  /// Constructs T(id, args...) in a free slot. The table must not be full. If T's constructor
  /// throws, the slot stays free. The id finds the object once it is constructed.
  template <class... Args>
  T& emplace(Args&&... args) {
    assert(!is_full());
    const std::uint32_t number = take_slot();
    Slot& slot = at(number);
    const SlotId id = make_id(number, slot.generation + 1);
    T* object = nullptr;
    try {
      object = ::new (slot.storage) T(id, std::forward<Args>(args)...);
    } catch (...) {
      slot.generation += 2;  // the id may have been handed on before
      free_slot(number);
      throw;
    }
    ++slot.generation;  // odd while live
    return *object;
  }

  /// The object of that id, or null if it has gone.
  [[nodiscard]] T* find(SlotId id) {
    const auto number = static_cast<std::uint32_t>(id);
    if (number >= used_) return nullptr;
    Slot& slot = at(number);
    return slot.generation == static_cast<std::uint32_t>(id >> 32) && slot.is_live() ? slot.object()
                                                                                     : nullptr;
  }

  /// The object in that slot, or null; for walking all of them.
  [[nodiscard]] T* at_slot(std::uint32_t number) {
    return number < used_ && at(number).is_live() ? at(number).object() : nullptr;
  }

  /// Destroys the object of that id; harmless if it has gone. What its destructor sets off finds it
  /// gone already.
  void erase(SlotId id) {
    T* object = find(id);
    if (object == nullptr) return;
    const auto number = static_cast<std::uint32_t>(id);
    ++at(number).generation;
    object->~T();
    free_slot(number);
  }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  /// Some 16 KiB for a connection: a small daemon stays small, a large table takes few allocations.
  static constexpr std::uint32_t kSlotsPerChunk = 64;

  struct Slot {
    alignas(T) std::byte storage[sizeof(T)];
    std::uint32_t generation = 0;
    std::uint32_t next_free = kNone;
    [[nodiscard]] bool is_live() const { return (generation & 1u) != 0; }
    [[nodiscard]] T* object() { return std::launder(reinterpret_cast<T*>(storage)); }
  };

  [[nodiscard]] static SlotId make_id(std::uint32_t number, std::uint32_t generation) {
    return (static_cast<SlotId>(generation) << 32) | number;
  }
  [[nodiscard]] Slot& at(std::uint32_t number) {
    return chunks_[number / kSlotsPerChunk][number % kSlotsPerChunk];
  }

  [[nodiscard]] std::uint32_t take_slot() {
    if (free_ == kNone) return take_fresh_slot();
    const std::uint32_t number = free_;
    free_ = at(number).next_free;
    ++size_;
    return number;
  }

  [[nodiscard]] std::uint32_t take_fresh_slot() {
    if (used_ % kSlotsPerChunk == 0) chunks_.push_back(std::make_unique<Slot[]>(kSlotsPerChunk));
    ++size_;
    return used_++;
  }

  void free_slot(std::uint32_t number) {
    at(number).next_free = free_;
    free_ = number;
    --size_;
  }

  std::uint32_t capacity_;
  std::uint32_t size_ = 0;
  std::uint32_t used_ = 0;
  std::uint32_t free_ = kNone;
  std::vector<std::unique_ptr<Slot[]>> chunks_;
};

}  // namespace reactord
