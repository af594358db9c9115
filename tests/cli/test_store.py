"""Verified bytes kept on this machine: nothing is fetched twice, nothing is believed, nobody is in the way."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lockstick.sandbox import Drip, Drop, Fault, Package, Sandbox, SandboxOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.conftest import Result, Runner
    from lockstick.sandbox import LoggedRequest

needs_posix = pytest.mark.skipif(os.name != "posix", reason="about owners, modes and links of POSIX")
needs_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mounts a file system, or gives files away"
)
MIB = 1 << 20


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def make(lockstick: Runner, cloud: Sandbox, store: Path) -> Runner:
    """Build a lockbox into a folder by way of the store."""

    def invoke(output: Path, *more: str | Path, lockbox: str = "kiosk") -> Result:
        options = ("--attempts", "2", "--timeout", "0.5")
        account = ("--credentials", cloud.credentials_path)
        where = () if "--store" in more else ("--store", store)
        return lockstick("build", lockbox, *account, "--output", output, *where, *options, *more)

    return invoke


def fetched(cloud: Sandbox) -> list[str]:
    return [request.path for request in cloud.requests.matching(origin="store") if request.method == "GET"]


def entries(store: Path) -> list[Path]:
    return sorted(path for path in (store / "sha256").rglob("*") if path.is_file())


def entry_of(store: Path, file: Path) -> Path:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return store / "sha256" / digest[:2] / digest


def images(output: Path) -> dict[str, bytes]:
    return {
        path.relative_to(output / "images").as_posix(): path.read_bytes()
        for path in (output / "images").rglob("*")
        if path.is_file()
    }


def total(result: Result) -> int:
    return sum(package["length"] for package in result.json()["verify"]["packages"])


# --- never twice -------------------------------------------------------------------------------


def test_the_second_stick_fetches_nothing(make: Runner, cloud: Sandbox, tmp_path: Path, store: Path) -> None:
    first = make(tmp_path / "one", "--json")
    assert first.code == 0
    assert (first.json()["fetched"], first.json()["stored"]) == (total(first), 0)
    cloud.requests.clear()
    second = make(tmp_path / "two", "--json")
    assert second.code == 0
    assert (second.json()["fetched"], second.json()["stored"], second.json()["reused"]) == (0, total(second), 0)
    assert fetched(cloud) == []
    assert images(tmp_path / "two") == images(tmp_path / "one")
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == ["images", "metadata"]
    assert "from this machine's store" in make(tmp_path / "three").out
    assert not list((store / "partial").iterdir())
    assert not list((store / "sessions").iterdir())


def test_a_second_lockbox_that_shares_packages_fetches_the_others_only(
    make: Runner, cloud: Sandbox, tmp_path: Path
) -> None:
    cloud.define_lockbox("half", ["firmware-1.0.bin", "maps-2026.09.bin"])
    assert make(tmp_path / "half", lockbox="half").code == 0
    cloud.requests.clear()
    assert make(tmp_path / "out").code == 0
    assert len(fetched(cloud)) == 2


def test_a_lockbox_that_was_only_signed_afresh_fetches_nothing(
    make: Runner, cloud: Sandbox, tmp_path: Path, lockstick: Runner
) -> None:
    assert make(tmp_path / "one").code == 0
    cloud.define_lockbox("kiosk")
    cloud.requests.clear()
    result = make(tmp_path / "two", "--json")
    assert result.json()["verify"]["lockbox"]["version"] == 2
    assert fetched(cloud) == []
    assert lockstick("verify", tmp_path / "two", "--tofu").code == 0


def test_an_older_lockbox_gives_way_to_one_out_of_the_store(make: Runner, cloud: Sandbox, tmp_path: Path) -> None:
    cloud.define_lockbox("half", ["firmware-1.0.bin", "maps-2026.09.bin"])
    assert make(tmp_path / "kept").code == 0
    assert make(tmp_path / "out", lockbox="half").code == 0
    cloud.requests.clear()
    assert make(tmp_path / "out").code == 0
    assert fetched(cloud) == []
    assert images(tmp_path / "out") == images(tmp_path / "kept")


def test_two_packages_with_the_same_bytes_are_fetched_once(make: Runner, cloud: Sandbox, tmp_path: Path) -> None:
    same = b"the same bytes under two names" * 999
    for name in ("left", "right"):
        cloud.add_package(Package(name=name, version="1", hardware_ids=(f"{name}-wing",), content=same))
    cloud.define_lockbox("wings", ["left-1", "right-1"])
    cloud.requests.clear()
    result = make(tmp_path / "out", "--json", lockbox="wings")
    assert result.code == 0
    assert len(fetched(cloud)) == 1
    assert images(tmp_path / "out") == {"left-1": same, "right-1": same}
    assert (result.json()["fetched"], result.json()["stored"]) == (len(same), len(same))


def test_a_download_that_broke_off_is_continued_for_another_output(
    make: Runner, cloud: Sandbox, tmp_path: Path, store: Path
) -> None:
    cloud.define_lockbox("one", ["firmware-1.0.bin"])
    cloud.faults.add(Fault(kind=Drop(after=600_000), origin="store"))
    cloud.faults.add(Fault(kind=Drop(), origin="store", times=None))
    assert make(tmp_path / "first", lockbox="one").code == 5
    cloud.faults.clear()
    assert sorted(path.suffix for path in (store / "partial").iterdir()) == [".journal", ".part"]
    cloud.requests.clear()
    result = make(tmp_path / "second", "--json", lockbox="one")
    assert result.code == 0
    assert result.json()["reused"] > 0
    assert result.json()["fetched"] + result.json()["reused"] == total(result)


def test_no_store_is_no_store(make: Runner, cloud: Sandbox, tmp_path: Path) -> None:
    assert make(tmp_path / "one", "--store", "none").code == 0
    cloud.requests.clear()
    assert make(tmp_path / "two", "--store", "none").code == 0
    assert len(fetched(cloud)) == 4
    assert not list(Path(os.environ["HOME"]).rglob("lockstick-store.json"))


@needs_posix
@pytest.mark.parametrize("loss", ["built without a store", "pruned since"])
def test_what_lies_in_the_output_is_taken_into_the_store_where_bytes_can_be_shared(
    make: Runner, cloud: Sandbox, store: Path, lockstick: Runner, loss: str
) -> None:
    tmp_path = store.parent
    if loss == "pruned since":
        assert make(tmp_path / "one").code == 0
        assert lockstick("store", "prune", "--limit", "0", "--store", store).code == 0
    else:
        assert make(tmp_path / "one", "--store", "none").code == 0
    cloud.requests.clear()
    assert make(tmp_path / "one").code == 0
    assert make(tmp_path / "two").code == 0
    assert fetched(cloud) == []
    assert images(tmp_path / "two") == images(tmp_path / "one")
    assert not list((store / "partial").iterdir())


def test_what_lies_on_a_stick_is_not_copied_into_the_store(make: Runner, store: Path, small_disk: Path) -> None:
    assert make(small_disk / "out", "--store", "none").code == 0
    assert make(small_disk / "out").code == 0
    assert entries(store) == []


def test_by_default_the_store_is_in_the_users_cache(make: Runner, lockstick: Runner, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = make(out, "--store", "")
    assert made.code == 0
    (marker,) = Path(os.environ["HOME"]).rglob("lockstick-store.json")
    assert lockstick("store", "list", "--json").json()["store"] == str(marker.parent)


def test_the_dry_run_says_what_the_store_has_and_makes_none(make: Runner, tmp_path: Path, store: Path) -> None:
    plan = make(tmp_path / "out", "--dry-run", "--json")
    assert plan.code == 0
    assert plan.json()["bytes_stored"] == 0
    assert not store.exists()
    assert make(tmp_path / "out").code == 0
    plan = make(tmp_path / "other", "--dry-run", "--json")
    assert plan.json()["bytes_missing"] == 0
    assert plan.json()["bytes_stored"] == sum(package["length"] for package in plan.json()["packages"])
    assert {package["stored"] for package in plan.json()["packages"]} == {True}
    assert not (tmp_path / "other").exists()
    assert "in this machine's store" in make(tmp_path / "other", "--dry-run").out


# --- never believed ----------------------------------------------------------------------------


def damage(entry: Path) -> None:
    data = bytearray(entry.read_bytes())
    data[len(data) // 2] ^= 1
    entry.chmod(0o644)
    entry.write_bytes(data)


@pytest.mark.parametrize("way", ["link", "copy"])
def test_a_damaged_entry_is_noticed_and_fetched_again_alone(
    make: Runner, cloud: Sandbox, tmp_path: Path, store: Path, lockstick: Runner, *, way: str, request: Any
) -> None:
    assert make(tmp_path / "one").code == 0
    sound = images(tmp_path / "one")
    victim = entry_of(store, tmp_path / "one" / "images" / "maps-2026.09.bin")
    shutil.rmtree(tmp_path / "one")
    damage(victim)
    out = (request.getfixturevalue("small_disk") if way == "copy" else tmp_path) / "two"
    cloud.requests.clear()
    result = make(out)
    assert result.code == 0
    assert "damaged" in result.err
    assert "maps-2026.09.bin" in result.err
    assert len(fetched(cloud)) == 1
    assert images(out) == sound
    assert lockstick("verify", out, "--tofu").code == 0
    cloud.requests.clear()
    assert make(tmp_path / "three").err == ""
    assert fetched(cloud) == []


@needs_posix
@pytest.mark.parametrize("planted", ["link", "dangling link", "folder", "pipe", "short file"])
def test_what_was_planted_in_place_of_an_entry_gives_way(
    make: Runner, cloud: Sandbox, tmp_path: Path, store: Path, planted: str
) -> None:
    assert make(tmp_path / "one").code == 0
    sound = images(tmp_path / "one")
    victim = entry_of(store, tmp_path / "one" / "images" / "maps-2026.09.bin")
    outside = tmp_path / "outside"
    outside.write_bytes(victim.read_bytes())
    victim.unlink()
    if planted == "link":
        victim.symlink_to(outside)
    elif planted == "dangling link":
        victim.symlink_to(tmp_path / "nowhere")
    elif planted == "folder":
        victim.mkdir()
        (victim / "file").write_bytes(b"x")
    elif planted == "pipe":
        os.mkfifo(victim)
    else:
        victim.write_bytes(b"short")
    cloud.requests.clear()
    assert make(tmp_path / "two").code == 0
    assert len(fetched(cloud)) == 1
    assert images(tmp_path / "two") == sound
    assert not victim.is_symlink()
    assert victim.is_file()
    assert outside.read_bytes() == victim.read_bytes()
    assert not (tmp_path / "nowhere").exists()


@needs_posix
def test_nothing_is_written_through_links_inside_the_store(
    make: Runner, cloud: Sandbox, tmp_path: Path, store: Path
) -> None:
    assert make(tmp_path / "one").code == 0
    victim = entry_of(store, tmp_path / "one" / "images" / "maps-2026.09.bin")
    outside = tmp_path / "outside"
    outside.mkdir()
    for folder in (victim.parent, store / "partial", store / "sessions"):
        shutil.rmtree(folder)
        folder.symlink_to(outside)
    part = store / "partial" / f"{victim.name}.part"
    cloud.requests.clear()
    assert make(tmp_path / "two").code == 0
    assert len(fetched(cloud)) >= 1
    assert list(outside.iterdir()) == []
    assert not part.exists()


@needs_posix
def test_a_link_in_place_of_an_unfinished_download_is_not_followed(
    make: Runner, tmp_path: Path, store: Path, cloud: Sandbox
) -> None:
    assert make(tmp_path / "one").code == 0
    victim = entry_of(store, tmp_path / "one" / "images" / "maps-2026.09.bin")
    victim.unlink()
    outside = tmp_path / "outside"
    outside.write_bytes(b"somebody's work")
    (store / "partial" / f"{victim.name}.part").symlink_to(outside)
    assert make(tmp_path / "two").code == 0
    assert outside.read_bytes() == b"somebody's work"


@needs_posix
def test_the_store_is_for_its_user_alone(make: Runner, tmp_path: Path, store: Path) -> None:
    store.mkdir(mode=0o777)
    store.chmod(0o777)
    assert make(tmp_path / "out").code == 0
    assert stat.S_IMODE(store.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in store.iterdir() if path.is_dir()} == {0o700}


@needs_posix
def test_entries_are_read_only_and_outputs_are_not(make: Runner, tmp_path: Path, store: Path, small_disk: Path) -> None:
    """Who copies an output to a stick, and later a newer one over it, must be able to."""
    assert make(small_disk / "out").code == 0
    assert {stat.S_IMODE(path.stat().st_mode) for path in entries(store)} == {0o444}
    usual = stat.S_IMODE((small_disk / "out" / "metadata" / "director" / "kiosk.json").stat().st_mode)
    assert make(tmp_path / "out").code == 0
    for output in (small_disk / "out", tmp_path / "out"):
        modes = {stat.S_IMODE(path.stat().st_mode) for path in (output / "images").rglob("*") if path.is_file()}
        assert modes == {usual}


# --- shared, or not ----------------------------------------------------------------------------


@needs_posix
def test_on_one_file_system_the_output_takes_no_room_of_its_own(make: Runner, tmp_path: Path, store: Path) -> None:
    assert make(tmp_path / "one").code == 0
    assert make(tmp_path / "two").code == 0
    for output in ("one", "two"):
        for file in (tmp_path / output / "images").rglob("*"):
            if file.is_file():
                entry = entry_of(store, file)
                is_clone = stat.S_IMODE(entry.stat().st_mode) == 0o444
                assert file.samefile(entry) or is_clone


def test_on_another_file_system_the_output_has_bytes_of_its_own(
    make: Runner, tmp_path: Path, store: Path, small_disk: Path, lockstick: Runner
) -> None:
    assert make(tmp_path / "one").code == 0
    assert make(small_disk / "two").code == 0
    assert images(small_disk / "two") == images(tmp_path / "one")
    for file in (small_disk / "two" / "images").rglob("*"):
        assert not file.is_file() or file.stat().st_nlink == 1
    assert {path.stat().st_nlink for path in entries(store)} <= {1, 2}
    assert lockstick("verify", small_disk / "two", "--tofu").code == 0


def test_a_file_edited_in_the_output_costs_a_fetch_and_nothing_else(
    make: Runner, cloud: Sandbox, tmp_path: Path
) -> None:
    assert make(tmp_path / "one").code == 0
    sound = images(tmp_path / "one")
    victim = tmp_path / "one" / "images" / "maps-2026.09.bin"
    damage(victim)
    cloud.requests.clear()
    assert make(tmp_path / "two").code == 0
    assert len(fetched(cloud)) <= 1  # none where the output is a clone
    assert images(tmp_path / "two") == sound
    assert make(tmp_path / "one").code == 0
    assert images(tmp_path / "one") == sound


def test_a_place_that_cannot_be_taken_ends_the_build_and_what_was_fetched_is_kept(
    make: Runner, cloud: Sandbox, tmp_path: Path
) -> None:
    blocked = tmp_path / "out" / "images" / "maps-2026.09.bin"
    (blocked / "somebody's work").mkdir(parents=True)
    result = make(tmp_path / "out")
    assert result.code == 6
    assert "maps-2026.09.bin" in result.err
    assert not (tmp_path / "out" / "metadata").exists()
    (blocked / "somebody's work").rmdir()
    blocked.rmdir()
    cloud.requests.clear()
    again = make(tmp_path / "out", "--json")
    assert again.code == 0
    assert not [path for path in fetched(cloud) if "maps" in path]


def test_the_progress_of_a_build_out_of_the_store_adds_up(make: Runner, tmp_path: Path, small_disk: Path) -> None:
    assert make(tmp_path / "one").code == 0
    lines = [json.loads(line) for line in make(small_disk / "two", "--progress", "json").err.splitlines()]
    starts = [index for index, line in enumerate(lines) if (line["event"], line.get("phase")) == ("phase", "hashing")]
    phase = lines[starts[-1] :]
    done = sum(line.get("count", 0) for line in phase) + sum(line.get("offset", 0) for line in phase)
    assert done == phase[0]["total_bytes"] > 0
    assert phase[0]["files"] == len([line for line in phase if line["event"] == "done"])


# --- where the store is no help ----------------------------------------------------------------


def test_a_store_that_cannot_be_written_is_no_reason_not_to_build(
    make: Runner, cloud: Sandbox, tmp_path: Path, small_disk: Path
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    result = make(tmp_path / "out", "--store", small_disk / "store")
    assert result.code == 0
    assert "The store is not used" in result.err
    assert "read-only" in result.err
    assert len(fetched(cloud)) == 4


@needs_root
def test_a_store_of_somebody_else_is_not_used(make: Runner, tmp_path: Path, store: Path, lockstick: Runner) -> None:
    store.mkdir()
    os.chown(store, 12345, 12345)
    result = make(tmp_path / "out")
    assert result.code == 0
    assert "belongs to another user" in result.err
    assert list(store.iterdir()) == []
    assert lockstick("store", "verify", "--store", store).code == 6


def test_a_store_of_a_later_version_is_not_used(make: Runner, tmp_path: Path, store: Path, lockstick: Runner) -> None:
    store.mkdir()
    (store / "lockstick-store.json").write_text('{"format": 2}')
    result = make(tmp_path / "out")
    assert result.code == 0
    assert "format" in result.err
    assert lockstick("store", "prune", "--store", store).code == 6


@pytest.mark.parametrize("what", ["a folder with other things", "a file"])
def test_what_is_no_store_does_not_become_one(
    make: Runner, tmp_path: Path, store: Path, lockstick: Runner, what: str
) -> None:
    if what == "a file":
        store.write_text("work")
    else:
        store.mkdir()
        (store / "thesis.txt").write_text("work")
    assert make(tmp_path / "out").code == 2
    assert not (tmp_path / "out").exists()
    assert lockstick("store", "prune", "--limit", "0", "--store", store).code == 2
    assert (store if what == "a file" else store / "thesis.txt").read_text() == "work"


def test_a_store_without_room_is_passed_by(make: Runner, cloud: Sandbox, tmp_path: Path, small_disk: Path) -> None:
    cloud.add_package(Package(name="large", version="1", hardware_ids=("large-board",), size=9 * MIB))
    cloud.define_lockbox("kiosk")
    result = make(tmp_path / "out", "--store", small_disk / "store")
    assert result.code == 0
    assert "no room in the store" in result.err
    assert len(images(tmp_path / "out")) == 5
    assert not entries(small_disk / "store")


def test_an_output_without_room_is_refused_before_the_first_byte(
    make: Runner, cloud: Sandbox, tmp_path: Path, store: Path, small_disk: Path
) -> None:
    cloud.add_package(Package(name="large", version="1", hardware_ids=("large-board",), size=9 * MIB))
    cloud.define_lockbox("kiosk")
    result = make(small_disk / "out")
    assert result.code == 6
    assert str(small_disk / "out") in result.err
    assert fetched(cloud) == []
    assert make(tmp_path / "out").code == 0
    assert make(small_disk / "out").code == 6
    assert make(small_disk / "out", "--dry-run").code == 6


def fill_up(folder: Path) -> None:
    """Write until not even one more byte has room: a large file, and small ones in what it left."""
    folder.mkdir()
    for number in range(100_000):
        try:
            with (folder / str(number)).open("wb", buffering=0) as file:
                while file.write(bytes(4096 if number == 0 else 1)) and number == 0:
                    pass
        except OSError:
            if number:
                return


def test_a_store_on_a_disk_that_is_full_is_passed_by(
    make: Runner, cloud: Sandbox, tmp_path: Path, small_disk: Path
) -> None:
    store = small_disk / "store"
    assert make(tmp_path / "one", "--store", store).code == 0
    fill_up(small_disk / "other")
    result = make(tmp_path / "two", "--store", store)
    assert result.code == 0
    assert "The store is not used" in result.err
    assert "the disk is full" in result.err
    shutil.rmtree(small_disk / "other")
    cloud.requests.clear()
    assert make(tmp_path / "three", "--store", store).code == 0
    assert fetched(cloud) == []


# --- several at once ---------------------------------------------------------------------------


def start(cloud: Sandbox, output: Path, store: Path, lockbox: str = "kiosk") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "lockstick", "build", lockbox, "--credentials", str(cloud.credentials_path)]
    command += ["--output", str(output), "--store", str(store)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_builds_at_once_fetch_every_package_once(
    cloud: Sandbox, tmp_path: Path, store: Path, lockstick: Runner
) -> None:
    cloud.faults.add(Fault(kind=Drip(size=128 * 1024, pause=0.1), origin="store", times=None))
    running = [start(cloud, tmp_path / f"out{number}", store) for number in range(3)]
    said = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    assert len(fetched(cloud)) == 4
    for number in range(3):
        assert lockstick("verify", tmp_path / f"out{number}", "--tofu").code == 0


def test_who_waits_takes_over_when_the_other_dies(cloud: Sandbox, tmp_path: Path, store: Path) -> None:
    cloud.define_lockbox("one", ["firmware-1.0.bin"])
    cloud.faults.add(Fault(kind=Drip(size=64 * 1024, pause=0.2), origin="store", times=1))
    first = start(cloud, tmp_path / "first", store, "one")
    assert cloud.requests.wait_for(lambda asked: any(one.origin == "store" and one.sent for one in asked), timeout=30)
    second = start(cloud, tmp_path / "second", store, "one")
    assert second.stderr is not None
    assert "waiting" in second.stderr.readline()
    first.kill()
    first.communicate()
    _, said = second.communicate(timeout=60)
    assert second.returncode == 0, said
    assert len(images(tmp_path / "second")) == 1


def test_what_a_running_build_uses_is_not_pruned(
    cloud: Sandbox, tmp_path: Path, store: Path, make: Runner, lockstick: Runner
) -> None:
    cloud.define_lockbox("one", ["firmware-1.0.bin"])
    assert make(tmp_path / "before", lockbox="one").code == 0
    cloud.faults.add(Fault(kind=Drip(size=32 * 1024, pause=0.2), origin="store", times=None))
    with start(cloud, tmp_path / "out", store) as running:
        cloud.requests.clear()
        assert cloud.requests.wait_for(
            lambda asked: any(one.origin == "store" and one.sent for one in asked), timeout=30
        )
        pruned = lockstick("store", "prune", "--limit", "0", "--store", store, "--json").json()
        assert pruned["removed"] == []
        assert pruned["bytes_in_use"] >= MIB
        cloud.faults.clear()
        _, said = running.communicate(timeout=60)
    assert running.returncode == 0, said
    assert lockstick("store", "prune", "--limit", "0", "--store", store, "--json").json()["bytes_kept"] == 0
    assert entries(store) == []
    assert list((store / "partial").iterdir()) == []


# --- killed ------------------------------------------------------------------------------------


@pytest.fixture
def slow_cloud(tmp_path: Path) -> Iterator[Sandbox]:
    options = SandboxOptions(package_size=192 * 1024, bulk_count=12, bulk_size=192 * 1024)
    with Sandbox.start(tmp_path / "slow-cloud", options=options) as running:
        running.define_lockbox("kiosk")
        running.faults.add(Fault(kind=Drip(size=32 * 1024, pause=0.1), origin="store", times=None))
        yield running


@pytest.mark.slow
def test_a_killed_build_leaves_whole_entries_and_never_fetches_one_again(
    slow_cloud: Sandbox, tmp_path: Path, store: Path, lockstick: Runner
) -> None:
    chance = random.Random(4)
    killed = kept = 0
    for number in range(200):
        if killed == 12:
            break
        before = {path.name for path in entries(store)} if store.exists() else set()
        asked = len(slow_cloud.requests.all())
        moment = chance.randrange(64 * 1024, 3 * MIB)

        def is_time(log: list[LoggedRequest], asked: int = asked, moment: int = moment) -> bool:
            return sum(one.sent for one in log[asked:] if one.origin == "store") >= moment

        # Another output each time: what was fetched is found again all the same.
        with start(slow_cloud, tmp_path / f"out{number}", store) as process:
            while process.poll() is None:
                if slow_cloud.requests.wait_for(is_time, timeout=0.2):
                    time.sleep(chance.uniform(0, 0.4))  # small files get their names several at a time
                    process.kill()
                    break
            killed += process.wait() != 0
        whole = entries(store)
        for path in whole:
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
        kept += len({path.name for path in whole} - before)
        again = {one.path for one in slow_cloud.requests.all()[asked:] if one.origin == "store"}
        assert not {path for path in again if path.rsplit("/", 1)[-1] in before}
        if len(whole) == 16:
            shutil.rmtree(store)
    assert killed == 12
    assert kept > 0
    with start(slow_cloud, tmp_path / "last", store) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert lockstick("verify", tmp_path / "last", "--tofu").code == 0
    assert lockstick("store", "verify", "--store", store).code == 0
    assert len(list((store / "sessions").iterdir())) == 0


# --- the store's own commands ------------------------------------------------------------------


def test_the_list_says_what_is_there(make: Runner, lockstick: Runner, tmp_path: Path, store: Path) -> None:
    assert lockstick("store", "list", "--store", store, "--json").json()["entries"] == []
    assert not store.exists()
    assert make(tmp_path / "out").code == 0
    listed = lockstick("store", "list", "--store", store, "--json").json()
    by_name = {name: entry for entry in listed["entries"] for name in entry["names"]}
    assert by_name.keys() == images(tmp_path / "out").keys()
    for name, data in images(tmp_path / "out").items():
        assert by_name[name]["digest"] == hashlib.sha256(data).hexdigest()
        assert by_name[name]["length"] == len(data)
        assert by_name[name]["complete"] is True
    assert listed["bytes"] == sum(map(len, images(tmp_path / "out").values()))
    assert "maps-2026.09.bin" in lockstick("store", "list", "--store", store).out


def test_names_in_the_list_cannot_move_the_cursor(make: Runner, lockstick: Runner, tmp_path: Path, store: Path) -> None:
    assert make(tmp_path / "out").code == 0
    index = store / "index.json"
    index.write_text(index.read_text().replace("maps-2026.09.bin", "maps\\u001b[2J"))
    assert "\x1b" not in lockstick("store", "list", "--store", store).out


@pytest.mark.parametrize(
    "text", ["", "[]", '{"format": 1, "entries": 7}', '{"format": 1, "entries": {"x": 1}}', "{" * 9000]
)
def test_an_index_that_cannot_be_read_is_only_a_loss_of_names(
    make: Runner, lockstick: Runner, tmp_path: Path, store: Path, text: str
) -> None:
    assert make(tmp_path / "out").code == 0
    (store / "index.json").write_text(text)
    assert len(lockstick("store", "list", "--store", store, "--json").json()["entries"]) == 4
    assert make(tmp_path / "two").code == 0


def test_the_path_of_an_entry_is_proven_first(make: Runner, lockstick: Runner, tmp_path: Path, store: Path) -> None:
    assert make(tmp_path / "out").code == 0
    entry = entry_of(store, tmp_path / "out" / "images" / "maps-2026.09.bin")
    assert lockstick("store", "path", entry.name, "--store", store).out.strip() == str(entry)
    assert lockstick("store", "path", entry.name[:10].upper(), "--store", store, "--json").json() == {
        "digest": entry.name,
        "path": str(entry),
        "length": entry.stat().st_size,
    }
    damage(entry)
    assert lockstick("store", "path", entry.name, "--store", store).code == 6
    assert lockstick("store", "path", entry.name, "--store", store).code == 8
    assert not entry.exists()


@pytest.mark.parametrize(("digest", "code"), [("0" * 64, 8), ("0" * 8, 8), ("0" * 7, 2), ("x" * 64, 2), ("0" * 65, 2)])
def test_what_is_no_digest_of_an_entry(lockstick: Runner, store: Path, digest: str, code: int) -> None:
    assert lockstick("store", "path", digest, "--store", store).code == code


def test_verify_finds_and_removes_what_is_damaged(make: Runner, lockstick: Runner, tmp_path: Path, store: Path) -> None:
    assert make(tmp_path / "out").code == 0
    sound = lockstick("store", "verify", "--store", store, "--json")
    assert sound.code == 0
    assert sound.json()["sound"] == 4
    assert sound.json()["bytes_hashed"] == sum(map(len, images(tmp_path / "out").values()))
    victim = entry_of(store, tmp_path / "out" / "images" / "maps-2026.09.bin")
    damage(victim)
    found = lockstick("store", "verify", "--store", store, "--json")
    assert found.code == 6
    assert [entry["digest"] for entry in found.json()["damaged"]] == [victim.name]
    assert not victim.exists()
    assert lockstick("store", "verify", "--store", store).code == 0


def test_pruning_removes_what_was_not_used_for_the_longest_time(
    make: Runner, lockstick: Runner, tmp_path: Path, store: Path, cloud: Sandbox
) -> None:
    for lockbox, target in (("old", "maps-2026.09.bin"), ("new", "firmware-1.0.bin")):
        cloud.define_lockbox(lockbox, [target])
        assert make(tmp_path / lockbox, lockbox=lockbox).code == 0
        time.sleep(0.01)
    would = lockstick("store", "prune", "--limit", "1.2MB", "--dry-run", "--store", store, "--json").json()
    assert [entry["names"] for entry in would["removed"]] == [["maps-2026.09.bin"]]
    assert len(entries(store)) == 2
    done = lockstick("store", "prune", "--limit", "1.2MB", "--store", store)
    assert "maps-2026.09.bin" in done.out
    assert [path.stat().st_size for path in entries(store)] == [MIB]
    assert lockstick("store", "prune", "--limit", "1.2MB", "--store", store, "--json").json()["removed"] == []


def test_pruning_by_age(make: Runner, lockstick: Runner, tmp_path: Path, store: Path) -> None:
    assert make(tmp_path / "out").code == 0
    assert lockstick("store", "prune", "--max-age", "1", "--store", store, "--json").json()["removed"] == []
    assert len(lockstick("store", "prune", "--max-age", "0", "--store", store, "--json").json()["removed"]) == 4
    assert entries(store) == []


def test_a_build_keeps_the_store_within_its_limit_but_never_prunes_what_it_used(
    make: Runner, tmp_path: Path, store: Path, cloud: Sandbox
) -> None:
    cloud.define_lockbox("one", ["firmware-1.0.bin"])
    cloud.define_lockbox("two", ["maps-2026.09.bin"])
    assert make(tmp_path / "one", "--store-limit", "10 kB", lockbox="one").err == ""
    assert [path.stat().st_size for path in entries(store)] == [MIB]
    result = make(tmp_path / "two", "--store-limit", "10 kB", lockbox="two")
    assert result.code == 0
    assert "removed from the store" in result.err
    assert [path.stat().st_size for path in entries(store)] == [300_000]
    assert len(images(tmp_path / "one")) == 1


@pytest.mark.parametrize("size", ["much", "-1", "1 XB", ""])
def test_what_is_no_size_is_refused(lockstick: Runner, store: Path, size: str) -> None:
    assert lockstick("store", "prune", "--limit", size, "--store", store).code == 2


def test_no_store_is_nothing_to_look_at(lockstick: Runner) -> None:
    assert lockstick("store", "list", "--store", "none").code == 2
