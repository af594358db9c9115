"""``lockstick register`` and ``lockstick receipts``, as a technician types them."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockstick.cli.options import settings
from lockstick.cli.recording import signing_key, stick_at
from lockstick.media.records.keeping import keep
from lockstick.media.records.making import stick_of
from lockstick.media.records.register import Register
from media.ground import ext4
from media.records.ground import DRIVE, NOW, failed, lockbox, receipt, record, stick

if TYPE_CHECKING:
    from cli.conftest import Runner
    from lockstick.media.records.receipt import Receipt
    from media.ground import Stick

AT = ("--at", "2026-11-21T12:00:00Z")
needs_posix = pytest.mark.skipif(os.name != "posix", reason="about modes of POSIX")


@pytest.fixture
def register() -> Register:
    """This user's own register."""
    return Register.at(settings().register_file)


@pytest.fixture
def mount(tmp_path: Path) -> Path:
    folder = tmp_path / "mount"
    folder.mkdir()
    return folder


def put(mount: Path, one: Receipt | None = None) -> None:
    """Keep a receipt as a write does."""
    kept = keep(one or receipt(), mount, Register.at(settings().register_file), signing_key())
    assert kept.remarks == ()


# --- register ----------------------------------------------------------------------------------


def test_a_machine_that_wrote_nothing_has_an_empty_list_and_no_file(lockstick: Runner, register: Register) -> None:
    done = lockstick("register", "list")
    assert (done.code, done.out) == (0, f"0 stick(s), in {register.path}\n")
    assert not register.path.exists()


def test_the_list_is_sorted_by_urgency_and_says_what_to_do(lockstick: Runner, register: Register) -> None:
    record(register, receipt())
    record(register, failed(stick=stick(serial="OTHER-1", label="OLD"), lockbox=None))
    record(register, receipt(stick=stick(serial="OTHER-2", label="SOON"), lockbox=lockbox(good_until=NOW)))
    done = lockstick("register", "list", *AT)
    assert done.code == 0
    assert [done.out.index(label) for label in ("SOON", "PLANT", "OLD")] == sorted(
        done.out.index(label) for label in ("SOON", "PLANT", "OLD")
    )
    assert "it was pulled out" in done.out
    assert "to do:" in done.out
    listed = lockstick("register", "list", *AT, "--json").json()
    assert [(one["label"], one["days_left"]) for one in listed["sticks"]] == [("SOON", 0), ("PLANT", 30), ("OLD", None)]
    assert listed["at"] == "2026-11-21T12:00:00Z"


def test_expiring_leaves_out_what_is_good_for_longer(lockstick: Runner, register: Register) -> None:
    for days in (-1, 3, 10):
        record(
            register, receipt(stick=stick(serial=f"N-{days}"), lockbox=lockbox(good_until=NOW + timedelta(days=days)))
        )
    for given, expected in (("0", [-1]), ("3", [-1, 3]), ("10", [-1, 3, 10])):
        listed = lockstick("register", "list", "--expiring", given, *AT, "--json").json()
        assert [one["days_left"] for one in listed["sticks"]] == expected


def test_days_are_counted_from_now_if_nothing_else_is_said(lockstick: Runner, register: Register) -> None:
    record(register, receipt(lockbox=lockbox(good_until=datetime.now(UTC) + timedelta(days=5, minutes=5))))
    assert lockstick("register", "list", "--json").json()["sticks"][0]["days_left"] == 5


