"""Writing as it is typed, to real file systems, good ones and bad ones."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from media.writing.boxes import contents, lay, packages, verified, write_roots

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Runner
    from media.ground import BadStick, Stick

AT = "2026-06-01T00:00:00Z"


@pytest.fixture
def write(lockstick: Runner, tmp_path: Path) -> Runner:
    roots = write_roots(tmp_path / "roots")

    def invoke(source: Path, *more: str | Path) -> Any:
        to = [word for one in more for word in (("--to", one) if not isinstance(one, str) else (one,))]
        return lockstick("write", source, *to, "--trust", roots, "--at", AT, "--i-know")

    return invoke


@pytest.fixture
def box(tmp_path: Path) -> Path:
    return lay(tmp_path / "box", packages())


@pytest.fixture(params=["ext4_stick", "exfat_stick", "fuse_stick"])
def stick(request: pytest.FixtureRequest) -> Stick | BadStick:
    found: Stick | BadStick = request.getfixturevalue(request.param)
    return found


def test_a_lockbox_is_written_proven_and_still_there_after_unmounting(
    write: Runner, box: Path, stick: Stick | BadStick, tmp_path: Path
) -> None:
    result = write(box, stick.mount)
    assert result.code == 0, result
    assert "VERIFIED" in result.out
    stick.eject()
    stick.insert()
    assert contents(stick.mount / "update") == contents(box)
    update = lay(tmp_path / "new", packages(p2="x"), version=4)
    assert write(update, stick.mount).code == 0
    stick.eject()
    stick.insert()
    assert contents(stick.mount / "update") == contents(update)
    assert verified(stick.mount / "update").verdict == "verified"


def test_a_driver_that_loses_what_is_renamed_is_found_out(write: Runner, box: Path, fat32_stick: Stick) -> None:
    """So does fusefat with folders: what was read back and proven is no more once it has its name."""
    result = write(box, fat32_stick.mount)
    assert result.code == 6
    assert "lost files when it got its name" in result.out
    assert not (fat32_stick.mount / "update").exists()


def test_where_both_do_not_fit_the_old_one_goes_first(write: Runner, tiny_stick: Stick, tmp_path: Path) -> None:
    one = lay(tmp_path / "one", packages(4, 500_000))
    two = lay(tmp_path / "two", packages(4, 500_000, p0="x", p1="x", p2="x"), version=4)
    assert write(one, tiny_stick.mount).code == 0
    planned = write(two, tiny_stick.mount, "--dry-run", "--json").json()["sticks"][0]
    assert planned["old_goes_first"] is True
    assert contents(tiny_stick.mount / "update") == contents(one)
    result = write(two, tiny_stick.mount)
    assert result.code == 0, result
    assert "the old one is hidden first" in result.err
    assert contents(tiny_stick.mount / "update") == contents(two)


def test_a_lockbox_that_does_not_fit_is_refused_before_a_byte_is_written(
    write: Runner, tiny_stick: Stick, tmp_path: Path
) -> None:
    one = lay(tmp_path / "one", packages(2, 500_000))
    assert write(one, tiny_stick.mount).code == 0
    result = write(lay(tmp_path / "two", packages(9, 500_000), version=4), tiny_stick.mount)
    assert result.code == 6
    assert "not enough room" in result.out + result.err
    assert contents(tiny_stick.mount / "update") == contents(one)


def test_a_stick_that_becomes_full_meanwhile_shows_nothing_and_goes_on(
    write: Runner, ext4_stick: Stick, tmp_path: Path
) -> None:
    box = lay(tmp_path / "box", packages(4, 8_000_000))
    filler = ext4_stick.mount / "filler"
    subprocess.run(["fallocate", "-l", "28M", filler], check=True)
    assert write(box, ext4_stick.mount).code == 6
    assert not (ext4_stick.mount / "update").exists()
    filler.unlink()
    assert write(box, ext4_stick.mount).code == 0
    assert contents(ext4_stick.mount / "update") == contents(box)


def test_a_stick_that_is_read_only_is_said_to_be(write: Runner, box: Path, ext4_stick: Stick) -> None:
    ext4_stick.protect()
    result = write(box, ext4_stick.mount)
    assert result.code == 6
    assert "read-only" in result.out + result.err


def test_a_stick_that_vanishes_amid_the_writing_goes_on_later(write: Runner, box: Path, fuse_stick: BadStick) -> None:
    fuse_stick.vanish(after_written=700_000)
    result = write(box, fuse_stick.mount)
    assert result.code == 6
    assert "was removed" in result.out
    assert "goes on where it was" in result.out
    fuse_stick.come_back()
    assert not (fuse_stick.mount / "update").exists()
    again = write(box, fuse_stick.mount, "--json").json()["sticks"][0]
    assert again["written"] < 800_000
    assert again["outcome"] == "verified"


def test_a_stick_that_vanishes_amid_the_reading_back_shows_nothing(
    write: Runner, box: Path, fuse_stick: BadStick
) -> None:
    fuse_stick.vanish(after_read=300_000)
    result = write(box, fuse_stick.mount)
    assert result.code == 6
    assert "was removed" in result.out
    fuse_stick.come_back()
    assert not (fuse_stick.mount / "update").exists()


def test_a_stick_that_cannot_be_written_to_everywhere_is_said_to_fail(
    write: Runner, box: Path, fuse_stick: BadStick, tmp_path: Path
) -> None:
    good = tmp_path / "good"
    good.mkdir()
    fuse_stick.fail("*p2.bin", 100_000, on="write")
    result = write(box, fuse_stick.mount, good, "--json")
    assert result.code == 6
    bad_one, good_one = result.json()["sticks"]
    assert "input/output error" in bad_one["error"]["why"]
    assert bad_one["verify"] is None
    assert good_one["outcome"] == "verified"
    assert not (fuse_stick.mount / "update").exists()


def test_one_sector_that_reads_wrong_is_found(write: Runner, box: Path, fuse_stick: BadStick) -> None:
    fuse_stick.flip("*p1.bin", 123_456)
    result = write(box, fuse_stick.mount)
    assert result.code == 6
    assert "read back" in result.out
    assert "p1.bin" in result.out
    assert not (fuse_stick.mount / "update").exists()


def test_a_stick_that_drops_what_does_not_fit_on_it_is_found(write: Runner, tmp_path: Path) -> None:
    from media.ground import bad_stick  # noqa: PLC0415 - only here

    box = lay(tmp_path / "box", packages(4, 1_000_000))
    with bad_stick(tmp_path / "liar", claimed=64 << 20, real=2 << 20) as liar:
        result = write(box, liar.mount)
        assert result.code == 6
        assert not (liar.mount / "update").exists()


def test_the_plan_is_told_and_nothing_is_touched(write: Runner, box: Path, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    result = write(box, stick, "--dry-run")
    assert result.code == 0
    assert "would write 1.2 MB" in result.out
    assert list(stick.iterdir()) == []
    assert write(box, stick).code == 0
    assert "would write 0 B" in write(box, stick, "--dry-run").out
    shutil.rmtree(stick)
    assert write(box, stick, "--dry-run").code == 2
