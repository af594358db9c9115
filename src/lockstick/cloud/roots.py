"""Root chains: the unversioned root first, then every version up to it (cloud-apis 1.7).

Only asking for the unversioned root makes the key service lengthen its life; asking for a version does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.cloud.steering import is_same, version_of
from lockstick.errors import DistrustError

if TYPE_CHECKING:
    from lockstick.cloud.collection import Collection

__all__ = ["MAX_ROOTS", "ROOT", "fetch_chain", "fetch_root"]

ROOT = "root.json"

MAX_ROOTS = 1000
"""Most versions of a root that are fetched; older devices stop there as well (lockbox-format 12)."""


def fetch_root(collection: Collection) -> int:
    """Fetch the unversioned root, which renews it where that is due, and give its version.

    Raises:
        MalformedError: It cannot be read.
        NotFoundError: The repository has none.
        LockstickError: As in :meth:`Collection.fetch`.
    """
    return version_of(collection.fetch(ROOT), collection.subject(ROOT), collection.dialect)


def fetch_chain(collection: Collection, newest: int) -> bool:
    """Fetch ``1.root.json`` to ``newest.root.json``.

    A version that the repository does not have is left out: whether a chain with a gap can be believed
    depends on the trust anchor.

    Args:
        collection: Where they go. Versions that it already has are kept, apart from the newest.
        newest: The last version.

    Returns:
        True if the newest is the unversioned root that was fetched before, or there was none.

    Raises:
        DistrustError: There are too many.
        LockstickError: As in :meth:`Collection.fetch`.
    """
    if newest > MAX_ROOTS:
        raise DistrustError(
            f"{collection.subject(ROOT)} claims version {newest}", why=f"more than {MAX_ROOTS} are not fetched"
        )
    held = collection.files
    for version in range(1, newest + 1):
        name = f"{version}.{ROOT}"
        if version == newest or name not in held:
            collection.fetch_if_there(name)
    files = collection.files
    last = files.get(f"{newest}.{ROOT}")
    unversioned = files.get(ROOT)
    if unversioned is None or last is None:
        return unversioned is None
    return is_same(last, unversioned, collection.subject(ROOT), collection.dialect)
