"""Properties of delegation patterns and of names (lockbox-format 1.7, 3.7 and 4)."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from ground import refusal
from lockstick.trust.image_repo import check_delegation_name
from lockstick.trust.names import RESERVED_LOCKBOX_NAMES, check_lockbox_name, collisions, target_path
from lockstick.trust.patterns import matches

printable = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
names = st.text(printable, max_size=20)
SPECIAL = re.compile(r"([*?\[\\])")


@given(names, names)
def test_a_pattern_without_special_characters_fits_itself_alone(name: str, other: str) -> None:
    escaped = SPECIAL.sub(r"\\\1", name)
    assert matches(escaped, name)
    assert matches(escaped, other) == (name == other)


@given(names, st.data())
def test_a_star_stands_for_any_part_slashes_included(name: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(name)))
    end = data.draw(st.integers(start, len(name)))
    pattern = SPECIAL.sub(r"\\\1", name[:start]) + "*" + SPECIAL.sub(r"\\\1", name[end:])
    assert matches(pattern, name)
    assert matches("*" + pattern + "*", name)


@given(names, st.data())
def test_a_question_mark_stands_for_exactly_one_character(name: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(name)))
    before, after = SPECIAL.sub(r"\\\1", name[:position]), SPECIAL.sub(r"\\\1", name[position:])
    assert not matches(f"{before}?{after}", name)
    extra = data.draw(printable)
    assert matches(f"{before}?{after}", name[:position] + extra + name[position:])


@given(printable, printable, printable)
def test_a_range_takes_what_lies_between_and_its_negation_the_rest(low: str, high: str, character: str) -> None:
    if low in "!^]-\\" or high in "]\\":
        return
    fits = low <= character <= high
    assert matches(f"[{low}-{high}]", character) == fits
    assert matches(f"[!{low}-{high}]", character) != fits
    assert matches(f"[^{low}-{high}]", character) != fits


@given(st.text(st.sampled_from("ab*?[]\\!^-/"), max_size=30), st.text(st.sampled_from("ab]/-"), max_size=30))
def test_whatever_fits_also_fits_with_a_star_in_front_or_behind(pattern: str, name: str) -> None:
    if matches(pattern, name):
        assert matches("*" + pattern, name)
        assert matches("*" + pattern, "x" + name)


anything = st.text(max_size=30) | st.text(st.sampled_from("abR-_ .\n/é"), max_size=30)


@given(anything | st.sampled_from(sorted(RESERVED_LOCKBOX_NAMES)).map(str.title))
def test_a_lockbox_name_is_of_the_server_s_grammar_and_not_reserved(name: str) -> None:
    allowed = bool(re.fullmatch(r"[A-Za-z0-9_-]{1,253}", name)) and name.lower() not in RESERVED_LOCKBOX_NAMES
    rule = refusal(check_lockbox_name, name)
    assert (rule == "") == allowed
    assert rule in ("", "lockbox-name", "lockbox-name-reserved")


@given(anything)
def test_a_delegation_name_is_harmless_as_a_file_name(name: str) -> None:
    rule = refusal(check_delegation_name, name)
    assert rule in ("", "delegation-name")
    if not rule:
        assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,49}", name)
        assert not re.fullmatch(r"\d+\.root", name, re.IGNORECASE)
        assert name.lower() not in RESERVED_LOCKBOX_NAMES


paths = st.lists(st.text(st.sampled_from("aAbB."), min_size=1, max_size=3), min_size=1, max_size=3).map("/".join)


@given(st.lists(paths, max_size=6))
def test_names_collide_if_they_are_one_file_or_file_and_folder_where_case_does_not_count(found: list[str]) -> None:
    colliding = {name for group in collisions(found) for name in group}
    distinct = set(found)
    for one in distinct:
        clashes = any(
            other != one
            and (
                other.lower() == one.lower()
                or other.lower().startswith(one.lower() + "/")
                or one.lower().startswith(other.lower() + "/")
            )
            for other in distinct
        )
        assert (one in colliding) == clashes


@given(st.text(printable, min_size=1, max_size=40))
def test_a_safe_path_is_the_name_itself(name: str) -> None:
    rule = refusal(target_path, name)
    assert rule in ("", "target-name-unsafe", "target-name-unportable")
    if not rule:
        segments = target_path(name)
        assert "/".join(segments) == name
        assert all(segment and not segment.startswith(" ") and segment[-1] not in ". " for segment in segments)