def test_another_register_is_named_by_option_or_variable(
    lockstick: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.db"
    record(Register.at(other), receipt())
    assert len(lockstick("register", "list", "--register", other, "--json").json()["sticks"]) == 1
    assert lockstick("register", "list", "--json").json()["sticks"] == []
    monkeypatch.setenv("LOCKSTICK_REGISTER", str(other))
    assert len(lockstick("register", "list", "--json").json()["sticks"]) == 1


def test_one_stick_is_shown_with_its_receipts_last_first(lockstick: Runner, register: Register) -> None:
    name = record(register, receipt())
    record(register, failed("the port was loose"))
    done = lockstick("register", "show", name[:6], *AT)
    assert done.code == 0
    assert done.out.index("failed: line-a") < done.out.index("written: line-a")
    shown = lockstick("register", "show", DRIVE.serial, *AT, "--json").json()
    assert [one["outcome"] for one in shown["receipts"]] == ["written", "failed"]
    assert shown["stick"] == name
    assert lockstick("register", "show", "nothing").code == 8


def test_the_last_twenty_receipts_are_shown_and_the_rest_counted(lockstick: Runner, register: Register) -> None:
    for _ in range(22):
        record(register, receipt())
    done = lockstick("register", "show", DRIVE.serial)
    assert done.out.count("written: line-a") == 20
    assert "and 2 earlier receipt(s)" in done.out
    assert len(lockstick("register", "show", DRIVE.serial, "--json").json()["receipts"]) == 22


def test_a_stick_is_forgotten_only_when_that_was_meant(lockstick: Runner, register: Register) -> None:
    name = record(register, receipt())
    done = lockstick("register", "forget", name)
    assert (done.code, len(register.sticks())) == (0, 1)
    assert "--yes" in done.out
    assert lockstick("register", "forget", name, "--json").json() == {"stick": name, "receipts": 1, "dry_run": True}
    assert lockstick("register", "forget", name, "--yes").code == 0
    assert register.sticks() == ()
    assert lockstick("register", "forget", name, "--yes").code == 8


def test_exports_go_to_standard_output_or_a_file_byte_for_byte(
    lockstick: Runner, register: Register, tmp_path: Path
) -> None:
    record(register, receipt())
    for form, start in (("csv", "stick,label"), ("ics", "BEGIN:VCALENDAR")):
        done = lockstick("register", "export", "--format", form, *AT)
        assert done.out.startswith(start)
        assert lockstick("register", "export", "--format", form, "--file", tmp_path / form, *AT).code == 0
        written = (tmp_path / form).read_bytes()
        assert written.count(b"\r\n") == written.count(b"\n") >= 2
        assert written.decode() == lockstick("register", "export", "--format", form, *AT, "--json").json()["text"]
    if os.name == "posix":  # a device is written to; root would replace it otherwise
        (tmp_path / "nothing").symlink_to(os.devnull)
        assert lockstick("register", "export", "--format", "csv", "--file", tmp_path / "nothing", *AT).code == 0
        assert (tmp_path / "nothing").is_symlink()
    assert lockstick("register", "export", "--format", "xls").code == 2
    assert lockstick("register", "export", "--format", "csv", "--file", tmp_path / "no" / "csv").code == 6


def test_a_damaged_register_ends_with_six_and_says_what_to_do(lockstick: Runner, register: Register) -> None:
    register.path.parent.mkdir(parents=True)
    register.path.write_text("shopping list")
    done = lockstick("register", "list")
    assert done.code == 6
    assert "Rename it" in done.err


# --- the key -----------------------------------------------------------------------------------


def test_the_first_call_makes_a_key_and_the_next_shows_it(lockstick: Runner, tmp_path: Path) -> None:
    first = lockstick("receipts", "key", "--json").json()
    again = lockstick("receipts", "key", "--export-public", tmp_path / "key.pub", "--json").json()
    assert (first["new"], again["new"]) == (True, False)
    assert first["key"] == again["key"]
    assert (tmp_path / "key.pub").read_text() == first["public"]
    assert "PRIVATE" not in json.dumps(first)
    assert first["public"] in lockstick("receipts", "key").out
    told = lockstick("receipts", "key", "--export-public", tmp_path / "again.pub").err
    assert f"The public half is in {tmp_path / 'again.pub'}" in told


def test_no_second_key_is_made(lockstick: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOCKSTICK_RECEIPTS_PASSPHRASE", "word")
    made = lockstick("receipts", "key", "--json").json()
    private = Path(made["file"])
    before = private.read_bytes()
    (tmp_path / "copy.pem").write_bytes(before)
    assert lockstick("receipts", "key", "--protect").code == 2
    assert lockstick("receipts", "key", "--import", tmp_path / "copy.pem").code == 2
    assert private.read_bytes() == before


def test_a_key_of_elsewhere_is_taken_in_with_its_protection(
    lockstick: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LOCKSTICK_RECEIPTS_PASSPHRASE", "word")
    made = lockstick("receipts", "key", "--protect", "--json").json()
    private = Path(made["file"])
    assert b"ENCRYPTED" in private.read_bytes()
    private.rename(tmp_path / "copy.pem")
    monkeypatch.setenv("LOCKSTICK_RECEIPTS_PASSPHRASE", "wrong")
    assert lockstick("receipts", "key", "--import", tmp_path / "copy.pem").code == 7
    assert not private.exists()
    monkeypatch.setenv("LOCKSTICK_RECEIPTS_PASSPHRASE", "word")
    assert lockstick("receipts", "key", "--import", tmp_path / "copy.pem", "--json").json()["key"] == made["key"]
    assert b"ENCRYPTED" in private.read_bytes()


def test_a_passphrase_comes_from_standard_input_where_there_is_no_terminal(
    lockstick: Runner, monkeypatch: pytest.MonkeyPatch, mount: Path
) -> None:
    def typed(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    typed("\n")
    assert lockstick("receipts", "key", "--protect").code == 7
    typed("x" * 2000)
    assert lockstick("receipts", "key", "--protect").code == 7
    typed("the word\nmore\n")
    assert lockstick("receipts", "key", "--protect").code == 0
    typed("the word\n")
    put(mount)
    assert lockstick("receipts", "verify", mount).code == 0


@needs_posix
def test_on_a_terminal_a_passphrase_is_typed_twice_and_not_shown() -> None:
    import pty  # noqa: PLC0415 - POSIX only

    start = "import sys; from lockstick.cli import main; sys.argv[0] = 'lockstick'; main()"
    glass, seat = pty.openpty()
    command = [sys.executable, "-c", start, "receipts", "key", "--protect"]
    with subprocess.Popen(
        command,
        stdin=seat,
        stderr=seat,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as program:
        os.close(seat)
        shown = b""
        for asked in (b"New passphrase for the key: ", b"Repeat for confirmation: "):
            while not shown.endswith(asked):
                shown += os.read(glass, 1000)
            os.write(glass, b"open sesame\n")
        out, _ = program.communicate(timeout=60)
        os.close(glass)
    assert program.returncode == 0
    assert out.startswith(b"key ")
    assert b"sesame" not in shown + out
    assert b"ENCRYPTED" in settings().receipt_key_file.read_bytes()


@needs_posix
def test_a_key_that_others_may_read_is_refused_with_the_remedy(lockstick: Runner) -> None:
    private = Path(lockstick("receipts", "key", "--json").json()["file"])
    private.with_suffix(".pub").unlink()
    private.chmod(0o644)
    done = lockstick("receipts", "key")
    assert done.code == 7
    assert "chmod 600" in done.err


# --- receipts ----------------------------------------------------------------------------------


def test_a_receipt_is_shown_from_the_stick_or_its_file(lockstick: Runner, mount: Path) -> None:
    put(mount)
    for place in (mount, mount / "lockstick-receipt.json"):
        done = lockstick("receipts", "show", place)
        assert done.code == 0
        assert "line-a, version 3" in done.out
        assert "proven" in done.err
        assert "  not signed; Lockstick" in done.out
        shown = lockstick("receipts", "show", place, "--json").json()
        assert shown["has_signature"] is False
        assert shown["receipt"]["lockbox"]["name"] == "line-a"
    assert lockstick("receipts", "show", mount.parent).code == 8
    assert lockstick("receipts", "show", mount / "absent").code == 2


def test_a_signed_receipt_verifies_with_the_public_key_and_not_with_another(
    lockstick: Runner, mount: Path, tmp_path: Path
) -> None:
    lockstick("receipts", "key", "--export-public", tmp_path / "key.pub")
    put(mount)
    for more in ((), ("--key", tmp_path / "key.pub")):
        done = lockstick("receipts", "verify", mount, *more)
        assert done.code == 0
        assert "The receipt HOLDS" in done.out
        assert "does not prove" in done.out
    Path(settings().receipt_key_file).unlink()
    lockstick("receipts", "key")
    done = lockstick("receipts", "verify", mount, "--json")
    assert done.code == 3
    assert done.json()["holds"] is False
    assert {one["check"] for one in done.json()["checks"]} == {"signature", "outcome", "documents", "stick"}


def test_without_any_key_it_cannot_be_said(lockstick: Runner, mount: Path) -> None:
    put(mount)
    done = lockstick("receipts", "verify", mount)
    assert done.code == 8
    assert "--key" in done.err
    lockstick("receipts", "key")
    assert lockstick("receipts", "verify", mount).code == 3


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 60_000, b"x" * 200_000])
def test_a_hostile_file_in_its_place_ends_with_three(lockstick: Runner, mount: Path, content: bytes) -> None:
    lockstick("receipts", "key")
    (mount / "lockstick-receipt.json").write_bytes(content)
    for command in ("show", "verify"):
        assert lockstick("receipts", command, mount).code == 3


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_plain_openssl_checks_a_receipt_as_the_page_says(lockstick: Runner, mount: Path, tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "sticks.md").read_text(encoding="utf-8")
    (command,) = [line for line in page.splitlines() if line.startswith("openssl pkeyutl -verify")]
    lockstick("receipts", "key", "--export-public", mount / "plant.pub")
    put(mount)

    def checked() -> int:
        return subprocess.run(command.split(), cwd=mount, capture_output=True, check=False).returncode

    assert checked() == 0
    path = mount / "lockstick-receipt.json"
    path.write_bytes(path.read_bytes() + b" ")
    assert checked() == 1


# --- on real file systems ----------------------------------------------------------------------


def test_a_receipt_that_was_copied_to_another_stick_with_everything_on_it_does_not_hold(
    lockstick: Runner, ext4_stick: Stick, tmp_path: Path
) -> None:
    """The drives are those that this machine really has."""
    mount = ext4_stick.mount
    here = stick_at(mount)
    if here is None:
        pytest.skip("this machine does not tell which drive a mounted loop device is")
    lockstick("receipts", "key")
    put(mount, receipt(stick=stick_of(*here)))
    checks = {one["check"]: one["holds"] for one in lockstick("receipts", "verify", mount, "--json").json()["checks"]}
    assert checks == {"signature": True, "outcome": True, "documents": None, "stick": True}
    shutil.copytree(mount, tmp_path / "all", ignore=shutil.ignore_patterns("lost+found"))
    with ext4(tmp_path / "other", 64 << 20) as other:
        shutil.copytree(tmp_path / "all", other.mount, dirs_exist_ok=True)
        done = lockstick("receipts", "verify", other.mount)
    assert done.code == 3
    assert "it is for another volume" in done.out
