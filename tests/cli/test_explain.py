"""``lockstick explain`` as it is typed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cli.test_memory import site, verify
from cli.test_rehearse import AT
from lockstick.cli.boundary import run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

__all__ = ["site"]  # the fixture


def explain(folder: Path, *more: str) -> int:
    return run(["explain", str(folder), *more, "--at", AT])


def test_a_sound_chain_holds_by_either_name(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(site / "new", "fw.bin") == 0
    assert "Every link holds" in capsys.readouterr().out
    assert explain(site / "new", "fw") == 0


def test_tampered_bytes_are_the_link_that_fails(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "new" / "update" / "images" / "fw.bin").write_bytes(b"tampered")
    capsys.readouterr()
    assert explain(site / "new", "fw.bin", "--json") == 3
    told = json.loads(capsys.readouterr().out)
    assert (told["broken"], told["shape"]) == ("the bytes on the medium", "damaged")


def test_a_truncated_lockbox_is_explained_up_to_there(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    box = site / "new" / "update" / "metadata" / "director" / "box.json"
    box.write_bytes(box.read_bytes()[:-5])
    assert explain(site / "new", "fw.bin") == 3
    out = capsys.readouterr().out
    assert "The chain breaks at the lockbox" in out
    assert "(damaged)" in out


def test_a_superseded_lockbox_is_stale(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(site / "new") == 0
    assert explain(site / "old", "fw.bin") == 4
    assert "(stale)" in capsys.readouterr().out


def test_a_package_that_is_not_there_is_not_found(site: Path) -> None:
    assert explain(site / "new", "nothing.bin") == 8
