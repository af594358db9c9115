r"""One digest over all signed documents of a lockbox, which plain tools can compute as well.

It is the SHA-256 of what ``sha256sum`` prints for the documents below ``metadata/``, sorted by their path as bytes::

    cd update
    find metadata -type f -name '*.json' ! -name '._*' | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum

Every package is bound to these documents by its own digest in them, so the one digest stands for the whole lockbox.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from lockstick.disk.tree import EntryKind
from lockstick.errors import DistrustError, MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.disk.tree import Place, Tree

__all__ = ["MAX_DOCUMENTS", "MAX_TOTAL", "documents_digest"]

MAX_DOCUMENTS = 4096
"""The most names below ``metadata/`` that are looked at."""

MAX_TOTAL = 64 * 1024 * 1024
"""The most bytes of documents that are read."""

_DEEPEST = 8
_BLOCK = 1 << 20
_METADATA = "metadata"


def documents_digest(tree: Tree, inside: Place = ()) -> str:
    """Compute the digest.

    Args:
        tree: The lockbox, or a tree that it lies in.
        inside: Where in the tree it lies: what holds ``metadata/``.

    Returns:
        The SHA-256 in lower-case hexadecimal digits.

    Raises:
        DistrustError: If something else than plain documents lies there, or too much of it.
        MediaError: If it cannot be read.
    """
    try:
        found = _documents(tree, (*inside, _METADATA), [MAX_DOCUMENTS])
        places = {"/".join(place[len(inside) :]).encode(): place for place in found}
        budget, lines = MAX_TOTAL, hashlib.sha256()
        for name, place in sorted(places.items()):
            digest, length = _hash(tree, place, budget)
            budget -= length
            lines.update(b"%s  %s\n" % (digest.encode(), name))
    except OSError as error:
        raise MediaError(f"the documents in {tree.shown} cannot be read", why=error.strerror or str(error)) from error
    return lines.hexdigest()


def _documents(tree: Tree, folder: Place, left: list[int]) -> Iterator[Place]:
    for entry in tree.entries(folder):
        left[0] -= 1
        if left[0] < 0:
            raise _refusal(tree, f"more than {MAX_DOCUMENTS} names lie below metadata/")
        place = (*folder, entry.name)
        # sha256sum writes such names in another way, and no signed document has one.
        if not entry.name.isprintable() or "\\" in entry.name:
            raise _refusal(tree, f"{entry.name!a} is no name of a document")
        if entry.kind is EntryKind.FOLDER:
            if len(place) > _DEEPEST + 1:
                raise _refusal(tree, f"folders below metadata/ are nested deeper than {_DEEPEST} levels")
            yield from _documents(tree, place, left)
        elif entry.name.endswith(".json") and not entry.name.startswith("._"):
            if entry.kind is not EntryKind.FILE:
                raise _refusal(tree, f"{'/'.join(place)} is no plain file")
            yield place


def _hash(tree: Tree, place: Place, budget: int) -> tuple[str, int]:
    digest, length = hashlib.sha256(), 0
    with tree.open(place) as file:
        while data := file.read(_BLOCK):
            length += len(data)
            if length > budget:
                raise _refusal(tree, f"its documents have more than {MAX_TOTAL} bytes")
            digest.update(data)
    return digest.hexdigest(), length


def _refusal(tree: Tree, why: str) -> DistrustError:
    return DistrustError(f"the documents in {tree.shown} have no digest", why=why)
