from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockstick.media.drives.watching import POLL_SECONDS, Change, Event, watch
from lockstick.media.model import Drive, Volume

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

STICK = Drive(device="/dev/sda", serial="1", size=5, is_removable=True)
MOUNTED = replace(STICK, volumes=(Volume(device="/dev/sda1", mounted_at=(Path("/media/x"),), free=7),))
OTHER = Drive(device="/dev/sdb", serial="2", size=5, is_removable=True)


class Stopped(Exception):  # noqa: N818 - the end of a test, no error
    pass


class Machine:
    """A finder whose drives change as time passes, by a script: what is there after so many seconds."""

    def __init__(self, script: dict[float, tuple[Drive, ...]], *, end: float = 30) -> None:
        self._script = script
        self._end = end
        self.now = 0.0
        self.looks = 0
        self.noise: Callable[[], Hashable] = lambda: None

    def find(self) -> tuple[Drive, ...]:
        self.looks += 1
        return self._there()

    def pulse(self) -> Hashable:
        return self._there(), self.noise()

    def wait(self, seconds: float) -> None:
        self.now += seconds
        if self.now > self._end:
            raise Stopped

    def _there(self) -> tuple[Drive, ...]:
        return self._script[max(at for at in self._script if at <= self.now)]


def told(machine: Machine, is_wanted: Callable[[Drive], bool] = lambda _: True) -> list[Change]:
    changes: list[Change] = []
    with pytest.raises(Stopped):
        changes.extend(watch(machine, wait=machine.wait, is_wanted=is_wanted))
    return changes


def test_what_is_there_is_told_first_and_then_what_comes_and_goes() -> None:
    machine = Machine({0: (OTHER,), 5: (OTHER, MOUNTED), 10: (MOUNTED,)})
    assert told(machine) == [
        Change(Event.THERE, OTHER),
        Change(Event.CAME, MOUNTED),
        Change(Event.WENT, OTHER),
    ]


def test_a_stick_that_appears_bit_by_bit_comes_once() -> None:
    machine = Machine({0: (), 3.1: (STICK,), 4.2: (MOUNTED,)})
    assert told(machine) == [Change(Event.CAME, MOUNTED)]


def test_a_mount_that_comes_later_is_a_change() -> None:
    machine = Machine({0: (STICK,), 9: (MOUNTED,)})
    assert told(machine) == [Change(Event.THERE, STICK), Change(Event.CHANGED, MOUNTED)]


def test_free_space_alone_is_no_change() -> None:
    fuller = replace(MOUNTED, volumes=(replace(MOUNTED.volumes[0], free=6),))
    assert told(Machine({0: (MOUNTED,), 9: (fuller,)})) == [Change(Event.THERE, MOUNTED)]


def test_the_drives_are_asked_only_when_the_pulse_changes() -> None:
    machine = Machine({0: (STICK,), 20: ()}, end=100)
    assert told(machine) == [Change(Event.THERE, STICK), Change(Event.WENT, STICK)]
    assert machine.looks == 2


def test_a_pulse_that_never_rests_delays_the_word_but_does_not_prevent_it() -> None:
    machine = Machine({0: (), 5: (STICK,)}, end=20)
    machine.noise = lambda: machine.now
    assert told(machine) == [Change(Event.CAME, STICK)]
    assert machine.looks < 8


def test_a_card_that_is_put_in_comes_where_only_media_count() -> None:
    empty = replace(STICK, size=0, has_medium=False)
    machine = Machine({0: (empty,), 5: (STICK,), 10: (empty,)})
    wanted = told(machine, lambda drive: drive.has_medium)
    assert [(change.event, change.drive) for change in wanted] == [(Event.CAME, STICK), (Event.WENT, STICK)]


def test_another_stick_in_the_same_place_is_another_stick() -> None:
    other = replace(STICK, serial="9")
    assert [change.event for change in told(Machine({0: (STICK,), 5: (other,)}))] == [
        Event.THERE,
        Event.WENT,
        Event.CAME,
    ]


def test_it_looks_once_a_second() -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) > 3:
            raise Stopped

    with pytest.raises(Stopped):
        list(watch(Machine({0: ()}), wait=wait))
    assert waits == [POLL_SECONDS] * 4
    assert POLL_SECONDS == 1
