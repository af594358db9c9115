"""Which store of verified bytes a run uses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lockstick.cli.options import Command, option, settings
from lockstick.errors import MediaError, UsageError

if TYPE_CHECKING:
    from lockstick.cli.console import Console
    from lockstick.transfer.store.content import ContentStore

__all__ = ["named_store", "store_option", "usable_store"]

_NONE = "none"


def store_option(command: Command) -> Command:
    """``--store DIR|none``: where verified bytes are kept."""
    return option(
        "--store",
        metavar="DIR|none",
        help="Where verified bytes are kept on this machine, so that nothing is fetched twice "
        "(default: the platform's place for caches; 'none' does without).",
    )(command)


def named_store(value: str | None) -> ContentStore:
    """The store that an option names.

    Args:
        value: What was given, or None for the default.

    Returns:
        The store; nothing was looked at on the disk.

    Raises:
        UsageError: The option says to do without.
    """
    store = _store(value)
    if store is None:
        raise UsageError("there is no store to look at", remedy="Leave --store out, or name a folder.")
    return store


def usable_store(value: str | None, console: Console, *, writes: bool) -> ContentStore | None:
    """The store that a build uses; one that cannot be used is no reason not to build.

    Args:
        value: What was given, or None for the default.
        console: Told if the store cannot be used.
        writes: False to leave it as it is.

    Returns:
        The store, made if need be; None to do without.

    Raises:
        UsageError: The folder holds other things.
    """
    store = _store(value)
    if store is None or not writes:
        return store
    try:
        store.prepare()
    except MediaError as error:
        console.say(f"The store is not used: {error}. Packages are fetched into the output itself.")
        return None
    return store


def _store(value: str | None) -> ContentStore | None:
    import time

    from lockstick.transfer.store.content import ContentStore

    if value == _NONE:
        return None
    folder = settings().store_folder if not value else Path(value)
    return ContentStore(folder, now=time.time, sleep=time.sleep)
