"""Several sticks, one bar: nothing is counted twice, and nothing is lost when more work becomes known."""

from __future__ import annotations

from pathlib import Path

from lockstick.media.writing.chorus import Chorus
from lockstick.progress import SILENT
from lockstick.report.tracker import Tracker


def test_one_stick_is_told_as_it_is() -> None:
    assert Chorus(SILENT, 1).voice(Path("/media/a")) is SILENT


def test_what_is_done_stays_done_when_another_stick_begins() -> None:
    tracker = Tracker(lambda: 1.0)
    chorus = Chorus(tracker, 2)
    one, two = chorus.voice(Path("/media/one")), chorus.voice(Path("/media/two"))
    one.phase("writing", total_bytes=100, files=2)
    one.file_started("a", length=60)
    one.advanced("a", 60)
    one.file_finished("a")
    one.file_started("b", length=40)
    one.advanced("b", 10)
    two.phase("writing", total_bytes=200, files=1)
    two.file_started("a", length=200)
    two.advanced("a", 5)
    one.phase("hashing", total_bytes=100, files=2)
    snapshot = tracker.snapshot()
    assert snapshot is not None
    assert (snapshot.phase, snapshot.total, snapshot.done) == ("writing", 400, 75)
    assert {flight.name for flight in snapshot.flights} == {"one: b", "two: a"}
    one.file_started("a", length=60)
    one.advanced("a", 60)
    one.phase("publishing")
    snapshot = tracker.snapshot()
    assert snapshot is not None
    assert (snapshot.total, snapshot.done) == (400, 135)
    assert "one: reading back a" in {flight.name for flight in snapshot.flights}


def test_words_and_retries_are_passed_on() -> None:
    said: list[str] = []

    class Listening(type(SILENT)):  # type: ignore[misc]  # the observer that looks away
        def message(self, text: str) -> None:
            said.append(text)

        def retrying(self, name: str, *, attempt: int, delay: float, reason: str) -> None:
            said.append(f"{name} {attempt} {delay} {reason}")

    voice = Chorus(Listening(), 2).voice(Path("/media/one"))
    voice.message("words")
    voice.retrying("a", attempt=2, delay=0.5, reason="why")
    assert said == ["words", "one: a 2 0.5 why"]
