// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/terminal/screen_rows.h"

#include <doctest/doctest.h>

#include <clocale>
#include <string>

namespace {

using reactord::cli::rows_above_cursor;
using reactord::cli::ScreenSize;

constexpr ScreenSize kNarrow{10, 5};

std::size_t rows(std::wstring_view prompt, std::wstring_view line) {
  // wcwidth(3) goes by the locale.
  REQUIRE(std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr);
  return rows_above_cursor(prompt, line, line.size(), kNarrow);
}

TEST_CASE("narrow characters fill rows, and a full row moves the cursor on") {
  CHECK(rows(L"", L"") == 0);
  CHECK(rows(L"> ", L"1234567") == 0);
  CHECK(rows(L"> ", L"12345678") == 1);
  CHECK(rows(L"> ", L"12345678901234567") == 1);
  CHECK(rows(L"> ", L"123456789012345678") == 2);
}

TEST_CASE("only what is before the cursor counts") {
  CHECK(rows_above_cursor(L"> ", L"1234567890", 3, kNarrow) == 0);
  CHECK(rows_above_cursor(L"> ", L"1234567890", 8, kNarrow) == 1);
}

TEST_CASE("a wide character is not split at the edge") {
  CHECK(rows(L"", L"漢字漢字") == 0);
  CHECK(rows(L"", L"漢字漢字漢") == 1);
  CHECK(rows(L"x", L"漢字漢字漢") == 1);  // the fifth begins the second row
  CHECK(rows(L"x", L"漢字漢字漢字漢字") == 1);
  CHECK(rows(L"x", L"漢字漢字漢字漢字漢") == 2);
  SUBCASE("the cursor stands on one that begins the next row") {
    CHECK(rows_above_cursor(L"x", L"漢字漢字漢", 4, kNarrow) == 1);
    CHECK(rows_above_cursor(L"x", L"漢字漢字a", 4, kNarrow) == 0);
  }
}

TEST_CASE("what is spelled out takes its columns") {
  CHECK(rows(L"12345678", L"\x01") == 1);  // ^A
  CHECK(rows(L"1234567", L"\x01") == 0);
  CHECK(rows(L"", L"123\t") == 0);            // to column 8
  CHECK(rows(L"", L"12345678\t") == 1);       // to column 16, wrapped
  CHECK(rows(L"", L"a\nb\n") == 2);           // as of a search in the history
  CHECK(rows(L"", L"123456789\u0301") == 0);  // combining
  CHECK(rows(L"12", L"\ufdd0") == 0);         // \U+fdd0
  CHECK(rows(L"123", L"\ufdd0") == 1);
}

TEST_CASE("what is taller than the screen has lost its first rows") {
  CHECK(rows(L"", std::wstring(1000, L'x')) == 4);
  CHECK(rows_above_cursor(L"", L"xxx", 3, {0, 0}) == 0);
}

}  // namespace
