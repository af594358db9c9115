"""A few lines at the end of a terminal, on one that understands very little."""

from __future__ import annotations

import io

import pytest

from cli.glass import Glass
from lockstick.cli.screen import Abilities, Screen, abilities

ALL = Abilities(moves=True, color=True, is_unicode=True)
NONE = Abilities(moves=False, color=False, is_unicode=False)


class Terminal(io.StringIO):
    """A stream that shows what is written to it, and counts the frames."""

    def __init__(self, glass: Glass) -> None:
        super().__init__()
        self.glass = glass
        self.flushed = 0

    def write(self, text: str, /) -> int:
        self.glass.feed(text.replace("\n", "\r\n"))  # as the line discipline does
        return super().write(text)

    def flush(self) -> None:
        self.flushed += 1
        super().flush()


@pytest.fixture
def terminal() -> Terminal:
    return Terminal(Glass(80, 6))


def test_lines_replace_the_lines_before_whether_more_or_fewer(terminal: Terminal) -> None:
    screen = Screen(terminal, ALL)
    terminal.write("$ lockstick build\n")
    for lines in (["one"], ["one longer", "  a", "  b"], ["two", "  b"], ["x"]):
        screen.draw(lines)
        assert terminal.glass.seen == ["$ lockstick build", *lines]
    assert terminal.flushed == 4
    screen.clear()
    assert terminal.glass.seen == ["$ lockstick build"]
    screen.clear()
    terminal.write("VERIFIED\n")
    assert terminal.glass.seen == ["$ lockstick build", "VERIFIED"]


def test_what_is_said_stays_above(terminal: Terminal) -> None:
    screen = Screen(terminal, ALL)
    screen.say("early")
    screen.draw(["one", "  a"])
    screen.say("something happened")
    assert terminal.glass.seen == ["early", "something happened", "one", "  a"]
    screen.clear()
    assert terminal.glass.seen == ["early", "something happened"]


def test_at_the_end_of_the_glass_it_scrolls_and_nothing_is_left_behind(terminal: Terminal) -> None:
    screen = Screen(terminal, ALL)
    for number in range(20):
        screen.say(f"message {number}")
        screen.draw([f"frame {number}", "  a", "  b"])
    screen.clear()
    said = [line for line in terminal.glass.scrolled + terminal.glass.seen if line]
    assert said == [f"message {number}" for number in range(20)]


def test_a_terminal_that_became_narrower_is_cleared_of_its_broken_lines(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Screen(terminal, ALL)
    terminal.glass = Glass(40, 10)
    terminal.write("$\n")
    screen.draw(["x" * 79, "y" * 30])  # as the narrower terminal has broken it
    monkeypatch.setattr(Screen, "room", property(lambda _: type("Narrow", (), {"columns": 40})))
    screen.draw(["one", "  a"])
    assert terminal.glass.seen == ["$", "one", "  a"]


def test_without_movement_there_is_one_line_and_no_sequence(terminal: Terminal) -> None:
    screen = Screen(terminal, NONE)
    assert screen.room.rows == 1
    assert not screen.room.is_unicode
    screen.draw(["a long line", "never seen"])
    screen.draw(["short"])
    assert terminal.glass.seen == ["short"]
    screen.say("something happened")
    assert terminal.glass.seen == ["something happened", "short"]
    screen.clear()
    assert terminal.glass.seen == ["something happened"]
    assert "\x1b" not in terminal.getvalue()


def test_without_color_nothing_is_styled(terminal: Terminal) -> None:
    Screen(terminal, Abilities(moves=True, color=False, is_unicode=True)).draw(["Fetching  1 %"])
    assert "m" not in terminal.glass.sequences
    Screen(terminal, ALL).draw(["Fetching  1 %"])
    assert "m" in terminal.glass.sequences


def test_a_terminal_that_went_away_does_not_end_the_work(terminal: Terminal) -> None:
    screen = Screen(terminal, ALL)
    terminal.close()
    screen.draw(["one"])
    screen.say("two")
    screen.clear()


@pytest.mark.parametrize(
    ("environment", "platform", "moves"),
    [
        ({"TERM": "xterm-256color"}, "linux", True),
        ({}, "linux", True),
        ({"TERM": "dumb"}, "linux", False),
        ({}, "win32", False),
        ({"WT_SESSION": "1"}, "win32", True),
        ({"TERM": "xterm"}, "win32", True),
        ({"TERM": "dumb", "WT_SESSION": "1"}, "win32", False),
    ],
)
def test_only_terminals_that_can_are_asked_to_move(environment: dict[str, str], platform: str, *, moves: bool) -> None:
    can = abilities(environment, encoding="utf-8", color=True, platform=platform)
    assert (can.moves, can.color, can.is_unicode) == (moves, moves, True)
    assert not abilities(environment, encoding="utf-8", color=False, platform=platform).color


@pytest.mark.parametrize(
    ("encoding", "is_unicode"), [("UTF-8", True), ("utf_8", True), ("cp1252", False), ("ascii", False), (None, False)]
)
def test_only_unicode_terminals_get_more_than_ascii(encoding: str | None, *, is_unicode: bool) -> None:
    assert abilities({}, encoding=encoding, color=True, platform="linux").is_unicode is is_unicode
