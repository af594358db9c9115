"""What goes into images, what does not fit, and that nothing half-done is left."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockstick.disk.tree import FolderTree
from lockstick.errors import MediaError, UsageError
from lockstick.lockbox.layout import find_lockbox
from lockstick.media.images import fat_fitting, packing, programs
from lockstick.media.images.contents import gather
from lockstick.media.images.forms import Wishes, form_of
from lockstick.media.images.opening import open_image
from lockstick.media.images.packing import pack, plan_pack
from media.images.ground import make_folder, needs, read_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.disk.tree import Tree

NEEDS = {"squashfs": ("mksquashfs",), "tar": (), "img": ("mkfs.fat", "mcopy")}


class Box:
    name, version = "line/../a b", 3


def approve(_: Tree) -> Box:
    return Box()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "stick" / "update").parent


def run(folder: Path, name: str, output: Path, *, prove: Callable[[Tree], Box] = approve, **wishes: object) -> Path:
    needs(*NEEDS[name])
    form = form_of(name, Wishes(**wishes))  # type: ignore[arg-type]
    plan = plan_pack(folder, form, output=output, force=False, prove=prove, free_bytes=lambda _: 1 << 40)
    outcome = pack(plan, form, prove=prove)
    assert outcome.size == outcome.plan.output.stat().st_size <= plan.room
    return outcome.plan.output


@pytest.mark.parametrize("name", NEEDS)
def test_an_image_holds_what_the_folder_holds(folder: Path, tmp_path: Path, name: str) -> None:
    with open_image(run(folder, name, tmp_path)) as tree:
        place = () if name == "squashfs" else ("update",)
        found = {key[len(place) :]: value for key, value in read_all(tree).items() if key != place}
        assert found == read_all(FolderTree(folder / "update"))


@pytest.mark.parametrize("name", NEEDS)
def test_one_lockbox_gives_one_image_wherever_and_whenever(folder: Path, tmp_path: Path, name: str) -> None:
    first = run(folder, name, tmp_path / "first").read_bytes()
    for path in sorted((folder / "update").rglob("*"), reverse=True):
        path.touch()
        if path.is_file():
            path.chmod(0o600)
            again = path.read_bytes()
            path.unlink()
            path.write_bytes(again)
    assert run(folder, name, tmp_path / "second").read_bytes() == first


def test_what_lies_beside_the_lockbox_stays_where_it_is(folder: Path, tmp_path: Path) -> None:
    (folder / "update" / "update-logs.db").write_bytes(b"logs")
    (folder / "update" / ".lockstick").mkdir()
    with open_image(run(folder, "tar", tmp_path / "made.tar.zst")) as tree:
        assert {entry.name for entry in tree.entries(("update",))} == {"images", "metadata"}


def test_an_image_is_called_after_the_lockbox_and_leads_nowhere(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert run(folder, "tar", tmp_path / "out").name == "line-..-a-b.tar.zst"


@pytest.mark.parametrize("name", NEEDS)
def test_what_is_not_proven_afterwards_gets_no_name(folder: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    asked = []

    def first_only(tree: Tree) -> Box:
        asked.append(tree.shown)
        if len(asked) > 1:
            raise MediaError("it is not what it was")
        return Box()

    with pytest.raises(MediaError, match="not what it was"):
        run(folder, name, tmp_path / "out", prove=first_only)
    assert list((tmp_path / "out").iterdir()) == []
    assert asked[1] != asked[0]


def test_whatever_ends_a_run_leaves_nothing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(packing, "_publish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run(folder, "tar", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_too_little_room_is_noticed_before_a_byte_is_written(folder: Path, tmp_path: Path) -> None:
    form = form_of("tar", Wishes())
    with pytest.raises(MediaError, match="not enough room"):
        plan_pack(folder, form, output=tmp_path / "out.tar", force=False, prove=approve, free_bytes=lambda _: 1 << 20)


@pytest.mark.parametrize("name", NEEDS)
def test_a_disk_that_fills_up_in_the_middle_is_said_and_left_as_it_was(
    folder: Path, small_disk: Path, name: str
) -> None:
    (folder / "update" / "images" / "large").write_bytes(random.Random(1).randbytes(12 << 20))
    before = sorted(small_disk.iterdir())
    with pytest.raises(MediaError) as caught:  # who is asked for the free room says too much
        run(folder, name, small_disk)
    assert caught.value.exit_code == 6
    assert sorted(small_disk.iterdir()) == before


def test_an_image_never_grows_inside_the_lockbox_itself(folder: Path) -> None:
    with pytest.raises(UsageError, match="lies in the lockbox"):
        run(folder, "tar", folder / "update" / "images" / "all.tar")


@pytest.mark.parametrize("program", ["mksquashfs", "mkfs.fat", "mcopy"])
@pytest.mark.parametrize(("platform", "word"), [("linux", "apt"), ("darwin", "brew"), ("win32", "wsl")])
def test_a_program_that_is_missing_is_named_with_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, program: str, platform: str, word: str
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    package = {"mksquashfs": "squashfs-tools", "mkfs.fat": "dosfstools", "mcopy": "mtools"}[program]
    with pytest.raises(MediaError) as caught:
        programs.find_program(program, package, platform=platform)
    assert program in caught.value.what
    assert word in caught.value.remedy
    assert "--format tar" in caught.value.remedy


def test_a_program_in_the_present_folder_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The present folder may be on a stranger's stick; Windows, and a PATH with a dot in it, look there first."""
    planted = tmp_path / ("mksquashfs.exe" if sys.platform == "win32" else "mksquashfs")
    planted.write_bytes(b"")
    planted.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(programs, "_ELSEWHERE", ())
    for path in ("", ".", f".{os.pathsep}{tmp_path / 'nothing'}"):
        monkeypatch.setenv("PATH", path)
        with pytest.raises(MediaError):
            programs.find_program("mksquashfs", "squashfs-tools")
    monkeypatch.setenv("PATH", f".{os.pathsep}{tmp_path}")
    assert Path(programs.find_program("mksquashfs", "squashfs-tools")).samefile(planted)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell is run")
