"""From a verified stick to its receipt: made, signed, put beside the lockbox, recorded, and judged again."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from lockstick.disk.tree import FolderTree
from lockstick.errors import DistrustError, MediaError, NotFoundError
from lockstick.lockbox.anchors import AnchorChoice
from lockstick.lockbox.layout import find_lockbox
from lockstick.lockbox.verify import verify
from lockstick.media.records.documents import MAX_DOCUMENTS, documents_digest
from lockstick.media.records.judging import judge_receipt
from lockstick.media.records.keeping import keep
from lockstick.media.records.making import Exclusion, Written, receipt_of
from lockstick.media.records.onstick import RECEIPT_NAME, read_receipt
from lockstick.media.records.reading import MAX_BYTES, MAX_TEXT
from lockstick.media.records.receipt import from_json, to_json
from lockstick.media.records.register import Register
from lockstick.media.records.signing import make_key
from lockstick.trust.findings import Verdict
from media.records.ground import DRIVE, VOLUME, failed, receipt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lockstick.media.model import Drive, Volume
    from lockstick.media.records.judging import ReceiptJudgement
    from lockstick.media.records.receipt import Receipt
    from lockstick.media.records.signing import ReceiptKey
    from media.ground import Stick

needs_posix = pytest.mark.skipif(os.name != "posix", reason="about links and tools of POSIX")
SIGNATURE_NAME = f"{RECEIPT_NAME}.sig"


def written(**changes: object) -> Written:
    began = datetime.now(UTC).replace(microsecond=0)
    made = Written(
        began=began,
        ended=began + timedelta(seconds=30),
        bytes_written=2_000_000,
        write_seconds=0.5,
        bytes_read=2_000_000,
        read_seconds=0.25,
        exclusion=Exclusion(how="direct", files={"direct": 12}),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # whatever a test changes


def made(mount: Path, drive: Drive | None = DRIVE, volume: Volume | None = VOLUME, **changes: object) -> Receipt:
    layout = find_lockbox(mount)
    outcome = verify(layout.tree, anchors=AnchorChoice(on_first_use=True), at=datetime.now(UTC), clock=time.monotonic)
    return receipt_of(
        outcome,
        documents=documents_digest(FolderTree(layout.root)),
        written=written(**changes),
        drive=drive,
        volume=volume,
        tool="0.1.0",
        random=os.urandom,
    )


@pytest.fixture
def register(tmp_path: Path) -> Register:
    return Register.at(tmp_path / "register.db")


@pytest.fixture
def key() -> ReceiptKey:
    return make_key()


def judged(mount: Path, key: ReceiptKey, here: tuple[Drive, Volume] | None = (DRIVE, VOLUME)) -> ReceiptJudgement:
    tree = FolderTree(mount)
    found = read_receipt(tree)
    return judge_receipt(found, from_json(found.data), key=key.public, tree=tree, here=here)


def answers(judgement: ReceiptJudgement) -> dict[str, bool | None]:
    return {one.check: one.holds for one in judgement.statements}


# --- making ------------------------------------------------------------------------------------


def test_a_receipt_says_what_was_verified_and_done(mount: Path) -> None:
    one = made(mount)
    assert (one.outcome, one.why) == ("written", "")
    assert one.lockbox is not None
    assert (one.lockbox.name, one.lockbox.version) == ("line-a", 1)
    assert one.lockbox.good_until > one.ended
    assert one.roots.source == "first-use"
    assert one.checking is not None
    assert (one.checking.verdict, one.checking.cache, one.checking.files) == ("verified", "direct", {"direct": 12})
    assert one.checking.bytes_hashed > 0
    assert (one.speeds.write, one.speeds.read_back) == (4_000_000, 8_000_000)
    assert one.stick.serial == DRIVE.serial
    assert from_json(to_json(one)) == one


def test_two_receipts_never_have_one_id(mount: Path) -> None:
    assert made(mount).id != made(mount).id


def test_a_write_that_failed_is_no_written_one(mount: Path) -> None:
    one = made(mount, why_failed="the stick was pulled out")
    assert (one.outcome, one.why) == ("failed", "the stick was pulled out")


@pytest.mark.parametrize("verdict", [one for one in Verdict if one is not Verdict.VERIFIED])
def test_whatever_is_not_verified_is_not_written(mount: Path, verdict: Verdict) -> None:
    outcome = verify(
        find_lockbox(mount).tree, anchors=AnchorChoice(on_first_use=True), at=datetime.now(UTC), clock=time.monotonic
    )
    one = receipt_of(
        replace(outcome, verdict=verdict),
        documents="a" * 64,
        written=written(),
        drive=DRIVE,
        volume=VOLUME,
        tool="0.1.0",
        random=os.urandom,
    )
    assert one.outcome == "failed"
    assert verdict.value in one.why


def test_without_a_digest_of_what_lies_there_nothing_is_written(mount: Path) -> None:
    outcome = verify(
        find_lockbox(mount).tree, anchors=AnchorChoice(on_first_use=True), at=datetime.now(UTC), clock=time.monotonic
    )
    assert outcome.verdict is Verdict.VERIFIED
    one = receipt_of(
        outcome,
        documents=None,
        written=written(),
        drive=DRIVE,
        volume=VOLUME,
        tool="0.1.0",
        random=os.urandom,
    )
    assert (one.outcome, one.lockbox) == ("failed", None)


def test_a_write_that_came_to_nothing_has_a_receipt_too() -> None:
    one = receipt_of(
        None,
        documents=None,
        written=written(exclusion=None, bytes_written=0, bytes_read=0, why_failed="read-only"),
        drive=None,
        volume=None,
        tool="0.1.0",
        random=os.urandom,
    )
    assert (one.outcome, one.lockbox, one.checking, one.speeds.write, one.speeds.read_back) == (
        "failed",
        None,
        None,
        None,
        None,
    )
    assert from_json(to_json(one)) == one


def test_what_a_stick_says_of_itself_cannot_make_a_receipt_unreadable(mount: Path) -> None:
    odd = replace(DRIVE, vendor="x" * 5000, model="half \ud800 a character", size=-1)
    one = made(mount, odd, replace(VOLUME, label="\x1b[2J\x00"))
    assert len(one.stick.vendor) == MAX_TEXT
    assert from_json(to_json(one)) == one


# --- one digest for all documents ---------------------------------------------------------------


@needs_posix
def test_plain_tools_compute_the_same_digest(mount: Path) -> None:
    (mount / "update" / "metadata" / "director" / "._1.root.json").write_bytes(b"litter")
    command = (
        "find metadata -type f -name '*.json' ! -name '._*' | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum"
    )
    plain = subprocess.run(
        ["sh", "-c", command], cwd=mount / "update", capture_output=True, text=True, check=True
    ).stdout
    assert plain.split()[0] == documents_digest(FolderTree(mount / "update"))
    assert plain.split()[0] == documents_digest(FolderTree(mount), ("update",))


def test_any_change_of_a_document_or_its_name_changes_the_digest(mount: Path) -> None:
    tree, folder = FolderTree(mount / "update"), mount / "update" / "metadata" / "director"
    before = documents_digest(tree)
    (folder / "more.json").write_bytes(b"")
    after = documents_digest(tree)
    (folder / "more.json").rename(folder / "other.json")
    assert len({before, after, documents_digest(tree)}) == 3
    (folder / "other.json").unlink()
    assert documents_digest(tree) == before


@needs_posix
@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "a.json").symlink_to("/dev/zero"),
        lambda folder: os.mkfifo(folder / "a.json"),
        lambda folder: (folder / "a\nb.json").write_bytes(b""),
        lambda folder: (folder / "/".join("abcdefghij")).mkdir(parents=True),
        lambda folder: [(folder / f"{index}.txt").touch() for index in range(MAX_DOCUMENTS)],
        lambda folder: os.truncate(folder / "targets.json", 65 << 20),
    ],
    ids=["link", "pipe", "line", "deep", "many", "large"],
)
def test_what_is_no_plain_set_of_documents_has_no_digest(mount: Path, spoil: Callable[[Path], object]) -> None:
    spoil(mount / "update" / "metadata" / "image-repo")
    with pytest.raises(DistrustError):
        documents_digest(FolderTree(mount / "update"))


def test_without_documents_there_is_no_digest(tmp_path: Path) -> None:
    with pytest.raises(MediaError):
        documents_digest(FolderTree(tmp_path))


# --- keeping -----------------------------------------------------------------------------------


def test_a_receipt_lies_beside_the_lockbox_and_in_the_register(mount: Path, register: Register) -> None:
    kept = keep(made(mount), mount, register, None)
    assert kept.remarks == ()
    assert sorted(one.name for one in mount.iterdir()) == [RECEIPT_NAME, "update"]
    assert from_json((mount / RECEIPT_NAME).read_bytes()) == kept.receipt
    assert register.find(DRIVE.serial).receipts == (kept.receipt,)
    assert kept.stick == register.find(DRIVE.serial).name


def test_the_next_receipt_takes_its_place_with_its_signature(mount: Path, register: Register, key: ReceiptKey) -> None:
    keep(made(mount), mount, register, key)
    second = keep(made(mount), mount, register, key)
    assert read_receipt(FolderTree(mount)).data == to_json(second.receipt)
    assert judged(mount, key).holds
    unsigned = keep(made(mount), mount, register, None)
    assert unsigned.receipt.signed_by is None
    assert sorted(one.name for one in mount.iterdir()) == [RECEIPT_NAME, "update"]


def test_a_failure_is_recorded_and_leaves_the_stick_alone(mount: Path, register: Register) -> None:
    first = keep(made(mount), mount, register, None)
    before = (mount / RECEIPT_NAME).read_bytes()
    kept = keep(made(mount, why_failed="it was full"), mount, register, None)
    assert (kept.on_stick, kept.stick) == (None, first.stick)
    assert (mount / RECEIPT_NAME).read_bytes() == before
    assert keep(failed(), None, register, None).on_stick is None
    assert len(register.find(DRIVE.serial).receipts) == 3


def test_a_register_that_is_none_is_a_warning_and_the_stick_has_its_receipt(mount: Path, register: Register) -> None:
    register.path.write_text("shopping list")
    kept = keep(made(mount), mount, register, None)
    (remark,) = kept.remarks
    assert (remark.check, remark.weight.value, kept.stick) == ("receipt-not-in-register", "warning", None)
    assert kept.on_stick is not None
    assert kept.on_stick.is_file()


def test_a_home_that_cannot_be_written_is_a_warning(mount: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept = keep(made(mount), mount, Register.at(tmp_path / "file" / "register.db"), None)
    assert [remark.check for remark in kept.remarks] == ["receipt-not-in-register"]
    assert kept.on_stick is not None


def test_a_full_stick_is_a_warning_and_the_register_has_the_receipt(small_disk: Path, register: Register) -> None:
    fd = os.open(small_disk / "ballast", os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while os.write(fd, bytes(1024)):
            pass
    os.close(fd)
    kept = keep(receipt(), small_disk, register, make_key())
    assert [remark.check for remark in kept.remarks] == ["receipt-not-on-stick"]
    assert "full" in kept.remarks[0].message
    assert kept.stick is not None
    assert {one.name for one in small_disk.iterdir()} == {"ballast", "lost+found"}


@needs_posix
@pytest.mark.parametrize("name", [RECEIPT_NAME, SIGNATURE_NAME, f".{RECEIPT_NAME}.new", f".{SIGNATURE_NAME}.new"])
def test_no_link_on_the_stick_is_written_through(
    mount: Path, tmp_path: Path, register: Register, key: ReceiptKey, name: str
) -> None:
    (tmp_path / "precious").write_text("precious")
    (mount / name).symlink_to(tmp_path / "precious")
    kept = keep(made(mount), mount, register, key)
    assert kept.remarks == ()
    assert (tmp_path / "precious").read_text() == "precious"
    assert judged(mount, key).holds


@pytest.mark.parametrize("name", [RECEIPT_NAME, SIGNATURE_NAME])
def test_a_folder_in_the_place_of_a_receipt_is_a_warning(
    mount: Path, register: Register, key: ReceiptKey, name: str
) -> None:
    (mount / name).mkdir()
    kept = keep(made(mount), mount, register, key)
    assert [remark.check for remark in kept.remarks] == ["receipt-not-on-stick"]
    assert sorted(one.name for one in mount.iterdir()) == [name, "update"]


def test_at_no_moment_does_a_receipt_lie_beside_another_ones_signature(
    mount: Path, register: Register, key: ReceiptKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(made(mount), mount, register, key)
    seen = []

    def looking(real: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object, **more: object) -> object:
            done = real(*arguments, **more)
            found = read_receipt(FolderTree(mount))
            seen.append(found.signature is None or key.public.signed(found.signature, found.data))
            return done

        return step

    for name in ("replace", "unlink"):
        monkeypatch.setattr(f"pathlib.Path.{name}", looking(getattr(type(mount), name)))
    keep(made(mount), mount, register, key)
    monkeypatch.undo()
    assert len(seen) >= 4
    assert all(seen)
    assert judged(mount, key).holds


def test_the_receipt_that_lay_there_tells_which_stick_it_is_where_nothing_else_does(
    mount: Path, register: Register
) -> None:
    plain = (replace(DRIVE, serial=""), replace(VOLUME, uuid=""))
    first = keep(made(mount, *plain), mount, register, None)
    second = keep(made(mount, *plain), mount, register, None)
    (mount / RECEIPT_NAME).unlink()
    third = keep(made(mount, *plain), mount, register, None)
    assert first.stick == second.stick
    assert third.stick != first.stick


# --- judging -----------------------------------------------------------------------------------


def test_a_receipt_holds_on_its_own_stick(mount: Path, register: Register, key: ReceiptKey) -> None:
    keep(made(mount), mount, register, key)
    judgement = judged(mount, key)
    assert judgement.holds
    assert answers(judgement) == dict.fromkeys(("signature", "outcome", "documents", "stick"), True)


def test_a_receipt_that_was_copied_to_another_stick_does_not_hold(
    mount: Path, register: Register, key: ReceiptKey
) -> None:
    keep(made(mount), mount, register, key)
    for other in (
        (replace(DRIVE, serial="OTHER-1"), VOLUME),
        (replace(DRIVE, serial=""), VOLUME),
        (replace(DRIVE, size=5), VOLUME),
        (replace(DRIVE, size=DRIVE.size * 98 // 100), VOLUME),
    ):
        judgement = judged(mount, key, other)
        assert not judgement.holds
        assert answers(judgement)["stick"] is False


def test_a_stick_without_a_serial_number_is_told_by_its_volume(mount: Path, key: ReceiptKey) -> None:
    plain = replace(DRIVE, serial="")
    keep(made(mount, plain), mount, None, key)
    assert answers(judged(mount, key, (plain, VOLUME)))["stick"] is True
    for uuid in ("5555-6666", ""):
        assert answers(judged(mount, key, (plain, replace(VOLUME, uuid=uuid))))["stick"] is False


def test_what_another_system_words_differently_makes_no_other_stick(mount: Path, key: ReceiptKey) -> None:
    keep(made(mount), mount, None, key)
    there = replace(
        DRIVE,
        vendor="",
        model="SanDisk Ultra USB Device",
        serial=f"{DRIVE.serial.lower()} ",
        size=DRIVE.size - 8_000_000,
    )
    judgement = judged(mount, key, (there, replace(VOLUME, uuid="1A2B3C4D")))
    assert judgement.holds
    assert "formatted" not in judgement.statements[3].message
    judgement = judged(mount, key, (there, replace(VOLUME, uuid="5555-6666")))
    assert judgement.holds
    assert "formatted" in judgement.statements[3].message


def test_a_receipt_of_another_lockbox_does_not_hold(mount: Path, register: Register, key: ReceiptKey) -> None:
    keep(made(mount), mount, register, key)
    document = mount / "update" / "metadata" / "image-repo" / "snapshot.json"
    document.write_bytes(document.read_bytes() + b" ")
    judgement = judged(mount, key)
    assert not judgement.holds
    assert answers(judgement)["documents"] is False


def test_what_cannot_be_compared_is_said_and_not_held_against_it(
    mount: Path, register: Register, key: ReceiptKey
) -> None:
    keep(made(mount, replace(DRIVE, serial=""), replace(VOLUME, uuid="")), mount, register, key)
    assert answers(judged(mount, key))["stick"] is None
    shutil.rmtree(mount / "update")
    judgement = judged(mount, key, None)
    assert judgement.holds
    assert answers(judgement) == {"signature": True, "outcome": True, "documents": None, "stick": None}


def test_an_unsigned_or_foreign_or_changed_receipt_does_not_hold(
    mount: Path, register: Register, key: ReceiptKey
) -> None:
    keep(made(mount), mount, register, None)
    assert answers(judged(mount, key))["signature"] is False
    keep(made(mount), mount, register, make_key())
    judgement = judged(mount, key)
    assert not judgement.holds
    assert "another key" in judgement.statements[0].message
    keep(made(mount), mount, register, key)
    path = mount / RECEIPT_NAME
    path.write_bytes(path.read_bytes().replace(b'"version": 1,', b'"version": 1 ,', 1))
    assert answers(judged(mount, key))["signature"] is False


def test_a_genuine_receipt_of_a_failure_is_no_evidence(mount: Path, register: Register, key: ReceiptKey) -> None:
    kept = keep(made(mount, why_failed="it was full"), mount, register, key)
    data = to_json(kept.receipt)
    (mount / RECEIPT_NAME).write_bytes(data)
    (mount / SIGNATURE_NAME).write_bytes(key.sign(data))
    judgement = judged(mount, key)
    assert answers(judgement)["signature"] is True
    assert not judgement.holds


@needs_posix
@pytest.mark.parametrize("name", [RECEIPT_NAME, SIGNATURE_NAME])
def test_whatever_lies_in_the_place_of_a_receipt_is_not_read(mount: Path, key: ReceiptKey, name: str) -> None:
    keep(made(mount), mount, None, key)
    path = mount / name
    content = path.read_bytes()

    def refused() -> None:
        with pytest.raises(DistrustError):
            read_receipt(FolderTree(mount))

    path.write_bytes(content + bytes(MAX_BYTES))
    refused()
    path.unlink()
    path.symlink_to("/dev/zero")
    refused()
    path.unlink()
    os.mkfifo(path)
    refused()
    path.unlink()
    path.mkdir()
    refused()


def test_without_a_receipt_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as refused:
        read_receipt(FolderTree(tmp_path))
    assert "mounted" in refused.value.remedy


# --- on real file systems ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ext4_stick", "exfat_stick", "fat32_stick"])
def test_receipts_are_kept_on_every_kind_of_stick(
    request: pytest.FixtureRequest, built: Path, register: Register, key: ReceiptKey, kind: str
) -> None:
    real: Stick = request.getfixturevalue(kind)
    subprocess.run(["cp", "-r", built, real.mount / "update"], check=True)  # not every one of them keeps times
    for _ in range(2):
        kept = keep(made(real.mount), real.mount, register, key)
        assert kept.remarks == ()
        real.eject()
        real.insert()
        assert judged(real.mount, key).holds
    names = {one.name for one in real.mount.iterdir()} - {"lost+found"}
    assert names == {RECEIPT_NAME, SIGNATURE_NAME, "update"}


def test_a_stick_that_is_pulled_while_receipts_are_written_never_has_one_with_the_signature_of_another(
    ext4_stick: Stick, key: ReceiptKey
) -> None:
    chance = random.Random(3)
    found = 0
    for _ in range(8):
        gone = Event()

        def write(gone: Event = gone) -> None:
            while not gone.is_set():
                keep(receipt(), ext4_stick.mount, None, key)

        writer = Thread(target=write)
        writer.start()
        time.sleep(0.05 + chance.random() * 0.1)
        ext4_stick.yank()
        gone.set()
        writer.join()
        for name in (RECEIPT_NAME, SIGNATURE_NAME, f".{RECEIPT_NAME}.new", f".{SIGNATURE_NAME}.new"):
            (ext4_stick.mount / name).unlink(missing_ok=True)  # what the writer left where nothing was mounted
        ext4_stick.insert()
        seen = read_receipt(FolderTree(ext4_stick.mount))
        from_json(seen.data)
        found += seen.signature is not None
        assert seen.signature is None or key.public.signed(seen.signature, seen.data)
    assert found


def test_a_stick_that_is_read_only_by_now_is_a_warning(ext4_stick: Stick, register: Register) -> None:
    ext4_stick.eject()
    ext4_stick.insert(read_only=True)
    kept = keep(receipt(), ext4_stick.mount, register, None)
    assert [remark.check for remark in kept.remarks] == ["receipt-not-on-stick"]
    assert kept.stick is not None
