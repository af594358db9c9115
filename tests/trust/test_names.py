"""One function decides which target names may become paths."""

from __future__ import annotations

import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstick.metadata.malformed import MalformedError
from lockstick.trust.names import check_lockbox_name, collisions, target_path


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
    assert collisions(["a/b", "a/c", "a/d/e"]) == ()
