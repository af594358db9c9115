"""Whatever disk call is the last one done, what a device sees is a proven lockbox or none."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from lockstick.disk.tree import FolderTree
from lockstick.media.writing import filling, onestick
from lockstick.media.writing.write import write_consignment
from media.writing.boxes import Prover, bytes_of, consigned, contents, lay, packages, verified
from power_cut import is_done_before

if TYPE_CHECKING:
    from pathlib import Path


def put(source: Path, stick: Path) -> None:
    outcome = write_consignment(consigned(source), FolderTree(source), [stick], prove=Prover(), clock=time.monotonic)
    for one in outcome.sticks:
        assert one.error is None, one.error


@pytest.mark.parametrize("situation", ["fresh", "over-an-older-one", "without-room-for-both"])
def test_a_power_cut_at_any_disk_call_leaves_all_or_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    situation: str,
) -> None:
    old = lay(tmp_path / "old", {**packages(2, 9_000), "sub/gone.bin": bytes_of("gone", 500)})
    new = lay(tmp_path / "new", {**packages(2, 9_000, p1="x"), "more.bin": bytes_of("more", 700)}, version=4)
    older = situation != "fresh"
    if situation == "without-room-for-both":
        monkeypatch.setattr(onestick, "require_room", lambda *_: True)
    known = [contents(old), contents(new)] if older else [contents(new)]
    cut = 0
    while True:
        stick = tmp_path / f"stick-{cut}"
        stick.mkdir()
        if older:
            put(old, stick)
            (stick / "update" / "notes.txt").write_bytes(b"somebody wrote this")
            (stick / "update" / "images" / "notes.txt").write_bytes(b"and this")
        finished = is_done_before(cut, partial(put, new, stick), monkeypatch, [(filling, "write_at")])
        update = stick / "update"
        if (update / "metadata").exists():
            seen = {name: digest for name, digest in contents(update).items() if not name.endswith("notes.txt")}
            assert seen in known, f"half a lockbox is visible after a cut at call {cut}"
            assert verified(update).verdict == "verified"
        put(new, stick)
        assert contents(update) == contents(new)
        kept = {"update-kept/notes.txt", "update-kept/images/notes.txt"} if older else set()
        assert {name for name in contents(stick) if not name.startswith("update/")} == kept, cut
        assert {entry.name for entry in stick.iterdir()} <= {"update", "update-kept"}
        if finished:
            break
        cut += 1
    assert cut > 40
