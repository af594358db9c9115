"""Commands that do not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cli.conftest import Runner


@pytest.mark.parametrize(("typed", "meant"), [("buidl", "build"), ("verfy", "verify"), ("Trust", "trust")])
def test_a_slip_of_the_finger_is_answered_with_the_command_that_was_meant(
    lockstick: Runner, typed: str, meant: str
) -> None:
    result = lockstick(typed, "something")
    assert result.code == 2
    assert f"Did you mean '{meant}'?" in result.err


def test_a_command_like_no_other_is_answered_with_the_list(lockstick: Runner) -> None:
    result = lockstick("xyzzy")
    assert result.code == 2
    assert "The commands are: demo, build, verify" in result.err