def test_programs_are_not_told_passphrases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTICK_SIGN_PASSPHRASE", "secret")
    seen = tmp_path / "seen"
    programs.run_program(["/bin/sh", "-c", f"env > '{seen}'"], growing=seen, tick=lambda _: None)
    assert "secret" not in seen.read_text()
    assert "PATH=" in seen.read_text()


def test_mtools_write_into_no_other_file(folder: Path, tmp_path: Path) -> None:
    """Found by attack: in ``disk@@0/lockbox.img`` they wrote into the file ``disk``."""
    needs(*NEEDS["img"])
    other = tmp_path / "disk"
    other.write_bytes(bytes(20 << 20))
    subprocess.run([programs.find_program("mkfs.fat", "dosfstools"), other], check=True, capture_output=True)
    before = other.read_bytes()
    odd = tmp_path / "disk@@0"
    odd.mkdir()
    run(folder, "img", odd / "of@@2M.img")
    assert other.read_bytes() == before
    assert (odd / "of@@2M.img").is_file()
    form, contents = form_of("img", Wishes()), gather(find_lockbox(folder).tree)
    with pytest.raises(UsageError, match="no name that mtools"):
        form.write(contents, folder / "update", odd / "of@@2M", lambda _: None)


def test_what_a_program_says_when_it_fails_is_told(tmp_path: Path) -> None:
    needs("mkfs.fat")
    with pytest.raises(MediaError) as caught:
        programs.run_program(
            [programs.find_program("mkfs.fat", "dosfstools"), tmp_path / "nothing"],
            growing=tmp_path,
            tick=lambda _: None,
        )
    assert "nothing" in caught.value.why


# --- FAT32 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a:b", "such names"),
        ("a?", "such names"),
        ("ends.", "such names"),
        ("ends ", "such names"),
        ("bell\x07", "such names"),
        ("😀", "cannot be written"),
        ("NOISE.BIN", "capitals only"),
    ],
)
def test_names_that_fat_cannot_hold_are_refused_with_the_way_out(
    folder: Path, tmp_path: Path, name: str, words: str
) -> None:
    (folder / "update" / "images" / name).write_bytes(b"")
    with pytest.raises(UsageError) as caught:
        run(folder, "img", tmp_path)
    assert words in caught.value.why
    assert "--format squashfs" in caught.value.remedy


def test_links_are_refused_on_fat(folder: Path, tmp_path: Path) -> None:
    (folder / "update" / "images" / "link").symlink_to("empty")
    with pytest.raises(UsageError, match="no links"):
        run(folder, "img", tmp_path)


@pytest.mark.parametrize(("size", "fits"), [((4 << 30) - 1, True), (4 << 30, False)])
def test_a_file_of_four_gib_is_refused_beforehand(folder: Path, size: int, *, fits: bool) -> None:
    with (folder / "update" / "images" / "large").open("wb") as file:
        file.truncate(size)
    contents = gather(FolderTree(folder / "update"))
    if fits:
        fat_fitting.check_fits(contents)
        return
    with pytest.raises(UsageError) as caught:
        fat_fitting.check_fits(contents)
    assert "less than 4 GiB" in caught.value.why


def test_a_lockbox_too_large_for_any_fat_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = gather(FolderTree(folder / "update"))
    assert fat_fitting.geometry(contents, None).per_cluster == 1
    monkeypatch.setattr(fat_fitting, "_CLUSTERS", ((1 << 20, 1),))
    with pytest.raises(UsageError, match="too large for a FAT32"):
        fat_fitting.geometry(contents, None)


def test_a_size_is_kept_and_one_that_is_too_small_is_refused(folder: Path, tmp_path: Path) -> None:
    assert run(folder, "img", tmp_path / "a.img", size=100 << 20).stat().st_size == 100 << 20
    with pytest.raises(UsageError, match="does not fit"):
        run(folder, "img", tmp_path / "b.img", size=20 << 20)


@pytest.mark.parametrize("label", ["", "torizon-update", "Grün", "a b"])
def test_labels_that_fat_cannot_hold_are_refused(folder: Path, tmp_path: Path, label: str) -> None:
    with pytest.raises(UsageError, match="cannot be the label"):
        run(folder, "img", tmp_path, label=label)


def test_a_disk_image_is_clean_to_the_program_that_checks_such(folder: Path, tmp_path: Path) -> None:
    needs("fsck.fat")
    for count in range(700):  # more than one command's worth
        (folder / "update" / "metadata" / f"{count}.json").write_bytes(b"{}" * count)
    image = run(folder, "img", tmp_path, label="STICK")
    part = tmp_path / "part"
    part.write_bytes(image.read_bytes()[1 << 20 :])
    done = subprocess.run(
        [programs.find_program("fsck.fat", "dosfstools"), "-n", part], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert part.read_bytes()[71:82] == b"STICK      "
