"""Package bytes: made up on demand, the same on every machine, kept as files.

The bytes are pseudo-random and depend on nothing but the target name and the length. A block of random bytes
is made once and repeated with a different head each time: quick to make, no two packages alike, and never
more than one block in memory.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = ["SEEDS", "Package", "bulk", "pseudo_random", "resized", "store"]

_BLOCK = 1 << 20
_KIB = 1024


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package to offer.

    Attributes:
        name: Its name, as the user sees it.
        version: Its version, as the user sees it.
        hardware_ids: The hardware ids it is for.
        target: The target name; default ``name-version``.
        size: Bytes to make up, where no ``content`` is given.
        content: The bytes themselves.
        role: The role that lists it: ``targets`` or a delegation.
        external: Served at a plain public address named in ``custom.uri``.
        stored: Whether the server holds the bytes; without them it answers 417.
    """

    name: str
    version: str
    hardware_ids: Sequence[str]
    target: str = ""
    size: int = 64 * _KIB
    content: bytes | None = None
    role: str = "targets"
    external: bool = False
    stored: bool = True

    @property
    def filename(self) -> str:
        """The target name."""
        return self.target or f"{self.name}-{self.version}"


SEEDS: Sequence[Package] = (
    Package(
        name="firmware",
        version="1.0",
        target="firmware-1.0.bin",
        hardware_ids=("verdin-imx8mp",),
        size=1024 * _KIB,
    ),
    Package(
        name="sensors/co2 hub",
        version="2.3.1",
        target="sensors/co2 hub-2.3.1.bin",
        hardware_ids=("co2-hub",),
        size=96 * _KIB + 7,
    ),
    Package(
        name="tdx-bootloader",
        version="7.3.0",
        target="tdx-bootloader-7.3.0.bin",
        hardware_ids=("verdin-imx8mp-bootloader",),
        size=512 * _KIB,
        role="tdx-quarterly",
    ),
    Package(
        name="maps",
        version="2026.09",
        target="maps-2026.09.bin",
        hardware_ids=("map-unit",),
        size=300_000,
        external=True,
    ),
)
"""What every rehearsal cloud offers: a plain binary, one with a sub-folder and a blank in its name, one that a
delegated role vouches for, one that is fetched from elsewhere without a token."""


def bulk(count: int, size: int) -> list[Package]:
    """Make up packages for benchmarks: short names, and one hardware id each.

    A device refuses a lockbox that addresses a hardware id twice (lockbox-format 3.4), hence the ids.
    """
    return [Package(name="bulk", version=f"{n:05d}", hardware_ids=(f"bulk-{n:05d}",), size=size) for n in range(count)]


def resized(packages: Sequence[Package], size: int | None) -> list[Package]:
    """Give the packages with ``size`` bytes each; with None, as they are."""
    return [package if size is None else replace(package, size=size) for package in packages]


def pseudo_random(label: str, size: int) -> Iterator[bytes]:
    """Yield ``size`` bytes that depend only on the label, a block at a time."""
    block = _block()
    for at in range(0, size, _BLOCK):
        head = hashlib.blake2b(f"{label}:{at}".encode(), digest_size=32).digest()
        yield (head + block[len(head) :])[: min(_BLOCK, size - at)]


def store(folder: Path, chunks: Iterable[bytes]) -> tuple[str, int]:
    """Write bytes to a file named after their digest.

    Args:
        folder: Where blobs are kept.
        chunks: The bytes.

    Returns:
        The SHA-256 in hex, which is also the file's name, and the length.
    """
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"unfinished-{uuid.uuid4().hex}"
    digest, length = hashlib.sha256(), 0
    try:
        with unfinished.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                length += len(chunk)
        unfinished.replace(folder / digest.hexdigest())
    finally:
        unfinished.unlink(missing_ok=True)
    return digest.hexdigest(), length


@cache
def _block() -> bytes:
    return hashlib.shake_256(b"rehearsal").digest(_BLOCK)
