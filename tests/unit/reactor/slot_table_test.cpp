// SPDX-License-Identifier: MIT
#include "daemon/reactor/slot_table.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <vector>

namespace reactord {
namespace {

struct Named {
  Named(SlotId own_id, int some_value) : id(own_id), value(some_value) {}
  SlotId id;
  int value;
};

/// Calls back when it is destroyed.
struct Guest {
  Guest(SlotId own_id, std::function<void(SlotId)> at_end)
      : id(own_id), on_destroyed(std::move(at_end)) {}
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;
  ~Guest() { on_destroyed(id); }
  SlotId id;
  std::function<void(SlotId)> on_destroyed;
};

TEST_SUITE("slot_table") {
  TEST_CASE("an object is found by its id until it is erased") {
    SlotTable<Named> table(4);
    Named& one = table.emplace(1);
    Named& two = table.emplace(2);
    CHECK(table.size() == 2);
    CHECK(table.find(one.id) == &one);
    CHECK(table.find(two.id) == &two);

    const SlotId gone = one.id;
    table.erase(gone);
    CHECK(table.find(gone) == nullptr);
    CHECK(table.find(two.id)->value == 2);
    CHECK(table.size() == 1);
  }

  TEST_CASE("a slot that is used again has a new id, and the old one stays stale") {
    SlotTable<Named> table(1);
    std::set<SlotId> ids;
    for (int i = 0; i < 1000; ++i) {
      const SlotId id = table.emplace(i).id;
      for (const SlotId old : ids) REQUIRE(table.find(old) == nullptr);
      REQUIRE(ids.insert(id).second);
      table.erase(id);
    }
    CHECK(table.slots_used() == 1);
  }

  TEST_CASE("an id that never was is no one's") {
    SlotTable<Named> table(4);
    const SlotId id = table.emplace(1).id;
    CHECK(table.find(0) == nullptr);
    CHECK(table.find(id + 1) == nullptr);                  // a slot not used yet
    CHECK(table.find(id + (SlotId{1} << 32)) == nullptr);  // a later generation
    CHECK(table.find(UINT64_MAX) == nullptr);
    table.erase(0);
    table.erase(UINT64_MAX);
    CHECK(table.size() == 1);
  }

  TEST_CASE("erasing twice frees the slot once") {
    SlotTable<Named> table(2);
    const SlotId id = table.emplace(1).id;
    table.erase(id);
    table.erase(id);
    CHECK(table.size() == 0);
    const Named& a = table.emplace(1);
    const Named& b = table.emplace(2);
    CHECK(&a != &b);
  }

  TEST_CASE("ids leave the numbers up to UINT32_MAX to others") {
    SlotTable<Named> table(1);
    const SlotId id = table.emplace(1).id;
    CHECK(id > UINT32_MAX);
  }

  TEST_CASE("the table is full at its capacity, and free again after an erase") {
    SlotTable<Named> table(2);
    CHECK(table.capacity() == 2);
    const SlotId one = table.emplace(1).id;
    CHECK_FALSE(table.is_full());
    table.emplace(2);
    CHECK(table.is_full());
    table.erase(one);
    CHECK_FALSE(table.is_full());
    table.emplace(3);
    CHECK(table.slots_used() == 2);
  }

  TEST_CASE("objects never move, whatever comes after them") {
    SlotTable<Named> table(1000);
    std::vector<Named*> all;
    for (int i = 0; i < 1000; ++i) all.push_back(&table.emplace(i));
    for (int i = 0; i < 1000; ++i) {
      Named* object = all[static_cast<std::size_t>(i)];
      REQUIRE(table.find(object->id) == object);
      REQUIRE(object->value == i);
    }
  }

  TEST_CASE("walking the slots meets the living alone") {
    SlotTable<Named> table(8);
    table.emplace(1);
    const SlotId two = table.emplace(2).id;
    table.emplace(3);
    table.erase(two);
    std::vector<int> seen;
    for (std::uint32_t slot = 0; slot < table.slots_used(); ++slot)
      if (const Named* object = table.at_slot(slot)) seen.push_back(object->value);
    CHECK(seen == std::vector<int>{1, 3});
    CHECK(table.at_slot(7) == nullptr);
    CHECK(table.at_slot(UINT32_MAX) == nullptr);
  }

  TEST_CASE("the table destroys what still lives, once") {
    std::multiset<SlotId> destroyed;
    const auto note = [&](SlotId id) { destroyed.insert(id); };
    std::multiset<SlotId> ids;
    {
      SlotTable<Guest> table(100);
      for (int i = 0; i < 100; ++i) ids.insert(table.emplace(note).id);
      table.erase(*ids.begin());
    }
    CHECK(destroyed == ids);
  }

  TEST_CASE("what an object's destructor sets off does not find it any more") {
    SlotTable<Guest>* reach = nullptr;
    const Guest* found = nullptr;
    bool in_walk = true;
    int destroyed = 0;
    SlotTable<Guest> table(2);
    reach = &table;
    const SlotId id = table
                          .emplace([&](SlotId own) {
                            ++destroyed;
                            found = reach->find(own);
                            in_walk = reach->at_slot(0) != nullptr;
                            reach->erase(own);
                          })
                          .id;
    table.erase(id);
    CHECK(destroyed == 1);
    CHECK(found == nullptr);
    CHECK_FALSE(in_walk);
    CHECK(table.size() == 0);
  }

  TEST_CASE("a destructor may erase others, also while the table goes") {
    int destroyed = 0;
    std::vector<SlotId> ids;
    {
      SlotTable<Guest> table(3);
      const auto erase_all = [&](SlotId) {
        ++destroyed;
        for (const SlotId id : ids) table.erase(id);
      };
      for (int i = 0; i < 3; ++i) ids.push_back(table.emplace(erase_all).id);
      SUBCASE("by an erase") {
        table.erase(ids[1]);
      }
      SUBCASE("by the end of the table") {}
    }
    CHECK(destroyed == 3);
  }

  TEST_CASE("a constructor that throws leaves no trace but a used-up id") {
    struct Picky {
      Picky(SlotId own_id, SlotId& told, bool refuse) : id(own_id), owned(new int(1)) {
        told = own_id;
        if (refuse) throw std::runtime_error("refused");
      }
      SlotId id;
      std::unique_ptr<int> owned;
    };
    SlotId told = 0;
    SlotTable<Picky> table(1);
    CHECK_THROWS_AS(table.emplace(told, true), std::runtime_error);
    CHECK(table.size() == 0);
    CHECK_FALSE(table.is_full());
    CHECK(table.at_slot(0) == nullptr);
    CHECK(table.find(told) == nullptr);

    const SlotId refused = told;
    const Picky& next = table.emplace(told, false);
    CHECK(next.id != refused);
    CHECK(table.find(refused) == nullptr);
    CHECK(table.find(next.id) == &next);
    CHECK(table.slots_used() == 1);
  }

  TEST_CASE("objects lie where their alignment wants them") {
    struct alignas(64) Wide {
      explicit Wide(SlotId) {}
      char bytes[3] = {};
    };
    SlotTable<Wide> table(3);
    for (int i = 0; i < 3; ++i)
      CHECK(reinterpret_cast<std::uintptr_t>(&table.emplace()) % alignof(Wide) == 0);
  }
}

}  // namespace
}  // namespace reactord
