"""Checks of a stick, whatever anybody has called their files and whatever is known of the stick."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lockstick.media.load import Load, LoadFile
from lockstick.media.preflight import Platform, Wishes, check
from lockstick.media.remarks import Weight
from lockstick.report.preflight import preflight_json, preflight_text
from media.preflight.ground import stick

FILE_SYSTEMS = st.sampled_from(
    ["fat12", "fat16", "fat32", "fat", "exfat", "ntfs", "ext4", "apfs", "hfs+", "udf", "x", ""]
)
CHARACTERS = st.one_of(st.characters(blacklist_characters="/\0"), st.sampled_from("aAä. :\udcff\ud800\u017f\xdf"))
NAMES = st.one_of(
    st.text(CHARACTERS, min_size=1, max_size=300).filter(lambda name: name not in {".", ".."}),
    st.sampled_from(["CON", "con.txt", "a.", "A.", "._a", "metadata"]),
)
PLACES = st.lists(NAMES, min_size=1, max_size=4).map(tuple)
FILES = st.builds(LoadFile, place=PLACES, size=st.integers(0, 1 << 40), there=st.none() | st.integers(0, 1 << 40))
UNKNOWN = ("cluster", "free", "total", "is_read_only", "is_dirty", "options", "label", "may_write", "mount_point")


@given(FILE_SYSTEMS, st.lists(FILES, max_size=12), st.sampled_from(Platform), st.sets(st.sampled_from(UNKNOWN)))
def test_no_name_and_no_gap_in_what_is_known_breaks_a_check(
    file_system: str, files: list[LoadFile], platform: Platform, unknown: set[str]
) -> None:
    changes: dict[str, Any] = dict.fromkeys(unknown)
    medium = stick(file_system=file_system, platform=platform, **changes)
    remarks = check(medium, Load(files=tuple(files)), Wishes(label="STICK"))
    "\n".join(preflight_text(medium, remarks)).encode()
    preflight_json(medium, remarks)


@given(FILE_SYSTEMS, st.sets(st.sampled_from(UNKNOWN)))
def test_what_is_not_known_never_refuses(file_system: str, unknown: set[str]) -> None:
    changes: dict[str, Any] = dict.fromkeys(unknown)
    small = Load(files=(LoadFile(place=("update", "metadata", "director", "box.json"), size=900),))
    found = check(stick(file_system=file_system, **changes), small, Wishes(label="STICK"))
    assert [remark for remark in found if remark.weight is Weight.ERROR] == []
