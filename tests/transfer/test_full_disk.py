"""A disk that is really full: refused before, or found out in the middle, and continued when there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lockstick.errors import MediaError
from lockstick.transfer import ClientFactory, fetch_all
from transfer.ground import Want, World, noise
from transfer.misbehaving import Blob, Server

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20


def test_a_file_that_does_not_fit_is_refused_before_it_starts(
    server: Server, want: Want, clients: ClientFactory, small_disk: Path
) -> None:
    data = noise(9 * MIB)
    server.routes["/file"] = Blob(data)
    wanted = want(data, destination=small_disk / "file", partial=small_disk / "part")
    with pytest.raises(MediaError, match="not enough room"):
        fetch_all([wanted], clients=clients)
    assert server.requests == []


def test_room_that_is_gone_when_it_is_set_aside_is_said_before_the_first_byte(
    server: Server, want: Want, clients: ClientFactory, world: World, small_disk: Path
) -> None:
    wanted = want(noise(5 * MIB), destination=small_disk / "file", partial=small_disk / "part")
    world.free = lambda _: 1 << 40  # as if somebody took the room just after it was looked at
    (small_disk / "other").write_bytes(bytes(4 * MIB))
    with pytest.raises(MediaError, match=r"setting 5\.2 MB aside") as caught:
        fetch_all([wanted], clients=clients, surroundings=world.surroundings)
    assert "Make room" in caught.value.remedy
    assert server.requests == []
    assert sorted(path.name for path in small_disk.iterdir()) == ["lost+found", "other"]


def test_a_disk_that_fills_up_in_the_middle_keeps_what_it_has(
    server: Server,
    want: Want,
    clients: ClientFactory,
    world: World,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As on a file system that cannot set room aside.
    monkeypatch.setattr("lockstick.transfer.partial.reserve", lambda _fd, _length: None)
    data = noise(5 * MIB)
    server.routes["/file"] = Blob(data)
    wanted = want(data, destination=small_disk / "file", partial=small_disk / "part")
    # Somebody else takes the room after it was looked at.
    (small_disk / "other").write_bytes(bytes(4 * MIB))
    with pytest.raises(MediaError, match="the disk is full") as caught:
        fetch_all([wanted], clients=clients, surroundings=world.surroundings)
    assert "Make room" in caught.value.remedy
    assert not wanted.destination.exists()
    (small_disk / "other").unlink()
    (fetched,) = fetch_all([wanted], clients=clients)
    assert fetched.destination.read_bytes() == data
    assert sorted(path.name for path in small_disk.iterdir()) == ["file", "lost+found"]
