"""The usual sticks, one for each test that asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from media.ground.misbehaving import BadStick, bad_stick
from media.ground.mounting import Stick, exfat, ext4, fat32

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MIB = 1 << 20


@pytest.fixture
def ext4_stick(tmp_path: Path) -> Iterator[Stick]:
    """Ext4 on a loop device, 64 MiB."""
    with ext4(tmp_path / "ext4", 64 * _MIB) as stick:
        yield stick


@pytest.fixture
def tiny_stick(tmp_path: Path) -> Iterator[Stick]:
    """Ext4 on a loop device with room for about three mebibytes: soon full."""
    with ext4(tmp_path / "tiny", 4 * _MIB) as stick:
        yield stick


@pytest.fixture
def exfat_stick(tmp_path: Path) -> Iterator[Stick]:
    """ExFAT over FUSE on a loop device, 64 MiB, without symbolic links, modes and hard links."""
    with exfat(tmp_path / "exfat", 64 * _MIB) as stick:
        yield stick


@pytest.fixture
def fat32_stick(tmp_path: Path) -> Iterator[Stick]:
    """FAT32 over FUSE in a file, 64 MiB."""
    with fat32(tmp_path / "fat32", 64 * _MIB) as stick:
        yield stick


@pytest.fixture
def fuse_stick(tmp_path: Path) -> Iterator[BadStick]:
    """A stick that does as it is told: without orders, a good one."""
    with bad_stick(tmp_path / "fuse") as stick:
        yield stick
