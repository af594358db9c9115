"""Delegation patterns mean what the device's C library makes of them."""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstick.metadata.malformed import MalformedError
from lockstick.trust.patterns import check_pattern, matches


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("app/*", "app/firmware", True),
        ("app/*", "app/deep/firmware", True),
        ("app/*", "App/firmware", False),
        ("*", ".hidden", True),
        ("fw-?", "fw-1", True),
        ("fw-?", "fw-/", True),
        ("fw-?", "fw-", False),
        ("fw[0-9]", "fw5", True),
        ("fw[!0-9]", "fw5", False),
        ("fw[^0-9]", "fwx", True),
        ("fw[]x]", "fw]", True),
        ("fw[", "fw[", True),
        ("fw[a-]", "fw-", True),
        (r"fw\*", "fw*", True),
        (r"fw\*", "fwx", False),
        ("a*b*c", "axxbxxc", True),
        ("a*b*c", "axxbxx", False),
        ("", "", True),
        ("", "x", False),
        ("[]]", "]", True),
        ("[!]]", "]", False),
        ("[!]]", "x", True),
        ("[^]]", "]", False),
        ("[^]]", "x", True),
        ("[!]a]", "a", False),
        ("[!]a]", "x", True),
        ("[a]b]", "ab]", True),
        ("[a][b]", "ab", True),
        ("[]", "[]", True),
        ("[!]", "[!]", True),
        ("[", "[", True),
        ("a[", "a[", True),
        ("[!a-c]x", "dx", True),
        ("[!a-c]x", "bx", False),
        ("[a-cx-z]", "y", True),
        ("[a-cx-z]", "m", False),
        ("[abc]", "c", True),
        ("[abc]d", "cd", True),
        ("[za-c]", "b", True),
        ("[a-]", "-", True),
        ("[a-]", "b", False),
        ("[a-]x", "-x", True),
        ("[a-]x", "ax", True),
        ("[-a]", "-", True),
        ("[!-a]", "-", False),
        ("[a-b-c]", "c", True),
        ("[a-c]", "-", False),
        ("[ab", "[ab", True),
        ("[a-", "[a-", True),
        ("[[", "[[", True),
        (r"a\b\c", "abc", True),
        (r"\*\?\[\\", "*?[\\", True),
        (r"\*", "x", False),
        ("a\\", "a\\", False),
        ("a\\", "a", False),
        (r"[\]]", "]", True),
        (r"[\]]", "\\]", False),
        (r"[!\]]", "x", True),
        (r"[a\-c]", "b", False),
        (r"[a\-c]", "-", True),
        (r"[a-\c]", "b", True),
        (r"[\a-c]", "b", True),
        (r"[\\]", "\\", True),
        (r"[a\]", "[a]", True),
        (r"[a\]", "a", False),
        ("[\\", "[\\", False),
        ("[a-\\", "[a-\\", False),
        ("a*", "a", True),
        ("**", "", True),
        ("*a", "ba", True),
        ("*a", "ab", False),
        ("*ab", "aab", True),
        ("*aab", "aaab", True),
        ("a*a", "a", False),
        ("*a*b", "xaxbxb", True),
        ("*?b", "aaab", True),
        ("a*bc*d", "abxbcxd", True),
        ("?", "", False),
    ],
)
def test_a_pattern_fits_or_not(pattern: str, name: str, fits: bool) -> None:  # noqa: FBT001 - a table
    assert matches(pattern, name) is fits


def test_patterns_that_readers_understand_differently_are_refused_in_words() -> None:
    escaped = "\\" + "x" * 100
    for pattern, text in (
        ("y" * 513, "a pattern has 513 characters; 512 are read"),
        (escaped, f"the pattern {escaped[:60]!r} holds {escaped[:1]!r}"),
    ):
        with pytest.raises(MalformedError) as caught:
            check_pattern(pattern)
        assert (caught.value.rule, caught.value.what) == ("delegation-pattern", text)
    check_pattern("y" * 512)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="compared with the C library that devices have")
@given(st.text(alphabet="ab/*?[]-!^\\", max_size=8), st.text(alphabet="ab/-]!^\\", max_size=8))
def test_any_pattern_means_what_the_c_library_says(pattern: str, name: str) -> None:
    libc = ctypes.CDLL(ctypes.util.find_library("c"))
    if "[:" in pattern or "[." in pattern or "[=" in pattern:
        return  # classes are written out by nobody who writes delegations
    assert matches(pattern, name) == (libc.fnmatch(pattern.encode(), name.encode(), 0) == 0)


def test_a_hostile_pattern_takes_no_time() -> None:
    started = time.process_time()
    assert not matches("a*" * 2000 + "b", "a" * 250)
    assert not matches("[" * 20_000, "[")
    assert not matches(r"[\]" * 10_000, "[")
    assert time.process_time() - started < 1
