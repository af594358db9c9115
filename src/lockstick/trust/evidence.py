"""The signed documents of one lockbox, as they lie on a medium or came from a repository: bytes by file name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lockstick.metadata.dialect import Dialect

__all__ = ["Anchors", "Evidence", "RepositoryEvidence", "numbered_roots"]

_ROOT_NAME = re.compile(r"([1-9][0-9]{0,8})\.root\.json")


@dataclass(frozen=True, kw_only=True)
class RepositoryEvidence:
    """The documents of one repository.

    Attributes:
        files: File name on the medium (``1.root.json``, ``targets.json``, …) to bytes.
        unreadable: File name to the reason for which it was not read: larger than any device takes, a
            folder in its place, an error of the medium.
    """

    files: Mapping[str, bytes] = field(repr=False)
    unreadable: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The documents of both repositories."""

    director: RepositoryEvidence
    image_repo: RepositoryEvidence


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """The root documents that somebody decided to believe.

    Attributes:
        director: A root of the Director, of any version; None where there is none.
        image_repo: A root of the image repository; None where there is none.
        source: Where they came from: ``file``, ``store``, ``first-use`` or ``none``.
        dialect: The dialect of the documents below them. It is pinned with the roots, so whoever writes a
            document has no say in it.
    """

    director: bytes | None = field(repr=False)
    image_repo: bytes | None = field(repr=False)
    source: str
    dialect: Dialect = field(repr=False)


def numbered_roots(names: Iterable[str]) -> dict[int, str]:
    """Pick the roots of a chain among file names: ``1.root.json``, ``2.root.json`` and on.

    Args:
        names: File names of one repository.

    Returns:
        Number to name, in ascending order.
    """
    found = ((_ROOT_NAME.fullmatch(name), name) for name in names)
    return dict(sorted((int(match[1]), name) for match, name in found if match is not None))
