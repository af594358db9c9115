"""Whatever value stands in a place of what a system says: every drive can be told, and none becomes more offered."""

from __future__ import annotations

import copy
import json
import plistlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstick.errors import MediaError
from lockstick.media.drives.linux import read_drives as read_linux
from lockstick.media.drives.lsblk import read_lsblk
from lockstick.media.drives.macos import MacFinder
from lockstick.media.drives.sysfs import Hardware
from lockstick.media.drives.windows import read_drives as read_windows
from lockstick.media.mounttable import parse_mountinfo
from lockstick.media.running import Ran
from lockstick.report.drives import drives_json, drives_text
from media.drives.machine import RECORDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lockstick.media.model import Drive

    Reader = Callable[[Any], Sequence[Drive]]

_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["x" * 100_000, "\x1b]0;x\x07", "\ud800", "../..", "-h", "/", "0", "disk4", "E", "USB"])
)
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


def _linux(document: Any) -> Sequence[Drive]:
    nodes = read_lsblk(json.dumps(document)) or ()
    mounts = parse_mountinfo((RECORDED / "linux" / "two-alike" / "mountinfo").read_bytes())
    return read_linux(
        nodes, mounts=mounts, swaps=(), hardware=lambda _: Hardware(), free_bytes=lambda _: None, known={}
    )


def _mac(documents: Any) -> Sequence[Drive]:
    def run(argv: Sequence[str]) -> Ran:
        name = "ioreg" if argv[0] == "ioreg" else argv[1] if argv[1] == "list" else argv[3]
        return Ran(code=0, out=_plist(documents.get(name)))

    return MacFinder(run).find()


def _plist(value: Any) -> str:
    try:
        return plistlib.dumps(value, skipkeys=True).decode()
    except (TypeError, OverflowError, ValueError):
        return ""


def _mac_documents() -> dict[str, Any]:
    folder = RECORDED / "macos" / "encrypted"
    places = {"list": folder / "list.plist", "ioreg": folder / "ioreg.plist"}
    places |= {place.stem: place for place in (folder / "info").iterdir()}
    return {name: plistlib.loads(place.read_bytes()) for name, place in places.items()}


SOUND: dict[str, tuple[Reader, Any]] = {
    "linux": (_linux, json.loads((RECORDED / "linux" / "two-alike" / "lsblk.json").read_text())),
    "macos": (_mac, _mac_documents()),
    "windows": (read_windows, json.loads((RECORDED / "windows" / "two-partitions.json").read_text())),
}


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a document."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in members:
        yield (*above, name)
        yield from _places(inner, (*above, name))


@pytest.mark.parametrize("platform", sorted(SOUND))
@given(data=st.data())
def test_any_value_in_any_place_is_told_or_refused_in_words(platform: str, data: st.DataObject) -> None:
    read, sound = SOUND[platform]
    document = copy.deepcopy(sound)
    for _ in range(data.draw(st.integers(1, 3))):
        places = list(_places(document))
        if not places:
            break
        *way, last = data.draw(st.sampled_from(places))
        inner = document
        for name in way:
            inner = inner[name]
        inner[last] = data.draw(_VALUES)
    if not isinstance(document, dict):
        return
    try:
        drives = read(document)
    except MediaError:
        return
    json.dumps(drives_json(drives, {}), allow_nan=False).encode("ascii")
    for line in drives_text(drives, {}):
        assert line.isprintable()
        assert len(line) < 5000 + 300
