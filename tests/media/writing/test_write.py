"""Writing a lockbox to folders that stand for sticks."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

import lockstick
from forge import AT, EARLIER, Forge, Key
from lockstick.disk.lock import take_lock, try_lock
from lockstick.disk.tree import FolderTree
from lockstick.errors import DistrustError, LockstickError, MediaError, NotCurrentError, UsageError
from lockstick.lockbox.anchors import AnchorChoice
from lockstick.media.writing import workplace
from lockstick.media.writing.filling import StoppedError
from lockstick.media.writing.medium import Medium
from lockstick.media.writing.write import write
from media.writing.boxes import ANCHORS, Prover, contents, lay, packages, put_until, spoil, verified
from payload_maker import App, Image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lockstick.media.writing.outcome import WriteOutcome
    from lockstick.media.writing.proving import Proof
    from lockstick.progress import Observer


def put(source: Path, *mounts: Path, prove: Prover | None = None, retry_bad: bool = False) -> WriteOutcome:
    for mount in mounts:
        mount.mkdir(exist_ok=True)
    return write(
        FolderTree(source),
        mounts,
        anchors=ANCHORS,
        at=AT,
        prove=prove or Prover(),
        clock=time.monotonic,
        retry_bad=retry_bad,
    )


def test_a_lockbox_is_written_read_back_and_visible(tmp_path: Path) -> None:
    source = lay(tmp_path / "box", packages())
    prover = Prover()
    outcome = put(source, tmp_path / "stick", prove=prover)
    assert [one.error for one in outcome.sticks] == [None]
    assert contents(tmp_path / "stick" / "update") == contents(source)
    assert [entry.name for entry in (tmp_path / "stick").iterdir()] == ["update"]
    assert prover.folders == [tmp_path / "stick" / ".lockstick" / "next"]
    assert verified(tmp_path / "stick" / "update").verdict == "verified"


def test_an_update_writes_only_what_differs(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    put(lay(tmp_path / "one", packages()), stick)
    two = lay(tmp_path / "two", packages(p1="new"), version=4)
    outcome = put(two, stick)
    (one,) = outcome.sticks
    assert one.error is None
    assert one.was_replaced
    assert contents(stick / "update") == contents(two)
    assert 300_000 <= one.written < 330_000
    assert [entry.name for entry in stick.iterdir()] == ["update"]


def test_three_sticks_read_the_source_once(tmp_path: Path) -> None:
    source = lay(tmp_path / "box", packages(8))
    mounts = [tmp_path / f"stick{number}" for number in range(3)]
    outcome = put(source, *mounts)
    assert [one.error for one in outcome.sticks] == [None, None, None]
    assert outcome.source_read == 8 * 300_000
    for mount in mounts:
        assert contents(mount / "update") == contents(source)


def test_the_same_lockbox_again_writes_nothing_and_reads_everything(tmp_path: Path) -> None:
    source, stick = lay(tmp_path / "box", packages()), tmp_path / "stick"
    put(source, stick)
    prover = Prover()
    outcome = put(source, stick, prove=prover)
    assert outcome.sticks[0].written == 0
    assert outcome.sticks[0].kept == sum(len(data) for data in packages().values()) + _documents(source)
    assert prover.folders == [stick / "update"]
    assert [entry.name for entry in stick.iterdir()] == ["update"]


def test_a_lockbox_that_was_damaged_on_the_stick_is_hidden_before_it_is_mended(tmp_path: Path) -> None:
    source, stick = lay(tmp_path / "box", packages()), tmp_path / "stick"
    put(source, stick)
    spoil(stick / "update" / "images" / "p2.bin", 1000)
    prover = Prover()
    outcome = put(source, stick, prove=prover)
    assert outcome.sticks[0].error is None
    assert outcome.sticks[0].rewritten == ("images/p2.bin",)
    assert prover.folders == [stick / "update", stick / ".lockstick" / "next", stick / ".lockstick" / "next"]
    assert contents(stick / "update") == contents(source)


def test_a_kept_file_that_is_not_what_the_older_lockbox_says_is_written_after_all(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    put(lay(tmp_path / "one", packages()), stick)
    spoil(stick / "update" / "images" / "p0.bin", 299_999)
    two = lay(tmp_path / "two", packages(p1="new"), version=4)
    outcome = put(two, stick)
    assert outcome.sticks[0].rewritten == ("images/p0.bin",)
    assert contents(stick / "update") == contents(two)


def test_what_is_read_back_wrong_never_becomes_visible(tmp_path: Path) -> None:
    source, stick = lay(tmp_path / "box", packages()), tmp_path / "stick"

    class Spoiling(Prover):
        def __call__(self, folder: Path, observer: Observer) -> Proof:
            spoil(folder / "images" / "p1.bin", 5)
            return super().__call__(folder, observer)

    outcome = put(source, stick, prove=Spoiling())
    error = outcome.sticks[0].error
    assert isinstance(error, MediaError)
    assert "images/p1.bin: 4096 bytes at 0 differ" in error.why
    assert not (stick / "update").exists()
    assert put(source, stick).sticks[0].error is None
    assert contents(stick / "update") == contents(source)


def test_blocks_that_went_bad_after_they_were_written_are_written_once_more_if_that_is_wanted(tmp_path: Path) -> None:
    source, stick = lay(tmp_path / "box", packages()), tmp_path / "stick"

    class SpoilingOnce(Prover):
        def __call__(self, folder: Path, observer: Observer) -> Proof:
            if not self.folders:
                spoil(folder / "images" / "p1.bin", 5)
            return super().__call__(folder, observer)

    (one,) = put(source, stick, prove=SpoilingOnce(), retry_bad=True).sticks
    assert one.error is None
    assert one.mended == 4096
    assert [damage.place for damage in one.damage] == [("images", "p1.bin")]
    assert contents(stick / "update") == contents(source)


def test_a_damaged_document_is_written_again_alone(tmp_path: Path) -> None:
    source, stick = lay(tmp_path / "box", packages()), tmp_path / "stick"
    put(source, stick)
    spoil(stick / "update" / "metadata" / "image-repo" / "targets.json", 40)
    (one,) = put(source, stick).sticks
    assert one.error is None
    assert one.written < 20_000
    assert contents(stick / "update") == contents(source)


def test_what_belongs_to_nothing_is_put_aside_and_litter_goes(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    put(lay(tmp_path / "one", packages(), name="other"), stick)
    (stick / "holiday.jpg").write_bytes(b"mine")
    (stick / "update" / "update-logs.db").write_bytes(b"a device wrote this")
    (stick / "update" / "images" / "notes.txt").write_bytes(b"somebody wrote this")
    (stick / "update" / "metadata" / "._director").write_bytes(b"litter")
    two = lay(tmp_path / "two", packages(2), version=4)
    (one,) = put(two, stick).sticks
    assert one.set_aside == stick / "update-kept"
    assert sorted(contents(stick / "update-kept")) == ["images/notes.txt", "update-logs.db"]
    assert contents(stick / "update") == contents(two)
    assert sorted(entry.name for entry in stick.iterdir()) == ["holiday.jpg", "update", "update-kept"]


def test_a_source_that_is_not_what_was_signed_appears_on_no_stick(tmp_path: Path) -> None:
    source = lay(tmp_path / "box", packages())
    spoil(source / "images" / "p3.bin", 77)
    mounts = [tmp_path / "one", tmp_path / "two"]
    with pytest.raises(DistrustError, match=r"images/p3.bin in .* is not what was signed"):
        put(source, *mounts)
    assert not any((mount / "update").exists() for mount in mounts)


def test_a_source_that_changes_after_it_was_hashed_is_blamed_and_not_the_stick(tmp_path: Path) -> None:
    source, stick = lay(tmp_path / "box", packages()), tmp_path / "stick"

    class Changing(Prover):
        def __call__(self, folder: Path, observer: Observer) -> Proof:
            spoil(source / "images" / "p1.bin", 5)
            spoil(folder / "images" / "p1.bin", 5)
            return super().__call__(folder, observer)

    with pytest.raises(DistrustError, match=r"images/p1.bin in .* is not what was signed"):
        put(source, stick, prove=Changing())
    assert not (stick / "update").exists()


def test_a_source_that_ends_early_after_it_was_hashed_is_blamed_too(tmp_path: Path) -> None:
    source, stick = lay(tmp_path / "box", packages()), tmp_path / "stick"

    class Changing(Prover):
        def __call__(self, folder: Path, observer: Observer) -> Proof:
            os.truncate(source / "images" / "p1.bin", 1000)
            spoil(folder / "images" / "p1.bin", 5)
            return super().__call__(folder, observer)

    with pytest.raises(DistrustError, match="not what was signed") as caught:
        put(source, stick, prove=Changing())
    assert "1000 are there" in caught.value.why


def test_a_stick_that_is_proven_is_told_of_though_the_source_changes_under_another_one(tmp_path: Path) -> None:
    source = lay(tmp_path / "box", packages())
    quick, late, later = (tmp_path / name for name in ("quick", "late", "later"))

    class Changing(Prover):
        def __call__(self, folder: Path, observer: Observer) -> Proof:
            if folder.is_relative_to(quick):
                return super().__call__(folder, observer)
            end = time.monotonic() + 20
            while not (quick / "update").exists() and time.monotonic() < end:
                time.sleep(0.01)
            if folder.is_relative_to(later):
                raise StoppedError  # it was told to
            spoil(source / "images" / "p1.bin", 5)
            spoil(folder / "images" / "p1.bin", 5)
            return super().__call__(folder, observer)

    one, two, three = put(source, quick, late, later, prove=Changing()).sticks
    assert one.is_proven
    assert isinstance(two.error, DistrustError)
    assert isinstance(three.error, DistrustError)
    assert not (late / "update").exists()


@pytest.mark.parametrize(
    ("spoiled", "error", "word"),
    [
        ("document", DistrustError, "rejected"),
        ("expired", NotCurrentError, "expired"),
        ("missing", DistrustError, "package-missing: p0.bin"),
        ("short", DistrustError, "package-length: p0.bin"),
        ("folder", DistrustError, "package-unreadable: p0.bin"),
        ("anchor", DistrustError, "signature"),
    ],
)
def test_a_source_that_cannot_be_sound_touches_no_stick(
    tmp_path: Path, spoiled: str, error: type[LockstickError], word: str
) -> None:
    source = lay(tmp_path / "box", packages(), expires=EARLIER if spoiled == "expired" else "")
    package = source / "images" / "p0.bin"
    match spoiled:
        case "document":
            spoil(source / "metadata" / "director" / "box.json", 300)
        case "missing":
            package.unlink()
        case "short":
            package.write_bytes(b"short")
        case "folder":
            package.unlink()
            package.mkdir()
    stick = tmp_path / "stick"
    stick.mkdir()
    anchors = ANCHORS
    if spoiled == "anchor":
        anchors = AnchorChoice(given=Forge(root_key=Key(seed=9), image_root_key=Key(seed=8)).anchors())
    with pytest.raises(error) as caught:
        write(FolderTree(source), [stick], anchors=anchors, at=AT, prove=Prover(), clock=time.monotonic)
    assert word in str(caught.value)
    assert list(stick.iterdir()) == []


def test_litter_in_the_source_stays_there(tmp_path: Path) -> None:
    source, stick = lay(tmp_path / "box", packages()), tmp_path / "stick"
    clean = contents(source)
    (source / "images" / "stray.bin").write_bytes(b"stray")
    (source / "metadata" / "director" / "stray.json").write_bytes(b"{}")
    put(source, stick)
    assert contents(stick / "update") == clean


def test_applications_and_systems_go_with_all_their_parts(tmp_path: Path) -> None:
    app = App.of(Image())
    source = lay(tmp_path / "box", {"app.yml": app.compose}, kinds={"app.yml": "docker-compose"})
    app.write(source)
    (source / "images" / f"{app.digest}.images" / "._litter.tar").write_bytes(b"litter")
    put(source, tmp_path / "stick")
    written = contents(tmp_path / "stick" / "update")
    assert written == {name: one for name, one in contents(source).items() if "._" not in name}
    assert f"images/{app.digest}.images/{Image().digest}.tar" in written


def test_another_lockbox_takes_over_what_an_interrupted_run_left_and_shares(tmp_path: Path) -> None:
    one, two = lay(tmp_path / "one", packages()), lay(tmp_path / "two", packages(p1="x"), name="two", version=4)
    stick = tmp_path / "stick"
    put_until(one, stick, 3)
    (result,) = put(two, stick).sticks
    assert result.written < 2.1 * 300_000
    assert contents(stick / "update") == contents(two)
    assert [entry.name for entry in stick.iterdir()] == ["update"]


def test_a_tail_that_a_power_cut_left_as_zeros_is_written_again_and_nothing_else(tmp_path: Path) -> None:
    source, stick = lay(tmp_path / "box", packages(2, 3_000_000)), tmp_path / "stick"
    put_until(source, stick, 1)
    begun = stick / ".lockstick" / "next" / "images" / "p1.bin"
    data = (source / "images" / "p1.bin").read_bytes()
    begun.write_bytes(data[:1_500_000] + bytes(200_000))
    (result,) = put(source, stick).sticks
    assert result.written == 1_500_000 + _documents(source)
    assert contents(stick / "update") == contents(source)


def test_a_stick_that_fails_does_not_disturb_the_others(tmp_path: Path) -> None:
    source = lay(tmp_path / "box", packages())
    good, bad = tmp_path / "good", tmp_path / "bad"
    bad.mkdir()
    (bad / ".lockstick").write_text("a file in the way")
    outcome = put(source, good, bad)
    assert [one.is_proven for one in outcome.sticks] == [True, False]
    assert isinstance(outcome.sticks[1].error, MediaError)
    assert contents(good / "update") == contents(source)


def test_two_runs_do_not_write_to_one_stick(tmp_path: Path) -> None:
    source, stick = lay(tmp_path / "box", packages()), tmp_path / "stick"
    (stick / ".lockstick").mkdir(parents=True)
    with take_lock(stick / ".lockstick" / "lock", busy="busy"):
        (one,) = put(source, stick).sticks
    assert isinstance(one.error, UsageError)
    assert "another run is writing" in one.error.what


@pytest.mark.skipif(os.name == "nt", reason="there, a file that is open cannot be removed")
def test_a_run_that_ends_leaves_the_lock_of_the_next_one_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    mine = stick / ".lockstick" / "lock"
    held: list[int] = []

    @contextmanager
    def taken_by_the_next(path: Path, **words: str) -> Iterator[None]:
        with take_lock(path, **words):
            yield
        held.append(try_lock(path) or -1)  # the next run waits for just this moment

    monkeypatch.setattr(workplace, "take_lock", taken_by_the_next)
    with Medium(stick) as medium, workplace.open_stick(medium):
        pass
    try:
        assert held[0] > 0
        assert try_lock(mine) is None, "a third run would write at the same time"
    finally:
        os.close(held[0])


def test_the_folder_that_another_run_takes_away_as_it_ends_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, stick = lay(tmp_path / "box", packages(2)), tmp_path / "stick"
    stick.mkdir()
    original, left = Medium.make_folder, [3]

    def made_and_gone(self: Medium, folder: Path) -> None:
        original(self, folder)
        if folder == stick / ".lockstick" and left[0]:
            left[0] -= 1
            folder.rmdir()

    monkeypatch.setattr(Medium, "make_folder", made_and_gone)
    (one,) = put(source, stick).sticks
    assert one.error is None


def test_a_stick_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    source, stick = lay(tmp_path / "box", packages()), tmp_path / "stick"
    with pytest.raises(UsageError, match="named twice"):
        put(source, stick, tmp_path / "stick" / ".." / "stick")


@pytest.mark.parametrize("name", ["update", ".lockstick", ".lockstick/next", ".lockstick/next/images"])
def test_a_link_planted_on_the_stick_leads_nowhere(tmp_path: Path, name: str) -> None:
    source, stick, elsewhere = lay(tmp_path / "box", packages(2)), tmp_path / "stick", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("precious")
    (stick / name).parent.mkdir(parents=True)
    (stick / name).symlink_to(elsewhere)
    (one,) = put(source, stick).sticks
    assert [entry.name for entry in elsewhere.iterdir()] == ["precious"]
    assert one.error is None or isinstance(one.error, MediaError)
    assert one.error is not None or contents(stick / "update") == contents(source)


@pytest.mark.skipif(os.name == "nt", reason="links and pipes of POSIX")
@pytest.mark.parametrize("kind", ["link", "pipe", "second-name", "second-name-of-a-package"])
def test_what_is_planted_among_files_that_were_begun_is_put_out_of_the_way(tmp_path: Path, kind: str) -> None:
    source, stick = lay(tmp_path / "box", packages()), tmp_path / "stick"
    put_until(source, stick, 1)
    precious = stick / "thesis.txt"
    precious.write_bytes(b"precious")
    images = stick / ".lockstick" / "next" / "images"
    planted = images / "p1.bin"
    planted.unlink(missing_ok=True)
    match kind:
        case "link":
            planted.symlink_to(precious)
        case "pipe":
            os.mkfifo(planted)
        case "second-name":
            planted.hardlink_to(precious)
        case _:
            (images / "p3.bin").write_bytes(b"")
            planted.hardlink_to(images / "p3.bin")
    (one,) = put(source, stick).sticks
    assert one.error is None
    assert precious.read_bytes() == b"precious"
    assert contents(stick / "update") == contents(source)


@pytest.mark.parametrize("name", ["update", ".lockstick/next", "link"])
def test_a_lockbox_is_not_written_over_itself(tmp_path: Path, name: str) -> None:
    stick = tmp_path / "stick"
    source = lay(stick / ("update" if name == "link" else name), packages())
    spoil(source / "images" / "p2.bin", 1000)
    if name == "link":
        (tmp_path / "link").symlink_to(stick)
    before = contents(stick)
    with pytest.raises(UsageError, match="in the folder that is to be replaced"):
        put(tmp_path / "link" / "update" if name == "link" else source, stick)
    assert contents(stick) == before


def test_a_lockbox_elsewhere_on_the_stick_may_be_written_to_it(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    source = lay(stick / "boxes" / "line-a", packages())
    assert put(source, stick).sticks[0].error is None
    assert contents(stick / "update") == contents(source)


def _documents(source: Path) -> int:
    return sum(path.stat().st_size for path in (source / "metadata").rglob("*.json"))


def test_a_program_needs_no_more_than_the_lockbox_and_the_sticks(tmp_path: Path) -> None:
    source, stick = lay(tmp_path / "box", packages()), tmp_path / "stick"
    stick.mkdir()
    outcome = lockstick.write(FolderTree(source), [stick], anchors=ANCHORS, at=AT, clock=time.monotonic)
    (one,) = outcome.sticks
    assert one.is_proven
    assert one.exclusion in ("direct", "dropped-and-checked", "dropped", "none")
    assert one.exclusion_words
    assert contents(stick / "update") == contents(source)


def test_no_more_files_are_taken_than_anything_real_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = App.of(Image())
    source = lay(tmp_path / "box", {"app.yml": app.compose}, kinds={"app.yml": "docker-compose"})
    app.write(source)
    monkeypatch.setattr("lockstick.lockbox.consignment.MOST_FILES", 1)
    with pytest.raises(UsageError, match="too many files"):
        put(source, tmp_path / "stick")


@pytest.mark.parametrize("hostile", ["many", "deep"])
def test_a_stick_that_holds_more_than_a_lockbox_ever_does_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hostile: str
) -> None:
    source, stick = lay(tmp_path / "box", packages(2)), tmp_path / "stick"
    if hostile == "many":
        monkeypatch.setattr("lockstick.media.writing.workplace.MOST_FILES", 5)
        for number in range(9):
            (stick / "update" / "images" / str(number)).mkdir(parents=True)
    else:
        (stick / "update").joinpath(*["d"] * 70).mkdir(parents=True)
    (one,) = put(source, stick).sticks
    assert isinstance(one.error, MediaError)
    assert "more than a lockbox ever does" in one.error.what
