"""Runs that share a store: nobody fetches twice, nobody waits for the dead, nobody removes what another uses."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockstick.disk.lock import try_lock
from lockstick.errors import MediaError
from lockstick.transfer.store.claims import Others, read_claims
from lockstick.transfer.store.content import ContentStore, Granted
from lockstick.transfer.store.index import read_index
from lockstick.transfer.store.pruning import prune

if TYPE_CHECKING:
    from collections.abc import Callable

BYTES = [b"one", b"two two", b"three three three"]
DIGESTS = [hashlib.sha256(data).hexdigest() for data in BYTES]
WANTED = {digest: len(data) for digest, data in zip(DIGESTS, BYTES, strict=True)}
ONE, TWO, THREE = DIGESTS


class Clock:
    """A time of day that a test sets, and a sleep that only moves it."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> ContentStore:
    made = ContentStore(tmp_path / "store", now=clock.now, sleep=clock.sleep)
    made.prepare()
    return made


@pytest.fixture
def put(store: ContentStore) -> Callable[[str], Path]:
    """Put bytes into the store, as the engine would."""

    def invoke(digest: str) -> Path:
        entry = store.places.entry(digest)
        entry.parent.mkdir(exist_ok=True)
        entry.write_bytes(BYTES[DIGESTS.index(digest)])
        return entry

    return invoke


def test_what_one_fetches_the_other_waits_for(store: ContentStore, put: Callable[[str], Path]) -> None:
    put(ONE)
    with store.session() as first, store.session() as second:
        granted = first.claim({ONE: 3, TWO: 7})
        assert granted == Granted(frozenset({ONE}), frozenset({TWO}), frozenset())
        other = second.claim(WANTED)
        assert other == Granted(frozenset({ONE}), frozenset({THREE}), frozenset({TWO}))
        # It is there as soon as it has its name, before the other is done with all its work.
        put(TWO)
        assert second.claim({TWO: 7}).present == {TWO}


def test_what_was_let_go_of_is_free(store: ContentStore) -> None:
    with store.session() as first, store.session() as second:
        assert first.claim(WANTED).ours == set(DIGESTS)
        assert second.claim(WANTED).busy == set(DIGESTS)
        first.release()
        assert second.claim(WANTED).ours == set(DIGESTS)
    with store.session() as third:
        assert third.claim(WANTED).ours == set(DIGESTS)


