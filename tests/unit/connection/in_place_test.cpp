// SPDX-License-Identifier: MIT
#include "daemon/connection/in_place.h"

#include <doctest/doctest.h>

#include <memory>

namespace reactord {
namespace {

struct Shape {
  virtual ~Shape() = default;
  [[nodiscard]] virtual int corners() const = 0;
};

struct Square final : Shape {
  explicit Square(std::shared_ptr<int> some_corners) : kept(std::move(some_corners)) {}
  [[nodiscard]] int corners() const override { return *kept; }
  std::shared_ptr<int> kept;
};

struct Point final : Shape {
  [[nodiscard]] int corners() const override { return 0; }
};

using Held = InPlace<Shape, sizeof(Square)>;

TEST_SUITE("in_place") {
  TEST_CASE("the object answers through its base, whichever class it is of") {
    Held square(std::in_place_type<Square>, std::make_shared<int>(4));
    Held point(std::in_place_type<Point>);
    CHECK(square->corners() == 4);
    CHECK((*point).corners() == 0);
  }

  TEST_CASE("it lies within its owner") {
    Held point(std::in_place_type<Point>);
    CHECK(static_cast<void*>(&*point) == static_cast<void*>(&point));
    CHECK(sizeof(Held) == sizeof(Square));
  }

  TEST_CASE("it is destroyed as what it is, with its owner") {
    const auto corners = std::make_shared<int>(4);
    {
      const Held square(std::in_place_type<Square>, corners);
      CHECK(corners.use_count() == 2);
    }
    CHECK(corners.use_count() == 1);
  }
}

}  // namespace
}  // namespace reactord
