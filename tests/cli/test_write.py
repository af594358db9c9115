"""Writing as it is typed, to real file systems, good ones and bad ones."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lockstick.disk.durable import reserve
from lockstick.disk.lock import take_lock
from lockstick.media.capacity import check_capacity
from media.writing.boxes import contents, lay, packages, put_until, verified, write_roots

if TYPE_CHECKING:
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
    (tiny_stick.mount / "update" / "update-logs.db").write_bytes(b"a device wrote this")
    planned = write(two, tiny_stick.mount, "--dry-run", "--json").json()["sticks"][0]
    assert planned["old_goes_first"] is True
    assert contents(tiny_stick.mount / "update").items() >= contents(one).items()
    result = write(two, tiny_stick.mount)
    assert result.code == 0, result
    assert "the old one is hidden first" in result.err
    assert list(contents(tiny_stick.mount / "update-kept")) == ["update-logs.db"]
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


def test_interrupted_it_says_so_and_the_next_run_goes_on(write: Runner, fuse_stick: BadStick, tmp_path: Path) -> None:
    box = lay(tmp_path / "box", packages(4, 2_000_000))
    fuse_stick.slow(write=4_000_000)
    command = [sys.executable, "-m", "lockstick", "write", str(box), "--to", str(fuse_stick.mount), "--i-know"]
    command += ["--trust", str(tmp_path / "roots"), "--at", AT]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        while sum(fuse_stick.written().values()) < 3_000_000:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "What is on the sticks is kept, and devices see nothing half-written; the same command continues." in said
    assert not (fuse_stick.mount / "update").exists()
    fuse_stick.slow()
    again = write(box, fuse_stick.mount, "--json").json()["sticks"][0]
    assert again["written"] < 5_100_000


def test_interrupted_amid_the_reading_back_it_ends_soon(fuse_stick: BadStick, tmp_path: Path) -> None:
    box = lay(tmp_path / "box", packages(4, 8_000_000))
    fuse_stick.slow(read=2_000_000)
    command = [sys.executable, "-m", "lockstick", "write", str(box), "--to", str(fuse_stick.mount), "--i-know"]
    command += ["--trust", str(write_roots(tmp_path / "roots")), "--at", AT]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        while sum(fuse_stick.read().values()) < 1_000_000:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        assert process.wait(30) == 130
    assert time.monotonic() - began < 10, "all of it takes sixteen seconds"
    assert not (fuse_stick.mount / "update").exists()


def test_who_interrupts_again_and_again_sees_no_traceback(fuse_stick: BadStick, tmp_path: Path) -> None:
    box = lay(tmp_path / "box", packages(4, 8_000_000))
    fuse_stick.slow(read=2_000_000)
    command = [sys.executable, "-m", "lockstick", "write", str(box), "--to", str(fuse_stick.mount), "--i-know"]
    command += ["--trust", str(write_roots(tmp_path / "roots")), "--at", AT, "--json"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        while sum(fuse_stick.read().values()) < 1_000_000:
            assert process.poll() is None
            time.sleep(0.01)
        for _ in range(5):
            process.send_signal(signal.SIGINT)
            time.sleep(0.15)
        out, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert json.loads(out)["error"]["exit_code"] == 130


def test_a_slow_stick_does_not_hold_up_a_fast_one(write: Runner, fuse_stick: BadStick, tmp_path: Path) -> None:
    box, fast = lay(tmp_path / "box", packages(4, 1_000_000)), tmp_path / "fast"
    fast.mkdir()
    fuse_stick.slow(write=2_000_000)
    report = write(box, fuse_stick.mount, fast, "--json").json()
    slow_one, fast_one = report["sticks"]
    assert slow_one["outcome"] == fast_one["outcome"] == "verified"
    assert slow_one["write_seconds"] > 1.5
    assert fast_one["write_seconds"] < slow_one["write_seconds"] / 2
    assert report["source_read"] == 4_000_000


def test_a_file_that_was_begun_has_its_room_already(write: Runner, tiny_stick: Stick, tmp_path: Path) -> None:
    """Its room was set aside; on a stick that is nearly full, that must not be asked for a second time."""
    box = lay(tmp_path / "box", packages(1, 2_000_000))
    begun = tiny_stick.mount / ".lockstick" / "next" / "images" / "p0.bin"
    put_until(box, tiny_stick.mount, 1)
    with begun.open("r+b") as file:
        file.truncate(500_000)
        reserve(file.fileno(), 2_000_000)
    assert shutil.disk_usage(tiny_stick.mount).free < 1_500_000
    result = write(box, tiny_stick.mount)
    assert result.code == 0, result


def test_blocks_that_stay_wrong_are_tried_once(write: Runner, box: Path, fuse_stick: BadStick) -> None:
    fuse_stick.flip("*p1.bin", 123_456)
    result = write(box, fuse_stick.mount, "--retry-bad")
    assert result.code == 6
    assert not (fuse_stick.mount / "update").exists()


def test_what_is_wrong_only_once_is_proven_by_a_second_whole_reading_and_said(
    write: Runner, box: Path, fuse_stick: BadStick
) -> None:
    fuse_stick.flip("*p1.bin", 123_456, times=1)
    result = write(box, fuse_stick.mount)
    assert result.code == 6
    assert "the reader" in result.out
    assert not (fuse_stick.mount / "update").exists()
    shutil.rmtree(fuse_stick.mount / ".lockstick")
    fuse_stick.flip("*p1.bin", 123_456, times=1)
    result = write(box, fuse_stick.mount, "--retry-bad", "--json")
    assert result.code == 0, result
    assert "right only sometimes" in result.err
    assert contents(fuse_stick.mount / "update") == contents(box)


def test_a_receipt_is_left_and_recorded(write: Runner, lockstick: Runner, box: Path, ext4_stick: Stick) -> None:
    (stick,) = write(box, ext4_stick.mount, "--json", "--operator", "kim").json()["sticks"]
    assert stick["receipt"] == str(ext4_stick.mount / "lockstick-receipt.json")
    receipt = json.loads(Path(stick["receipt"]).read_text())
    assert receipt["operator"] == "kim"
    assert receipt["outcome"] == "written"
    assert stick["name"] in lockstick("register", "list").out


def test_a_place_that_is_no_stick_is_refused_unless_it_is_meant(lockstick: Runner, box: Path, tmp_path: Path) -> None:
    stick, roots = tmp_path / "stick", write_roots(tmp_path / "roots")
    stick.mkdir()
    call = ("write", box, "--to", stick, "--trust", roots, "--at", AT)
    result = lockstick(*call)
    assert result.code == 6
    assert "no-mount-point" in result.out
    assert list(stick.iterdir()) == []
    assert lockstick(*call, "--i-know").code == 0


def test_a_stick_that_is_not_fit_does_not_keep_others_from_being_written(
    lockstick: Runner, box: Path, ext4_stick: Stick, tmp_path: Path
) -> None:
    roots = write_roots(tmp_path / "roots")
    result = lockstick(
        "write",
        box,
        "--to",
        ext4_stick.mount,
        "--to",
        tmp_path / "no",
        "--trust",
        roots,
        "--at",
        AT,
        "--i-know",
        "--json",
    )
    good, bad = result.json()["sticks"]
    assert good["outcome"] == "verified"
    assert bad["error"]["exit_code"] == result.code == 2


def test_a_stick_that_lies_about_its_size_is_found_out_before_it_is_written(write: Runner, tmp_path: Path) -> None:
    from media.ground import bad_stick  # noqa: PLC0415 - only here

    box = lay(tmp_path / "box", packages(2, 100_000))
    with bad_stick(tmp_path / "liar", claimed=64 << 20, real=16 << 20) as liar:
        result = write(box, liar.mount, "--check-capacity")
        assert result.code == 6
        assert "nothing is written" in result.out
        assert not (liar.mount / "update").exists()


def test_a_proven_stick_is_ejected_if_that_is_wanted(write: Runner, box: Path, ext4_stick: Stick) -> None:
    (stick,) = write(box, ext4_stick.mount, "--eject", "--json").json()["sticks"]
    assert stick["ejected"], stick["not_ejected"]
    assert not ext4_stick.mount.is_mount()
    ext4_stick.insert()
    assert contents(ext4_stick.mount / "update") == contents(box)


def test_a_stick_that_cannot_be_ejected_is_proven_all_the_same(write: Runner, box: Path, ext4_stick: Stick) -> None:
    with (ext4_stick.mount / "open").open("w"):
        result = write(box, ext4_stick.mount, "--eject", "--json")
    assert result.code == 6
    (stick,) = result.json()["sticks"]
    assert stick["outcome"] == "verified"
    assert not stick["ejected"]
    assert stick["not_ejected"]["remedy"]


def test_a_lockbox_in_one_file_goes_onto_a_stick(write: Runner, box: Path, tmp_path: Path) -> None:
    image, stick = tmp_path / "box.tar", tmp_path / "stick"
    stick.mkdir()
    with tarfile.open(image, "w") as archive:
        archive.add(box, arcname=".")
    result = write(image, stick)
    assert result.code == 0, result
    assert contents(stick / "update") == contents(box)


def test_a_lockbox_older_than_one_seen_before_is_called_superseded_not_expired(
    lockstick: Runner, tmp_path: Path
) -> None:
    old, new = lay(tmp_path / "old", packages()), lay(tmp_path / "new", packages(), version=4)
    stick = tmp_path / "stick"
    stick.mkdir()
    assert lockstick("trust", "add", "plant", "--from", write_roots(tmp_path / "roots")).code == 0
    assert lockstick("verify", new, "--at", AT).code == 0
    for command in (("write", old, "--to", stick, "--i-know"), ("pack", old, "--format", "tar")):
        result = lockstick(*command, "--at", AT)
        assert result.code == 4
        assert "it is superseded" in result.err
    assert list(stick.iterdir()) == []


def test_a_stick_that_another_run_is_writing_to_is_not_recorded_as_a_bad_one(
    write: Runner, lockstick: Runner, box: Path, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    (stick / ".lockstick").mkdir(parents=True)
    with take_lock(stick / ".lockstick" / "lock", busy="busy"):
        result = write(box, stick)
    assert result.code == 2
    assert "another run is writing" in result.out
    assert "0 stick(s)" in lockstick("register", "list").out


def test_whoever_names_the_device_is_told_the_folder(write: Runner, box: Path, ext4_stick: Stick) -> None:
    result = write(box, Path(ext4_stick.device))
    assert result.code == 2
    assert f"to do:   Name the folder where the stick is mounted: {ext4_stick.mount}" in result.out


def test_whoever_names_nothing_that_is_there_is_told_where_sticks_are_listed(
    write: Runner, box: Path, tmp_path: Path
) -> None:
    result = write(box, tmp_path / "nowhere-at-all")
    assert result.code == 2
    assert "'lockstick drives' says where sticks are" in result.out


def test_a_dry_run_says_once_what_keeps_a_stick_from_being_written(
    lockstick: Runner, box: Path, tmp_path: Path
) -> None:
    stick, roots = tmp_path / "stick", write_roots(tmp_path / "roots")
    stick.mkdir()
    result = lockstick("write", box, "--to", stick, "--trust", roots, "--at", AT, "--dry-run")
    assert result.code == 6
    assert f"{stick}: NOT FIT: nothing is written until this is put right" in result.out
    assert result.out.count("nothing is mounted there") == 1
    assert "would write" not in result.out


def test_a_dry_run_says_that_a_stick_is_too_small_once_its_old_lockbox_is_counted(
    write: Runner, tiny_stick: Stick, tmp_path: Path
) -> None:
    result = write(lay(tmp_path / "box", packages(4, 3_000_000)), tiny_stick.mount, "--dry-run")
    assert result.code == 6
    assert f"{tiny_stick.mount}: NOT FIT" in result.out
    assert result.out.count("Free at least") == 1


@pytest.mark.parametrize("when", ["while-others-are-checked", "while-others-are-written"])
def test_where_a_stick_was_nothing_is_left_when_it_is_pulled_between_the_steps(
    write: Runner, box: Path, ext4_stick: Stick, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """The mount point of a stick that was pulled is a folder on the disk of the machine."""
    from lockstick.media.writing import write as writing  # noqa: PLC0415 - only here

    other = tmp_path / "other"
    other.mkdir()

    def pulled_after(original: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            found = original(*arguments, **named)
            if ext4_stick.mount.is_mount():
                subprocess.run(["umount", "-l", ext4_stick.mount], check=True)
            return found

        return call

    if when == "while-others-are-checked":
        original = check_capacity
        monkeypatch.setattr("lockstick.cli.sticks.check_capacity", pulled_after(original))
        result = write(box, other, ext4_stick.mount, "--check-capacity", "--json")
        assert result.code == 6
        assert "was removed" in result.json()["sticks"][1]["error"]["what"]
    else:
        monkeypatch.setattr(writing, "write_consignment", pulled_after(writing.write_consignment))
        result = write(box, ext4_stick.mount, other, "--json", "--eject")
        gone = result.json()["sticks"][0]
        assert gone["outcome"] == "verified"
        assert gone["receipt"] is None
        assert not gone["ejected"]
        assert "removed-early" in [one["check"] for one in gone["remarks"]]
        assert gone["name"] is not None, "this machine knows of it all the same"
    assert list(ext4_stick.mount.iterdir()) == [], "nothing is put where the stick was"
