"""Which store of verified bytes a run uses."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lockstick.cli.options import Command, option, settings
from lockstick.errors import MediaError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lockstick.cli.console import Console
    from lockstick.lockbox.sharing import SharedShelf
    from lockstick.progress import Observer
    from lockstick.transfer.shared import SharedStore
    from lockstick.transfer.store.content import ContentStore

__all__ = ["named_store", "shared_store", "shared_stores", "store_option", "stores_option", "usable_store"]

_NONE = "none"
_SHARED = "s3://"


def store_option(command: Command) -> Command:
    """``--store DIR|none``: where verified bytes are kept."""
    return option(
        "--store",
        metavar="DIR|none",
        help="Where verified bytes are kept on this machine, so that nothing is fetched twice "
        "(default: the platform's place for caches; 'none' does without).",
    )(command)


class _Store(click.ParamType["str"]):
    """A folder, an address of a shared store, or ``none``."""

    name = "store"

    def split_envvar_value(self, rv: str) -> list[str]:
        """Read several from one variable."""
        return _split(rv)


def _split(text: str) -> list[str]:
    """Tell the folder from the shared stores: addresses have no blanks, a folder may have some."""
    words = text.split(" ")
    shared = [word for word in words if word.startswith(_SHARED)]
    folder = " ".join(word for word in words if not word.startswith(_SHARED)).strip()
    return [*([folder] if folder else []), *shared]


def stores_option(command: Command) -> Command:
    """``--store DIR|none|s3://BUCKET/PREFIX``, several times: where verified bytes are kept and may be found."""
    return option(
        "--store",
        "stores",
        metavar="DIR|none|s3://...",
        multiple=True,
        type=_Store(),
        help="Where verified bytes are kept on this machine, so that nothing is fetched twice (default: the "
        "platform's place for caches; 'none' does without). Also, several times, a shared store in a bucket.",
    )(command)


@contextmanager
def shared_stores(values: Sequence[str], observer: Observer) -> Iterator[Sequence[SharedShelf]]:
    """Open the shared stores among the values of ``--store``, in their order.

    Args:
        values: What was given.
        observer: Told of what does not work.

    Yields:
        The stores, for one build.

    Raises:
        UsageError: An address makes no sense, or the extra is not installed.
    """
    named = [value for value in values if value.startswith(_SHARED)]
    if not named:
        yield ()
        return
    from lockstick.lockbox.sharing import SharedShelf
    from lockstick.transfer.shared import open_bucket

    with ExitStack() as stack:
        stores = [stack.enter_context(closing(open_bucket(value))) for value in named]
        yield [SharedShelf(store, observer) for store in stores]


@contextmanager
def shared_store(value: str | None) -> Iterator[SharedStore | None]:
    """Open the shared store that an option names, if it names one and no folder.

    Args:
        value: What was given, or None for the default.

    Yields:
        The store; None if the store on this machine is meant.

    Raises:
        UsageError: The address makes no sense, or the extra is not installed.
        NotAllowedError: The profile has no usable credentials.
    """
    values = _split(value or "")
    if not values or _folder_of(values) is not None:
        yield None
        return
    from lockstick.transfer.shared import open_bucket

    with closing(open_bucket(values[0])) as store:
        yield store


def _folder_of(values: Sequence[str]) -> str | None:
    folders = [value for value in values if not value.startswith(_SHARED)]
    if len(folders) > 1:
        raise UsageError(
            "more than one store on this machine is named", remedy="Name one folder; shared stores are s3://…."
        )
    return folders[0] if folders else None


def named_store(value: str | None) -> ContentStore:
    """The store that an option names.

    Args:
        value: What was given, or None for the default.

    Returns:
        The store; nothing was looked at on the disk.

    Raises:
        UsageError: The option says to do without.
    """
    values = _split(value or "")
    folder = _folder_of(values)
    if values and folder is None:
        raise UsageError(
            f"this is only for the store on this machine, not for {values[0]}",
            remedy="A shared store can be listed and verified. Its bucket's lifecycle rule may remove what is old.",
        )
    store = _store(folder)
    if store is None:
        raise UsageError("there is no store to look at", remedy="Leave --store out, or name a folder.")
    return store


def usable_store(values: Sequence[str], console: Console, *, writes: bool) -> ContentStore | None:
    """The store that a build uses; one that cannot be used is no reason not to build.

    Args:
        values: What was given; the default if there is no folder in it.
        console: Told if the store cannot be used.
        writes: False to leave it as it is.

    Returns:
        The store, made if need be; None to do without.

    Raises:
        UsageError: The folder holds other things, or there are several.
    """
    store = _store(_folder_of(values))
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
