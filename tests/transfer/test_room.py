"""The room's border: the names that it offers, and no more."""

from __future__ import annotations

import pytest


def test_the_room_offers_exactly_what_it_says() -> None:
    import lockstick.transfer as room  # noqa: PLC0415 - the module itself is under test

    assert sorted(room.__all__) == room.__all__
    assert all(getattr(room, name) is not None for name in room.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = room.nothing