def test_the_dead_claim_nothing(store: ContentStore) -> None:
    code = (
        "import os, sys, time; from pathlib import Path; from lockstick.transfer.store.content import ContentStore\n"
        "store = ContentStore(Path(sys.argv[1]), now=time.time, sleep=time.sleep)\n"
        "with store.session() as session:\n"
        "    session.claim({sys.argv[2]: 3}); print('claimed', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(store.folder), ONE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "claimed\n"
        with store.session() as session:
            assert session.claim({ONE: 3}).busy == {ONE}
            process.kill()
            process.wait()
            assert session.claim({ONE: 3}).ours == {ONE}
    assert list(store.places.sessions.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="counts open files as Linux shows them")
def test_thousands_of_claims_take_no_more_open_files_than_one(store: ContentStore) -> None:
    wanted = {hashlib.sha256(str(number).encode()).hexdigest(): 1 for number in range(3000)}
    with store.session() as session:
        before = len(list(Path("/proc/self/fd").iterdir()))
        assert len(session.claim(wanted).ours) == 3000
        assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_damaged_entry_goes_only_if_it_is_still_the_damaged_one(
    store: ContentStore, put: Callable[[str], Path]
) -> None:
    entry = put(ONE)
    seen = entry.lstat()
    with store.session() as session:
        keeper = entry.with_suffix(".keep")
        entry.rename(keeper)  # so that the new file cannot have the old one's number
        put(ONE)
        session.discard(ONE, seen)
        assert entry.exists()
        session.discard(ONE, entry.lstat())
        assert not entry.exists()
        session.discard(ONE, None)


def test_a_damaged_entry_is_left_to_who_is_fetching_it_already(store: ContentStore, put: Callable[[str], Path]) -> None:
    with store.session() as first, store.session() as second:
        assert first.claim({ONE: 3}).ours == {ONE}
        entry = put(ONE)
        second.discard(ONE, entry.lstat())
        assert entry.exists()


def test_uses_of_several_runs_come_together(store: ContentStore, clock: Clock) -> None:
    with store.session() as first, store.session() as second:
        first.note(ONE, ["left.bin"])
        clock.time += 5
        second.note(ONE, ["right.bin"])
        second.note(TWO, ["two.bin"])
    index = read_index(store.places.index)
    assert index[ONE].names == ("right.bin", "left.bin")  # in the order in which the runs ended
    assert index[ONE].used == 1_000_005
    assert index[TWO].names == ("two.bin",)


def test_an_entry_remembers_a_handful_of_names_only(store: ContentStore) -> None:
    for number in range(100):
        with store.session() as session:
            session.note(ONE, [f"{number}.bin"])
    names = read_index(store.places.index)[ONE].names
    assert len(names) == 8
    assert names[-1] == "99.bin"


def test_a_lock_that_nobody_lets_go_of_is_given_up(store: ContentStore, clock: Clock) -> None:
    with store.held(), pytest.raises(MediaError, match="busy"), store.held():
        pass
    assert 60 <= clock.time - 1_000_000 < 62


def test_pruning_spares_what_live_runs_claim_and_takes_the_oldest_first(
    store: ContentStore, put: Callable[[str], Path], clock: Clock
) -> None:
    for digest in DIGESTS:
        clock.time += 10
        entry = put(digest)
        os.utime(entry, (clock.time, clock.time))
    with store.session() as session:
        session.claim({ONE: 3})
        pruned = prune(store, limit=20)
        assert [one.digest for one in pruned.removed] == [TWO]
        assert (pruned.bytes_removed, pruned.bytes_kept, pruned.in_use) == (7, 20, 3)
    assert [one.digest for one in prune(store, limit=19, dry_run=True).removed] == [ONE]
    assert [one.digest for one in prune(store, limit=None, max_age=5).removed] == [ONE]
    assert prune(store, limit=17, max_age=0).removed == ()
    clock.time += 0.5
    assert [one.digest for one in prune(store, limit=None, max_age=0).removed] == [THREE]


def test_an_unfinished_download_is_pruned_with_its_journal(store: ContentStore) -> None:
    part = store.places.partial(ONE)
    journal = part.with_name(f"{part.name}.journal")
    for path in (part, journal):
        path.write_bytes(b"xx")
    with store.session() as session:
        session.claim({ONE: 3})
        assert prune(store, limit=0).in_use > 0
    assert [one.is_complete for one in prune(store, limit=0).removed] == [False]
    assert list(store.places.partials.iterdir()) == []


@pytest.mark.parametrize("digest", ["", "x" * 64, "A" * 64, "../" * 21 + "x", "0" * 63])
def test_only_digests_lead_to_places(store: ContentStore, digest: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        store.places.entry(digest)
    with pytest.raises(ValueError, match="digest"):
        store.places.partial(digest)


@pytest.mark.parametrize("used", ["1" + "0" * 400, "1e999", "-1e999", "NaN"])
def test_a_time_that_is_none_costs_the_index_and_nothing_else(
    store: ContentStore, put: Callable[[str], Path], used: str
) -> None:
    put(ONE)
    put(TWO)
    times = {ONE: used, TWO: "5.0"}
    entries = ", ".join(f'"{digest}": {{"used": {time}, "names": []}}' for digest, time in times.items())
    store.places.index.write_text(f'{{"format": 1, "entries": {{{entries}}}}}')
    assert read_index(store.places.index) == {}
    with store.session() as session:
        session.note(ONE, ["one"])
    assert list(read_index(store.places.index)) == [ONE]


def test_an_index_that_is_too_large_is_not_read(store: ContentStore) -> None:
    sound = b'{"format": 1, "entries": {"%s": {"used": 1.0, "names": []}}}' % ONE.encode()
    store.places.index.write_bytes(sound.ljust(32 << 20))
    assert list(read_index(store.places.index)) == [ONE]
    store.places.index.write_bytes(sound.ljust((32 << 20) + 1))
    assert read_index(store.places.index) == {}


def test_claims_that_are_too_large_are_not_read(store: ContentStore) -> None:
    listed = store.places.sessions / "9.json"
    sound = json.dumps({"fetching": [ONE], "using": [TWO]}).encode()
    held = try_lock(listed.with_suffix(".lock"))
    assert held is not None
    try:
        listed.write_bytes(sound.ljust(16 << 20))
        assert read_claims(store.places.sessions) == Others(frozenset({ONE}), frozenset({TWO}))
        listed.write_bytes(sound.ljust((16 << 20) + 1))
        assert read_claims(store.places.sessions) == Others(frozenset(), frozenset())
    finally:
        os.close(held)
