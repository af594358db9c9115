"""The register: it tells sticks apart, outlives kills, full disks and crowds, and says what is wrong with a file."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from lockstick.errors import LockstickError, MediaError, NotFoundError, UsageError
from lockstick.media.records.database import APPLICATION_ID, STEPS, Database
from lockstick.media.records.identity import KnownBy
from lockstick.media.records.receipt import to_json
from lockstick.media.records.register import Register
from media.records.ground import DRIVE, VOLUME, failed, receipt, record, speeds, stick

if TYPE_CHECKING:
    from media.ground import Stick

needs_posix = pytest.mark.skipif(os.name != "posix", reason="about modes, kills and pipes of POSIX")
SCHEMA_1 = Path(__file__).with_name("register-1.sql")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "register.db"


@pytest.fixture
def register(path: Path) -> Register:
    return Register.at(path)


# --- which stick it is -------------------------------------------------------------------------


def test_a_stick_with_a_serial_number_is_one_stick_wherever_it_is_and_however_formatted(register: Register) -> None:
    names = {
        record(register, receipt()),
        record(register, receipt(stick=stick(port="3-1"))),
        record(register, receipt(stick=stick(label="NEW", uuid="0000-0001", volume_size=5, file_system="ext4"))),
    }
    (one,) = register.sticks()
    assert names == {one.name}
    assert (one.known_by, len(one.receipts)) == (KnownBy.SERIAL, 3)


@pytest.mark.parametrize("changed", [{"serial": "4C53000123080711140X"}, {"size": 5}, {"model": "Fit"}, {"vendor": ""}])
def test_two_sticks_of_which_anything_differs_are_two(register: Register, changed: dict[str, object]) -> None:
    assert record(register, receipt()) != record(register, receipt(stick=stick(**changed)))


@pytest.mark.parametrize("serial", ["", "0", "000000000000", "0123456789ABCDEF", "  ", "ffffffff"])
def test_a_serial_number_that_means_nothing_counts_for_nothing(register: Register, serial: str) -> None:
    first = record(register, receipt(stick=stick(serial=serial)))
    second = record(register, receipt(stick=stick(serial=serial, uuid="5555-6666")))
    again = record(register, receipt(stick=stick(serial=serial, label="RENAMED")))
    assert first != second
    assert first == again
    assert {one.known_by for one in register.sticks()} == {KnownBy.VOLUME}


def test_two_cards_in_one_reader_are_two(register: Register) -> None:
    reader = {"vendor": "Generic", "model": "USB SD Reader"}
    assert record(register, receipt(stick=stick(**reader))) != record(
        register, receipt(stick=stick(**reader, uuid="5555-6666"))
    )


def test_two_sticks_alike_without_a_number_are_never_taken_for_one(register: Register) -> None:
    alike = stick(serial="", uuid="")
    first, second = receipt(stick=alike), receipt(stick=alike)
    assert record(register, first) != record(register, second)
    assert {one.known_by for one in register.sticks()} == {KnownBy.LOOKS}


def test_a_stick_without_a_number_is_known_again_by_the_receipt_that_lay_on_it(register: Register) -> None:
    alike = stick(serial="", uuid="")
    first, other, again = receipt(stick=alike), receipt(stick=alike), receipt(stick=alike)
    name = record(register, first)
    record(register, other)
    assert record(register, again, previous=first.id) == name
    stranger = receipt(stick=replace(alike, label="OTHER"))
    assert record(register, stranger, previous=first.id) != name


def test_a_receipt_is_recorded_once(register: Register) -> None:
    one = receipt(stick=stick(serial="", uuid=""))
    assert record(register, one) == record(register, one)
    (found,) = register.sticks()
    assert found.receipts == (one,)


# --- finding, forgetting, remembering ----------------------------------------------------------


def test_a_stick_is_found_by_the_beginning_of_its_name_its_serial_number_and_its_label(register: Register) -> None:
    name = record(register, receipt())
    record(register, receipt(stick=stick(serial="OTHER-1", label="OTHER")))
    for wanted in (name, name[:4].upper(), DRIVE.serial, VOLUME.label):
        assert register.find(wanted).name == name
    for nothing in ("", name[:3], "PLAN", "nothing"):
        with pytest.raises(NotFoundError):
            register.find(nothing)


def test_a_label_that_two_sticks_have_is_asked_back(register: Register) -> None:
    names = {record(register, receipt()), record(register, receipt(stick=stick(serial="OTHER-1")))}
    with pytest.raises(UsageError) as refused:
        register.find(VOLUME.label)
    assert all(name in refused.value.why for name in names)


def test_a_stick_that_is_forgotten_is_gone_with_its_receipts_and_no_other_is(path: Path, register: Register) -> None:
    name = record(register, receipt())
    other = record(register, receipt(stick=stick(serial="OTHER-1")))
    register.forget(name)
    assert [one.name for one in register.sticks()] == [other]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM receipts").fetchone() == (1,)
    with pytest.raises(NotFoundError):
        register.forget(name)


def test_the_past_of_a_stick_is_told_before_it_is_written_to(register: Register) -> None:
    for one in (
        receipt(speeds=speeds(10_000_000, 40_000_000)),
        receipt(speeds=speeds(30_000_000, 60_000_000)),
        failed("it was full"),
    ):
        record(register, one)
    past = register.history(DRIVE, VOLUME)
    assert (past.writes, past.failures, past.last_failure) == (2, 1, "it was full")
    assert (past.write_speed, past.read_speed) == (20_000_000, 50_000_000)
    assert past.seconds(200_000_000, 100_000_000) == 12
    assert register.history(replace(DRIVE, serial="OTHER-1"), VOLUME).writes == 0


def test_nothing_is_told_of_a_stick_that_cannot_be_told_from_others(register: Register) -> None:
    record(register, failed(stick=stick(serial="", uuid="")))
    past = register.history(replace(DRIVE, serial=""), replace(VOLUME, uuid=""))
    assert (past.known_by, past.failures, past.seconds(1, 1)) == (KnownBy.LOOKS, 0, None)
    assert register.history(None, None).writes == 0


# --- the file ----------------------------------------------------------------------------------


def test_looking_makes_no_file(path: Path, register: Register) -> None:
    assert register.sticks() == ()
    assert register.history(DRIVE, VOLUME).writes == 0
    assert not path.parent.exists()


@needs_posix
def test_the_file_is_for_its_user_alone_and_leaves_nothing_beside_it(path: Path, register: Register) -> None:
    mask = os.umask(0)
    try:
        record(register, receipt())
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_the_first_schema_is_the_recorded_one(path: Path, register: Register) -> None:
    """A change of a released step would leave older registers behind; a new step is what is wanted."""
    record(register, receipt())
    with closing(sqlite3.connect(":memory:")) as old, closing(sqlite3.connect(path)) as new:
        old.executescript(SCHEMA_1.read_text())
        query = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"

        def schema(connection: sqlite3.Connection) -> list[tuple[str, ...]]:
            return [tuple(" ".join(part.split()) for part in row) for row in connection.execute(query)]

        if len(STEPS) == 1:
            assert schema(new) == schema(old)


@pytest.mark.parametrize("further", [0, 1], ids=["this", "next"])
def test_a_register_of_the_first_schema_is_read_and_brought_up_to_date(path: Path, further: int) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as old:
        old.executescript(SCHEMA_1.read_text())
    steps = STEPS + ("ALTER TABLE sticks ADD COLUMN shelf TEXT NOT NULL DEFAULT ''",) * further
    register = Register(Database(path, steps=steps))
    (one,) = register.sticks()
    assert [(receipt.outcome, receipt.stick.label) for receipt in one.receipts] == [("written", "PLANT")]
    assert record(register, receipt()) == one.name
    with closing(sqlite3.connect(path)) as now:
        assert now.execute("PRAGMA user_version").fetchone() == (len(steps),)
    assert len(register.sticks()[0].receipts) == 2


def test_a_step_that_fails_leaves_the_register_as_it_was(path: Path, register: Register) -> None:
    record(register, receipt())
    broken = (*STEPS, "ALTER TABLE sticks ADD COLUMN shelf TEXT; CREATE TABLE sticks (id)")
    with pytest.raises(MediaError):
        Register(Database(path, steps=broken)).sticks()
    assert len(register.sticks()) == 1
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
        assert "shelf" not in [row[1] for row in connection.execute("PRAGMA table_info(sticks)")]


def test_a_register_of_a_newer_program_is_left_alone(path: Path, register: Register) -> None:
    newer = (*STEPS, "CREATE TABLE more (id)")
    record(Register(Database(path, steps=newer)), receipt())
    before = path.read_bytes()
    for attempt in (register.sticks, lambda: record(register, receipt())):
        with pytest.raises(MediaError) as refused:
            attempt()
        assert "newer" in refused.value.why
    assert path.read_bytes() == before


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE sticks (id)")
        connection.commit()


def text(path: Path) -> None:
    path.write_text("this is my shopping list\n" * 100)


def truncated(path: Path) -> None:
    record(Register.at(path), receipt())
    path.write_bytes(path.read_bytes()[:5000])


def zeroed(path: Path) -> None:
    record(Register.at(path), receipt())
    data = bytearray(path.read_bytes())
    data[4096:12288] = bytes(8192)
    path.write_bytes(data)


def other_types(path: Path) -> None:
    record(Register.at(path), receipt())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE sticks SET known_by = 'magic'")
        connection.commit()


def endless(path: Path) -> None:
    record(Register.at(path), receipt())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE receipts RENAME TO hidden")
        connection.execute(
            "CREATE VIEW receipts AS WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
            " SELECT x AS id, x AS receipt, 1 AS stick, x AS document, NULL AS signature FROM n"
        )
        connection.commit()


def computed(path: Path) -> None:
    """Found by attack: listing it took 1.8 GB."""
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        for statement in STEPS[0].split(";"):
            blob = "document BLOB GENERATED ALWAYS AS (zeroblob(900000000)) VIRTUAL"
            connection.execute(statement.replace("document BLOB NOT NULL", blob))
        connection.execute("INSERT INTO sticks VALUES (1, 'abcdefabcdef', 'i', 'serial')")
        connection.execute("INSERT INTO receipts (id, receipt, stick) VALUES (1, 'x', 1)")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(STEPS)}")
        connection.commit()


def conditional(path: Path) -> None:
    record(Register.at(path), receipt())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE INDEX extra ON sticks (name) WHERE name LIKE '%a%b%'")
        connection.commit()


def escaping(path: Path) -> None:
    """Found by attack: what the terminal was told, and lines of the calendar, came out of the file."""
    record(Register.at(path), receipt())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE sticks SET name = ?", ("\x1b]0;title\x07\r\nATTACH:file:///etc/passwd",))
        connection.commit()


def large(path: Path) -> None:
    record(Register.at(path), receipt())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE receipts SET document = zeroblob(5000000)")
        connection.commit()


@pytest.mark.parametrize(
    "spoil",
    [foreign, text, truncated, zeroed, other_types, endless, computed, conditional, escaping, large],
)
def test_a_file_that_is_no_sound_register_is_told_of_and_left_as_it_is(
    path: Path, register: Register, spoil: object
) -> None:
    path.parent.mkdir()
    assert callable(spoil)
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(MediaError) as refused:
        register.sticks()
    assert refused.value.remedy != MediaError.default_remedy
    assert path.read_bytes() == before


def test_only_the_very_schema_of_this_program_is_read(path: Path, register: Register) -> None:
    for spoil in (computed, conditional):
        spoil(path)
        with pytest.raises(MediaError) as refused:
            register.sticks()
        assert "more than this program's tables" in refused.value.why
        path.unlink()


def test_a_receipt_that_cannot_be_read_any_more_hides_no_other(path: Path, register: Register) -> None:
    record(register, receipt())
    record(register, receipt())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE receipts SET document = ? WHERE id = 1", (10**15,))
        connection.commit()
    (one,) = register.sticks()
    assert (len(one.receipts), one.unreadable) == (1, 1)


@needs_posix
def test_nobody_waits_for_a_pipe_in_its_place(path: Path, register: Register) -> None:
    path.parent.mkdir()
    os.mkfifo(path)
    with pytest.raises(MediaError, match="no plain file"):
        register.sticks()


def test_a_folder_in_its_place_is_told_of(path: Path, register: Register) -> None:
    path.mkdir(parents=True)
    for attempt in (register.sticks, lambda: record(register, receipt())):
        with pytest.raises(MediaError):
            attempt()


# --- several at once, and deaths ---------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from lockstick.media.records.register import Register
from media.records.ground import receipt, record
from dataclasses import replace
import os
register = Register.at(Path(sys.argv[1]))
for index in range(int(sys.argv[2])):
    record(register, replace(receipt(), id=f"{os.getpid():016x}{index:016x}"))
    print(index, flush=True)
"""


