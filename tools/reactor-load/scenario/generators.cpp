// SPDX-License-Identifier: MIT
#include "tools/reactor-load/scenario/generators.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <numbers>

namespace reactord::load {
namespace {

constexpr std::string_view kAlphabet =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
static_assert(kAlphabet.size() == 64);

/// Long texts are cut from a pool at a random place: a random byte each would cost more than
/// sending it.
constexpr std::size_t kPoolBytes = 64u << 10;
constexpr std::size_t kMostDrawnBytes = 64;

std::uint64_t splitmix64(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

std::string make_pool(bool printable) {
  std::string pool(kPoolBytes, '\0');
  Rng rng(printable ? 1 : 2);
  for (char& byte : pool) {
    byte = printable ? kAlphabet[rng.below(64)] : static_cast<char>(rng.below(256));
  }
  return pool;
}

void append_from_pool(std::string& out, std::size_t bytes, bool printable, Rng& rng) {
  static const std::string texts = make_pool(true);
  static const std::string anything = make_pool(false);
  const std::string& pool = printable ? texts : anything;
  std::size_t at = rng.below(kPoolBytes);
  while (bytes > 0) {
    const std::size_t taken = std::min(bytes, kPoolBytes - at);
    out.append(pool, at, taken);
    bytes -= taken;
    at = 0;
  }
}

void append_text(std::string& out, std::size_t bytes, bool printable, Rng& rng) {
  if (bytes > kMostDrawnBytes) return append_from_pool(out, bytes, printable, rng);
  const std::size_t start = out.size();
  out.resize(start + bytes);
  for (std::size_t i = 0; i < bytes;) {
    std::uint64_t random = rng.next();
    for (int k = 0; k < 8 && i < bytes; ++k, ++i, random >>= 8) {
      out[start + i] = printable ? kAlphabet[random & 63] : static_cast<char>(random & 0xff);
    }
  }
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;  // of 2^64 - 1
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

std::uint64_t magnitude(std::int64_t number) {
  return number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
}

std::uint64_t power_of_ten(int exponent) {
  std::uint64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

void append_real(std::string& out, std::int64_t scaled, int places) {
  if (scaled < 0) out += '-';
  const std::uint64_t digits = magnitude(scaled);
  const std::uint64_t unit = power_of_ten(places);
  append_number(out, digits / unit);
  if (places == 0) return;
  out += '.';
  std::uint64_t fraction = digits % unit;
  const std::size_t start = out.size();
  out.resize(start + static_cast<std::size_t>(places));
  for (std::size_t i = out.size(); i > start; fraction /= 10) {
    out[--i] = static_cast<char>('0' + fraction % 10);
  }
}

void append_digits(std::string& out, std::size_t count, Rng& rng) {
  for (std::size_t i = 0; i < count; ++i) {
    out += static_cast<char>(i == 0 && count > 1 ? '1' + rng.below(9) : '0' + rng.below(10));
  }
}

}  // namespace

Rng::Rng(std::uint64_t seed) {
  for (std::uint64_t& part : state_) part = splitmix64(seed);
}

std::uint64_t Rng::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

// Lemire's multiplication without its rejection: the bias is below bound / 2^64.
std::uint64_t Rng::below(std::uint64_t bound) {
  if (bound == 0) return next();
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
}

std::int64_t Rng::between(std::int64_t least, std::int64_t most) {
  const std::uint64_t count =
      static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least) + 1;
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(least) + below(count));
}

double Rng::unit() {
  return static_cast<double>((next() >> 11) + 1) * 0x1.0p-53;
}

std::uint64_t client_seed(std::uint64_t seed, std::uint64_t group, std::uint64_t client) {
  std::uint64_t state = seed;
  state = splitmix64(state) ^ group;
  state = splitmix64(state) ^ client;
  return splitmix64(state);
}

std::size_t Lengths::draw(Rng& rng) const {
  if (shape == Shape::uniform) {
    if (least == most) return static_cast<std::size_t>(least);
    return static_cast<std::size_t>(rng.between(least, most));
  }
  double length = 0;
  if (shape == Shape::exponential) {
    length = -std::log(rng.unit()) * mean;
  } else {
    // Box and Muller; the second of the pair is not kept, so that a draw has no memory.
    const double radius = std::sqrt(-2 * std::log(rng.unit()));
    length = mean + deviation * radius * std::cos(2 * std::numbers::pi * rng.unit());
  }
  return static_cast<std::size_t>(std::clamp(length, 0.0, static_cast<double>(kMostBytes)));
}

void Generator::append(std::string& out, GeneratorState& state) const {
  switch (kind) {
    case Kind::integer: {
      const std::int64_t number = state.rng.between(least, most);
      if (number < 0) out += '-';
      return append_number(out, magnitude(number));
    }
    case Kind::real:
      return append_real(out, state.rng.between(least, most), places);
    case Kind::digits:
      return append_digits(out, lengths.draw(state.rng), state.rng);
    case Kind::text:
      return append_text(out, lengths.draw(state.rng), true, state.rng);
    case Kind::bytes:
      return append_text(out, lengths.draw(state.rng), false, state.rng);
    case Kind::line:
      out += (*lines)[state.rng.below(lines->size())];
      return;
    case Kind::next_line: {
      if (state.places.size() <= place) state.places.resize(place + 1);
      std::size_t& next = state.places[place];
      out += (*lines)[next];
      next = (next + 1) % lines->size();
      return;
    }
    case Kind::counter:
      return append_number(out, ++state.counter);
    case Kind::client:
      return append_number(out, state.client);
  }
}

}  // namespace reactord::load
