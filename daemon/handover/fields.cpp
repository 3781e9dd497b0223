// SPDX-License-Identifier: MIT
#include "daemon/handover/fields.h"

#include <algorithm>

namespace reactord {

namespace {

/// The wire types that are written; of the others, which no program of ours writes, only lengths
/// are known.
constexpr std::uint64_t kVarint = 0;
constexpr std::uint64_t kFixed64 = 1;
constexpr std::uint64_t kText = 2;
constexpr std::uint64_t kFixed32 = 5;
constexpr std::uint64_t kTypeBits = 3;
/// Ten groups of seven bits hold 64.
constexpr unsigned kMaxVarintBits = 63;
/// More than any record of ours will have; a record is not to be a way to make us allocate.
constexpr std::size_t kMaxFields = 256;

}  // namespace

// --- writing

void FieldWriter::put_varint(std::uint64_t value) {
  while (value > 0x7f) {
    out_.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out_.push_back(static_cast<char>(value));
}

/// As in proto3, a zero is not there.
void FieldWriter::put_number(std::uint32_t number, std::uint64_t value) {
  if (value == 0) return;
  put_varint(std::uint64_t{number} << kTypeBits | kVarint);
  put_varint(value);
}

void FieldWriter::operator()(std::uint32_t number, const std::string& text) {
  if (text.empty()) return;
  put_varint(std::uint64_t{number} << kTypeBits | kText);
  put_varint(text.size());
  out_ += text;
}

// --- reading

FieldReader::FieldReader(std::string_view record) : rest_(record) {
  while (is_good_ && !rest_.empty()) is_good_ = take_field() && fields_.size() <= kMaxFields;
}

bool FieldReader::take_varint(std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift <= kMaxVarintBits && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    if (shift == kMaxVarintBits && byte > 1) return false;
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool FieldReader::take_field() {
  std::uint64_t key = 0;
  if (!take_varint(key) || key >> kTypeBits == 0 || key >> kTypeBits > UINT32_MAX) return false;
  Field field{.number = static_cast<std::uint32_t>(key >> kTypeBits)};
  std::uint64_t length = 0;
  switch (key & ((1u << kTypeBits) - 1)) {
    case kVarint:
      if (!take_varint(field.value)) return false;
      fields_.push_back(field);
      return true;
    case kText:
      if (!take_varint(length)) return false;
      break;
    case kFixed64:
      length = 8;
      break;
    case kFixed32:
      length = 4;
      break;
    default:
      return false;
  }
  if (length > rest_.size()) return false;
  field.is_text = (key & ((1u << kTypeBits) - 1)) == kText;
  field.text = rest_.substr(0, length);
  rest_.remove_prefix(length);
  if (field.is_text) fields_.push_back(field);
  return true;
}

/// The last one of several, as Protocol Buffers have it.
const FieldReader::Field* FieldReader::find(std::uint32_t number, bool is_text) {
  const auto found = std::find_if(fields_.rbegin(), fields_.rend(),
                                  [&](const Field& each) { return each.number == number; });
  if (found == fields_.rend()) return nullptr;
  if (found->is_text == is_text) return &*found;
  is_good_ = false;
  return nullptr;
}

void FieldReader::operator()(std::uint32_t number, std::string& text) {
  if (const Field* const field = find(number, true)) text = field->text;
}

}  // namespace reactord