def start_writer(path: Path, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, path, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_several_processes_and_threads_record_at_once_and_nothing_is_lost(path: Path, register: Register) -> None:
    writers = [start_writer(path, 15) for _ in range(3)]
    mine = [receipt() for _ in range(12)]
    threads = [
        Thread(target=lambda part=part: [record(register, one) for one in part]) for part in (mine[:6], mine[6:])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for writer in writers:
        output, _ = writer.communicate(timeout=120)
        assert writer.returncode == 0
        assert len(output.split()) == 15
    (one,) = register.sticks()
    assert len(one.receipts) == 3 * 15 + 12


def test_who_waits_too_long_is_told_that_another_run_writes(path: Path, register: Register) -> None:
    record(register, receipt())
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(MediaError) as refused:
            record(Register(Database(path, wait=0.05)), receipt())
    assert "another run" in refused.value.why
    assert len(register.sticks()[0].receipts) == 1


@needs_posix
def test_a_run_that_is_killed_at_any_moment_leaves_all_that_it_had_recorded(path: Path, register: Register) -> None:
    chance = random.Random(5)
    done = 0
    for _ in range(8):
        writer = start_writer(path, 100_000)
        assert writer.stdout is not None
        done += len(writer.stdout.readline().split())
        time.sleep(chance.random() * 0.15)
        writer.send_signal(signal.SIGKILL)
        # Through the same buffer, where more lines may wait than were asked for.
        done += len(writer.stdout.read().split())
        writer.stdout.close()
        writer.wait(60)
        (one,) = register.sticks()
        # At most one was recorded whose number did not get out.
        assert done <= len(one.receipts) <= done + 1
        done = len(one.receipts)
        record(register, receipt())
        done += 1


def test_a_full_disk_is_told_of_and_breaks_nothing(small_disk: Path) -> None:
    register = Register.at(small_disk / "register.db")
    record(register, receipt())
    ballast = os.open(small_disk / "ballast", os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while os.write(ballast, bytes(4096)):
            pass
    os.close(ballast)

    def record_much() -> None:
        for _ in range(100):
            record(register, receipt(extra={"filler": "x" * 30_000}))

    with pytest.raises(MediaError) as refused:
        record_much()
    assert "full" in refused.value.why
    found = len(register.sticks()[0].receipts)
    assert found >= 1
    (small_disk / "ballast").unlink()
    record(register, receipt())
    assert len(register.sticks()[0].receipts) == found + 1


def test_a_read_only_disk_is_read_and_not_written(small_disk: Path) -> None:
    register = Register.at(small_disk / "register.db")
    record(register, receipt())
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert len(register.sticks()) == 1
    with pytest.raises(MediaError) as refused:
        record(register, receipt())
    assert "--register" in refused.value.remedy
    with pytest.raises(LockstickError):
        record(Register.at(small_disk / "new" / "register.db"), receipt())
    with pytest.raises(MediaError):
        record(Register.at(small_disk / "new.db"), receipt())


def test_what_is_recorded_are_the_very_bytes_with_their_signature(path: Path, register: Register) -> None:
    one = receipt()
    register.record(one, to_json(one), b"s" * 64)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT document, signature FROM receipts").fetchall() == [(to_json(one), b"s" * 64)]


def test_a_register_lies_on_file_systems_without_hard_links_too(exfat_stick: Stick) -> None:
    register = Register.at(exfat_stick.mount / "register.db")
    for _ in range(2):
        record(register, receipt())
    assert len(register.sticks()[0].receipts) == 2
    assert [one.name for one in exfat_stick.mount.iterdir()] == ["register.db"]
