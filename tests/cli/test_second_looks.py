"""What a user is told who named the wrong folder, an old lockbox, or a zip file."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

from lockstick.cli.console import Console
from lockstick.cli.progress import observer_for
from lockstick.lockbox import build as building
from lockstick.sandbox import Drop, Fault, Package, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Runner

MIB = 1 << 20


# --- what a build replaces, and by whose roots it judged ---------------------------------------


def test_a_build_names_the_lockbox_that_it_replaces(build: Runner, cloud: Sandbox) -> None:
    assert build("--json").json()["replaced"] is None
    assert build("--json").json()["replaced"] is None
    cloud.define_lockbox("line-b", ["maps-2026.09.bin"])
    planned = build("--dry-run", lockbox="line-b")
    assert "replaces lockbox kiosk (version 1)" in planned.out
    assert build("--dry-run", "--json", lockbox="line-b").json()["replaces"] == {"name": "kiosk", "version": 1}
    assert "replaced lockbox kiosk (version 1)" in build(lockbox="line-b").out
    cloud.define_lockbox("line-b")
    assert build("--json", lockbox="line-b").json()["replaced"] == {"name": "line-b", "version": 1}


def test_a_build_says_by_whose_roots_it_judged(build: Runner, cloud: Sandbox, roots: Path) -> None:
    assert f"judged by the roots in {cloud.credentials_path}" in build().out
    assert f"judged by the roots in {roots}" in build("--trust", roots).out


def test_a_verbose_build_lists_the_packages(build: Runner) -> None:
    assert "maps-2026.09.bin" not in build().out
    assert "maps-2026.09.bin · 300.0 kB" in build("--verbose").out


def test_a_dry_run_after_an_interruption_says_what_is_there_in_part(build: Runner, cloud: Sandbox) -> None:
    cloud.add_package(Package(name="large", version="1", hardware_ids=("large-board",), size=4 * MIB))
    cloud.define_lockbox("kiosk", ["large-1"])
    cloud.faults.add(Fault(kind=Drop(after=MIB), origin="store", times=None))
    assert build("--attempts", "1").code == 5
    plan = build("--dry-run", "--json").json()
    assert plan["bytes_missing"] == 4 * MIB
    assert 0 < plan["bytes_partial"] < 4 * MIB
    assert "in part, from an interrupted build" in build("--dry-run").out


def test_what_does_not_fit_is_refused_in_the_dry_run_as_in_the_build(
    build: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for call in (building.plan_build, building.build):
        assert call.__kwdefaults__ is not None
        monkeypatch.setitem(call.__kwdefaults__, "free_bytes", lambda _folder: 1_000_000)
    for more in (("--dry-run",), ()):
        result = build(*more)
        assert result.code == 6
        assert f"not enough room in {tmp_path / 'out'}\n" in result.err
        assert "2.0 MB are still to be written and 1.0 MB are free" in result.err


# --- the wrong folder --------------------------------------------------------------------------


def test_an_unfinished_build_is_called_so(build: Runner, cloud: Sandbox, lockstick: Runner, tmp_path: Path) -> None:
    cloud.faults.add(Fault(kind=Drop(after=0), origin="store", times=None))
    assert build().code == 5
    result = lockstick("verify", tmp_path / "out")
    assert result.code == 8
    assert f"an unfinished build or write is in {tmp_path / 'out'}" in result.err


def test_a_lockbox_one_folder_further_down_is_proposed(lockstick: Runner, tmp_path: Path) -> None:
    for name in "abcd":
        (tmp_path / "sticks" / name / "metadata").mkdir(parents=True)
    result = lockstick("verify", tmp_path / "sticks")
    assert result.code == 8
    stick = tmp_path / "sticks"
    assert f"Did you mean {stick / 'a'} or {stick / 'b'} or {stick / 'c'}?" in result.err


def test_the_folder_on_the_stick_is_proposed_as_output(
    build: Runner, cloud: Sandbox, lockstick: Runner, tmp_path: Path
) -> None:
    assert build().code == 0
    (tmp_path / "stick").mkdir()
    shutil.move(tmp_path / "out", tmp_path / "stick" / "update")
    result = lockstick("build", "kiosk", "--credentials", cloud.credentials_path, "--output", tmp_path / "stick")
    assert result.code == 2
    assert f"Did you mean {tmp_path / 'stick' / 'update'}?" in result.err


# --- roots -------------------------------------------------------------------------------------


def zip_of(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("_", "."), data)
    return path


def test_the_roots_in_a_credentials_zip_can_be_trusted_directly(
    build: Runner, cloud: Sandbox, lockstick: Runner, tmp_path: Path
) -> None:
    assert build().code == 0
    result = lockstick("verify", tmp_path / "out", "--trust", cloud.credentials_path, "--json")
    assert result.code == 0
    assert result.json()["anchor"]["source"] == "file"


def test_a_zip_without_roots_is_told_which_are_missing(lockstick: Runner, roots: Path, tmp_path: Path) -> None:
    none = zip_of(tmp_path / "none.zip", readme_txt=b"nothing")
    result = lockstick("trust", "add", "plant", "--from", none)
    assert result.code == 8
    assert "neither director.root.json nor root.json" in result.err
    half = zip_of(tmp_path / "half.zip", root_json=(roots / "image-root.json").read_bytes())
    result = lockstick("trust", "add", "plant", "--from", half)
    assert result.code == 2
    assert "missing: director-root.json" in result.err


def test_a_lockbox_cannot_vouch_for_itself(build: Runner, lockstick: Runner, tmp_path: Path) -> None:
    assert build().code == 0
    result = lockstick("trust", "add", "plant", "--from", tmp_path / "out")
    assert result.code == 2
    assert "cannot vouch for itself" in result.err


@pytest.mark.parametrize(
    ("name", "proposed"), [("Werk Süd", "Werk-Sud"), ("a/b", "a-b"), ("../x", "x"), ("con", "plant"), ("", "plant")]
)
def test_a_bad_name_is_answered_with_a_good_one(lockstick: Runner, roots: Path, name: str, proposed: str) -> None:
    result = lockstick("trust", "add", name, "--from", roots)
    assert result.code == 2
    assert f"Call them {proposed!r}" in result.err
    result = lockstick("trust", "add", proposed, "--from", roots)
    assert result.code == 0
    assert "Stored: this machine now believes these roots." in result.err


# --- the network -------------------------------------------------------------------------------


def test_a_server_that_cannot_be_reached_is_named(build: Runner, cloud: Sandbox) -> None:
    cloud.stop()
    result = build()
    assert result.code == 5
    assert f"cannot reach {cloud.api_url}: " in result.err


@pytest.mark.parametrize(
    ("delay", "words"), [(0.01, "at once"), (0.2, "in 0.2 s"), (9.96, "in 10 s"), (31.4, "in 31 s")]
)
def test_a_pause_is_said_as_people_say_it(capsys: pytest.CaptureFixture[str], delay: float, words: str) -> None:
    with observer_for(Console(verbose=True)) as observer:
        observer.retrying("maps", attempt=2, delay=delay, reason="because")
    assert capsys.readouterr().err == f"maps: try 2 {words}: because\n"
