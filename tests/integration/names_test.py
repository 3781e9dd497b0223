# SPDX-License-Identifier: MIT
"""tools/scripts/check_names.py finds what a build of many files as one stumbles over, and no more."""

import pytest

import check_names  # of tools/scripts: conftest.py


def kinds(text):
    return set(check_names.names_in(f"namespace reactord {{\nnamespace {{\n\n{text}\n\n}}  // namespace\n"))


@pytest.mark.parametrize("text, name, kind", [
    ("struct Row {\n  int bytes;\n};", "Row", "type"),
    ("constexpr std::string_view kEnter = \"\\r\";", "kEnter", "variable"),
    ("constexpr Rule kRules[] = {", "kRules", "variable"),
    ("using Kind = DeskEvent::Kind;", "Kind", "alias of DeskEvent::Kind"),
    ("bool contains(const std::string& text, std::string_view part) {", "contains",
     "function of (const std::string&, std::string_view)"),
])
def test_what_a_file_has_for_itself(text, name, kind):
    assert kinds(text) == {(name, kind)}


def test_what_is_inside_of_another_thing_is_none():
    assert kinds("struct Row {\n  int bytes = 1;\n  void run() {\n    int at = 2;\n  }\n};") == {
        ("Row", "type")}


@pytest.mark.parametrize("one, other, clashes", [
    ("type", "type", True), ("variable", "type", True), ("alias of int", "alias of int", False),
    ("alias of int", "alias of long", True), ("function of (int)", "function of (long)", False),
    ("function of (int)", "function of (int)", True), ("function of (int)", "variable", True)])
def test_what_clashes(one, other, clashes):
    assert check_names.clash(one, other) == clashes


def test_none_is_in_the_tree():
    assert list(check_names.problems()) == []
