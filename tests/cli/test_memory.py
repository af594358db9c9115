"""``lockstick verify`` remembers what it has verified by this machine's own anchors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cli.test_rehearse import AT, lockbox
from forge import Forge
from lockstick.cli.boundary import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    forge = Forge()
    lockbox(tmp_path / "new", forge)
    older = Forge()
    older.offline_snapshot["version"], older.lockbox["version"] = 6, 2
    lockbox(tmp_path / "old", older)
    (tmp_path / "roots").mkdir()
    for name in ("director", "image-repo"):
        raw = (tmp_path / "new" / "update" / "metadata" / name / "1.root.json").read_bytes()
        (tmp_path / "roots" / f"{name.removesuffix('-repo')}-root.json").write_bytes(raw)
    monkeypatch.setenv("LOCKSTICK_TRUST_STORE", str(tmp_path / "store"))
    assert run(["trust", "add", "ours", "--from", str(tmp_path / "roots")]) == 0
    return tmp_path


def verify(folder: Path, *more: str) -> int:
    return run(["verify", str(folder), "--at", AT, *more])


def test_an_older_lockbox_is_superseded_once_a_newer_one_was_verified(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(site / "old") == 0
    assert verify(site / "new") == 0
    capsys.readouterr()
    assert verify(site / "old") == 4
    shown = capsys.readouterr().out
    assert shown.startswith("SUPERSEDED: genuine, but a newer one was verified here before")
    assert "superseded: director/offline-snapshot.json" in shown
    assert verify(site / "new") == 0
    assert json.loads((site / "store" / "ours.seen.json").read_text())["lockboxes"] == {"box.json": 3}


def test_only_a_lockbox_that_has_expired_is_said_to_have_run_out(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(site / "new") == 0
    capsys.readouterr()
    assert verify(site / "old") == 4
    assert "ran out" not in capsys.readouterr().out
    assert run(["verify", str(site / "new"), "--at", "2028-01-01T00:00:00Z"]) == 4
    assert "ran out on 2027-06-01" in capsys.readouterr().out


def test_nothing_is_remembered_if_asked_not_to_or_with_other_anchors(site: Path) -> None:
    assert verify(site / "new", "--no-remember") == 0
    assert verify(site / "new", "--trust", str(site / "roots")) == 0
    assert not (site / "store" / "ours.seen.json").exists()


def test_a_rejected_lockbox_is_not_remembered(site: Path) -> None:
    (site / "new" / "update" / "images" / "fw.bin").write_bytes(b"tampered")
    assert verify(site / "new") == 3
    assert not (site / "store" / "ours.seen.json").exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"format": 2, "documents": {}, "lockboxes": {}}',
        '{"format": 1, "documents": {"a": true}, "lockboxes": {}}',
    ],
)
def test_a_broken_memory_is_passed_over_with_a_note_and_left_alone(
    site: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    memory = site / "store" / "ours.seen.json"
    memory.write_text(text)
    assert verify(site / "new") == 0
    assert "cannot be read" in capsys.readouterr().err
    assert memory.read_text() == text


def test_a_memory_that_cannot_be_written_does_not_fail_the_verification(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (site / "store" / "ours.seen.new").mkdir()
    assert verify(site / "new") == 0
    assert "is not remembered" in capsys.readouterr().err


def test_a_memory_is_no_anchor_and_goes_with_its_anchors(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(site / "new") == 0
    capsys.readouterr()
    assert run(["trust", "list", "--json"]) == 0
    assert "seen" not in capsys.readouterr().out
    assert run(["trust", "remove", "ours", "--yes"]) == 0
    assert list((site / "store").iterdir()) == []
