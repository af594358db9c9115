"""One function decides which target names may become paths."""

from __future__ import annotations

import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstick.metadata.malformed import MalformedError
from lockstick.trust.names import check_listed_name, check_lockbox_name, collisions, segment_problem, target_path


@pytest.mark.parametrize("name", ["fw.bin", "app/fw 1.0.bin", "a/b/c/d", "tdx-os-1.2+3~4", "x" * 120, ".hidden"])
def test_an_ordinary_name_is_its_own_path(name: str) -> None:
    assert "/".join(target_path(name)) == name


@pytest.mark.parametrize("name", ["x" * 254, "y/" + "x" * 121, "OSTREE/x", "abc.IMAGES/x", "a/./b", "a/..", "..", "."])
def test_a_name_that_would_lead_astray_is_refused(name: str) -> None:
    with pytest.raises(MalformedError):
        target_path(name)


@given(st.text(max_size=40))
def test_whatever_is_let_through_stays_below_its_folder_on_every_system(name: str) -> None:
    try:
        segments = target_path(name)
    except MalformedError:
        return
    for flavour in (pathlib.PurePosixPath("/images"), pathlib.PureWindowsPath("C:/images")):
        place = flavour.joinpath(*segments)
        assert place.parts[: len(flavour.parts)] == flavour.parts
        assert ".." not in place.parts
        assert len(place.parts) == len(flavour.parts) + len(segments)


@pytest.mark.parametrize("name", ["Root", "OFFLINE-SNAPSHOT", "targets"])
def test_names_of_roles_are_reserved_in_any_case(name: str) -> None:
    with pytest.raises(MalformedError) as caught:
        check_lockbox_name(name)
    assert caught.value.rule == "lockbox-name-reserved"


@pytest.mark.parametrize("name", ["", "a.b", "a b", "ä", "x" * 254, "a/b", "a\n"])
def test_a_lockbox_name_is_letters_digits_dashes_and_underscores(name: str) -> None:
    with pytest.raises(MalformedError) as caught:
        check_lockbox_name(name)
    assert caught.value.rule == "lockbox-name"


def test_collisions_are_files_of_one_name_and_files_that_are_folders() -> None:
    assert collisions(["a", "b", "A"]) == (("A", "a"),)
    assert collisions(["tools", "Tools/readme", "other"]) == (("Tools/readme", "tools"),)
    assert collisions(["a/b", "A/B/c"]) == (("A/B/c", "a/b"),)
    assert collisions(["a/b", "a/c", "a/d/e"]) == ()


LONG = "x" * 100


@pytest.mark.parametrize(
    ("segment", "problem"),
    [
        ("fw.bin", ""),
        ("console", ""),
        ("x" * 120, ""),
        ("a\x00b", r"holds the character '\x00'"),
        ("a:b", "holds the character ':'"),
        ("f\u00fcr", "holds a character outside ASCII"),
        (" a", "has a part that begins with a blank or ends with a dot or a blank"),
        ("a ", "has a part that begins with a blank or ends with a dot or a blank"),
        ("a.", "has a part that begins with a blank or ends with a dot or a blank"),
        ("Con", "has the part 'Con', which Windows reserves for a device"),
        ("aux .tar.gz", "has the part 'aux .tar.gz', which Windows reserves for a device"),
        ("lpt0.a.b.c", "has the part 'lpt0.a.b.c', which Windows reserves for a device"),
        (f"nul.{LONG}", f"has the part 'nul.{LONG[:36]}', which Windows reserves for a device"),
        ("x" * 121, "has a part of more than 120 characters"),
    ],
)
def test_why_a_part_of_a_name_is_not_fine_everywhere(segment: str, problem: str) -> None:
    assert segment_problem(segment) == problem


@pytest.mark.parametrize(
    ("name", "rule", "text"),
    [
        ("", "unsafe", "'' is empty or longer than 253 characters"),
        ("x" * 254, "unsafe", f"'{'x' * 80}' is empty or longer than 253 characters"),
        ("/a", "unsafe", "'/a' is an absolute path"),
        ("\\a", "unsafe", r"'\\a' is an absolute path"),
        ("c:a", "unsafe", "'c:a' is an absolute path"),
        ("a//b", "unsafe", "'a//b' has an empty, '.' or '..' part"),
        ("a\\..\\b", "unsafe", r"'a\\..\\b' has an empty, '.' or '..' part"),
        ("ostree/a", "unsafe", "'ostree/a' would lie in a folder with a meaning of its own"),
        ("a.images", "unsafe", "'a.images' would lie in a folder with a meaning of its own"),
        ("a/b?", "unportable", "'a/b?' holds the character '?'"),
    ],
)
def test_why_a_name_cannot_become_a_path(name: str, rule: str, text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        target_path(name)
    assert (caught.value.rule, caught.value.what) == (f"target-name-{rule}", f"the target name {text}")


def test_a_name_may_have_253_characters() -> None:
    name = "/".join(["y" * 120, "z" * 120, "w" * 11])
    assert len(name) == 253
    assert "/".join(target_path(name)) == name


def test_why_a_lockbox_name_is_refused() -> None:
    for name, text in (
        ("Targets", "the lockbox name 'Targets' is reserved; devices refuse it"),
        ("\u00e4" * 70, f"the lockbox name '{chr(228) * 60}' holds other characters than letters, digits, - and _"),
    ):
        with pytest.raises(MalformedError) as caught:
            check_lockbox_name(name)
        assert caught.value.what == text
    check_lockbox_name("x" * 253)
    with pytest.raises(MalformedError) as caught:
        check_listed_name("y" * 70)
    assert caught.value.rule == "lockbox-name"
    assert caught.value.what == f"the offline-snapshot lists '{'y' * 60}', which does not end in .json"
    with pytest.raises(MalformedError):
        check_listed_name("a.json.json")
