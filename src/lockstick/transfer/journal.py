"""The journal beside a partial file: how much of it may be believed after a crash.

It is written only after the bytes it speaks of were flushed, it replaces its predecessor in one step, and it
says nothing about where the bytes came from: another URL for the same digest continues the same file. It is
a hint, never a proof. The prefix it speaks of is hashed again before it is used, and compared with the digest
noted here, so that a damaged prefix costs no further transfer.
"""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lockstick.disk.durable import write_new
from lockstick.transfer.validators import Validator

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Mark", "drop_journal", "journal_path", "kept_bytes", "load_journal", "save_journal"]

_FORMAT = 2
_SUFFIX = ".journal"
_FRESH = ".new"
_CAP = 64 * 1024
_MOST_STRETCHES = 1024
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A point in a partial file up to which its bytes were flushed.

    Attributes:
        length: The signed length of the whole file.
        digests: The signed digests of the whole file.
        flushed: How many bytes, from the start, were flushed and hashed.
        prefix: The digests of exactly those bytes.
        validator: What to send as If-Range to get the rest of the same bytes.
        beyond: Stretches behind those, from a first index up to but not including a last one, that were flushed too.
    """

    length: int
    digests: Mapping[str, str]
    flushed: int
    prefix: Mapping[str, str]
    validator: Validator | None
    beyond: tuple[tuple[int, int], ...] = ()

    @property
    def size(self) -> int:
        """How many bytes it speaks of in all."""
        return self.flushed + sum(end - first for first, end in self.beyond)


def journal_path(partial: Path) -> Path:
    """Say where the journal of a partial file lies."""
    return Path(f"{partial}{_SUFFIX}")


def save_journal(partial: Path, mark: Mark) -> None:
    """Write the journal, durably and in one step.

    Raises:
        OSError: The disk refused; the journal before it is still there.
    """
    document = {
        "format": _FORMAT,
        "length": mark.length,
        "digests": dict(mark.digests),
        "flushed": mark.flushed,
        "prefix": dict(mark.prefix),
        "beyond": [list(stretch) for stretch in mark.beyond],
        "validator": None if mark.validator is None else [mark.validator.header, mark.validator.value],
    }
    path = journal_path(partial)
    fresh = _fresh(path)
    write_new(fresh, json.dumps(document).encode())
    fresh.replace(path)


def load_journal(partial: Path) -> Mark | None:
    """Read the journal; None when there is none, or none that makes sense."""
    try:
        # Not blocking, so that a pipe somebody planted under the name is noticed instead of waited for.
        with os.fdopen(os.open(journal_path(partial), _FLAGS), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            raw = file.read(_CAP + 1)
        return _mark(json.loads(raw)) if len(raw) <= _CAP else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        # A torn or foreign journal only costs the bytes it would have saved.
        return None


def kept_bytes(partial: Path) -> int:
    """How many bytes of a partial file the next run will find of use, by what its journal says; 0 without one."""
    mark = load_journal(partial)
    return 0 if mark is None or not partial.exists() else mark.size


def drop_journal(partial: Path) -> None:
    """Remove the journal; one that stays behind does no harm, as it no longer fits any file."""
    path = f"{partial}{_SUFFIX}"
    for leftover in (path, path + _FRESH):
        with suppress(OSError):
            os.unlink(leftover)  # noqa: PTH108 - for every file, and a path object costs as much as the call


def _fresh(path: Path) -> Path:
    return Path(f"{path}{_FRESH}")


def _mark(document: Any) -> Mark | None:  # noqa: ANN401 - JSON that nobody has looked at yet
    if document["format"] != _FORMAT:
        return None
    validator = document["validator"]
    mark = Mark(
        length=document["length"],
        digests=_texts(document["digests"]),
        flushed=document["flushed"],
        prefix=_texts(document["prefix"]),
        validator=None if validator is None else Validator(*validator),
        beyond=tuple((first, end) for first, end in document["beyond"]),
    )
    numbers = (mark.length, mark.flushed, *chain.from_iterable(mark.beyond))
    if not all(type(number) is int for number in numbers) or not mark.size or len(mark.beyond) > _MOST_STRETCHES:
        return None
    # Everything in order and apart: the prefix, the stretches, the end of the file.
    edges = [0, mark.flushed, *chain.from_iterable(mark.beyond), mark.length]
    return mark if edges == sorted(edges) else None


def _texts(value: Any) -> dict[str, str]:  # noqa: ANN401 - JSON that nobody has looked at yet
    return {str(name): str(text) for name, text in value.items()}
