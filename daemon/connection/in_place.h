// SPDX-License-Identifier: MIT
// An object of some class derived from Base, held inside its owner: a pointer and an allocation
// less for each of many owners.
#pragma once

#include <cassert>
#include <concepts>
#include <cstddef>
#include <new>
#include <utility>

namespace reactord {

template <class Base, std::size_t kBytes>
class InPlace {
 public:
  template <std::derived_from<Base> T, class... Args>
  explicit InPlace(std::in_place_type_t<T>, Args&&... args) {
    static_assert(sizeof(T) <= kBytes && alignof(T) <= alignof(void*));
    T* object = ::new (storage_) T(std::forward<Args>(args)...);
    // The base must begin where the object does, so that its place need not be stored.
    assert(static_cast<void*>(static_cast<Base*>(object)) == static_cast<void*>(storage_));
    (void)object;
  }
  /// From whoever makes the object: `make(place, bytes)` constructs one there, and returns it as
  /// the Base that it begins with.
  template <class Make>
  InPlace(std::in_place_t, Make&& make) {
    [[maybe_unused]] Base* const object = make(static_cast<void*>(storage_), kBytes);
    assert(static_cast<void*>(object) == static_cast<void*>(storage_));
  }
  InPlace(const InPlace&) = delete;
  InPlace& operator=(const InPlace&) = delete;
  ~InPlace() { get()->~Base(); }

  [[nodiscard]] Base& operator*() { return *get(); }
  [[nodiscard]] Base* operator->() { return get(); }
  [[nodiscard]] const Base* operator->() const {
    return std::launder(reinterpret_cast<const Base*>(storage_));
  }

 private:
  [[nodiscard]] Base* get() { return std::launder(reinterpret_cast<Base*>(storage_)); }

  alignas(void*) std::byte storage_[kBytes];
};

}  // namespace reactord
