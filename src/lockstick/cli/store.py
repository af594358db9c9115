"""``lockstick store``: verified bytes kept on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lockstick.cli.options import common, option
from lockstick.cli.sizing import SIZE
from lockstick.cli.storing import named_store, shared_store, store_option
from lockstick.errors import MediaError

if TYPE_CHECKING:
    from lockstick.cli.console import Console
    from lockstick.transfer.shared import SharedStore

__all__ = ["store"]

_DAY = 24 * 60 * 60


@click.group()
def store() -> None:
    """Look after the verified bytes that are kept on this machine."""


@store.command("list")
@store_option
@common
def list_entries(console: Console, store: str | None) -> int:
    """List what is kept: digest, size, last use, names.

    Of a shared store (--store s3://BUCKET/PREFIX): digest, size, and when it was put there. Nothing is proven.
    """
    with shared_store(store) as shared:
        if shared is not None:
            return _list_shared(console, shared)
    from lockstick.report.store import list_json, list_text
    from lockstick.transfer.store.listing import kept_in

    chosen = named_store(store)
    kept = kept_in(chosen.places)
    if console.json:
        console.document(list_json(chosen.folder, kept))
    else:
        console.result(list_text(chosen.folder, kept))
    return 0


@store.command("path")
@click.argument("digest")
@store_option
@common
def show_path(console: Console, digest: str, store: str | None) -> int:
    """Prove the entry with this SHA-256 and print where it is.

    DIGEST may be cut after eight digits. Copy the file; do not move it or write to it: outputs may share it.
    """
    from lockstick.transfer.store.checking import check
    from lockstick.transfer.store.listing import find

    chosen = named_store(store)
    found = find(chosen.places, digest)
    chosen.prepare()
    with console.observer() as observer:
        checked = check(chosen, observer, only=[found])
    if checked.damaged:
        raise MediaError(
            f"the entry {found.digest} was damaged",
            why="its bytes were not what they were when they were stored; it was removed",
            remedy="Build again: it is fetched again. Check the disk.",
        )
    if console.json:
        console.document({"digest": found.digest, "path": str(found.path), "length": found.length})
    else:
        console.result([str(found.path)])
    return 0


@store.command()
@store_option
@common
def verify(console: Console, store: str | None) -> int:
    """Read and hash everything that is kept; remove what is damaged.

    The exit code is 6 if something was damaged: the disk does not give back what was written to it.
    Of a shared store (--store s3://BUCKET/PREFIX) every byte is fetched for this.
    """
    with shared_store(store) as shared:
        if shared is not None:
            return _verify_shared(console, shared)
    from lockstick.report.store import check_json, check_text
    from lockstick.transfer.store.checking import check

    chosen = named_store(store)
    chosen.prepare()
    with console.observer() as observer:
        checked = check(chosen, observer)
    if console.json:
        console.document(check_json(chosen.folder, checked))
    else:
        console.result(check_text(chosen.folder, checked))
    return MediaError.exit_code if checked.damaged else 0


@store.command(short_help="Remove what was not used longest, down to a limit.")
@option("--limit", type=SIZE, metavar="SIZE", help="How much may stay, as in 20GB (default: 20 GB).")
@option(
    "--max-age",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Remove also what was not used for so many days.",
)
@option("--dry-run", is_flag=True, help="Say what would be removed; remove nothing.")
@store_option
@common
def prune(console: Console, limit: int | None, max_age: float | None, dry_run: bool, store: str | None) -> int:
    """Remove what was not used for the longest time, until the rest is within the limit.

    What a running build uses stays.
    """
    from lockstick.cli.options import settings
    from lockstick.report.store import prune_json, prune_text
    from lockstick.transfer.store.pruning import prune as prune_store

    chosen = named_store(store)
    if not dry_run:
        chosen.prepare()
    pruned = prune_store(
        chosen,
        limit=settings().store_limit if limit is None else limit,
        max_age=None if max_age is None else max_age * _DAY,
        dry_run=dry_run,
    )
    if console.json:
        console.document(prune_json(chosen.folder, pruned, dry_run=dry_run))
    else:
        console.result(prune_text(chosen.folder, pruned, dry_run=dry_run))
    return 0


def _list_shared(console: Console, shared: SharedStore) -> int:
    from lockstick.report.shared import list_json, list_text

    shared.check()
    listing = shared.entries()
    if console.json:
        console.document(list_json(shared.name, listing))
    else:
        console.result(list_text(shared.name, listing))
    return 0


def _verify_shared(console: Console, shared: SharedStore) -> int:
    from lockstick.report.shared import check_json, check_text

    shared.check()
    entries = shared.entries().entries
    damaged = []
    with console.observer() as observer:
        observer.phase("hashing", total_bytes=sum(one.length for one in entries), files=len(entries))
        for one in entries:
            observer.file_started(one.digest, length=one.length)
            if not shared.prove(one):
                shared.remove(one)
                damaged.append(one)
            observer.advanced(one.digest, one.length)
            observer.file_finished(one.digest)
    if console.json:
        console.document(check_json(shared.name, entries, damaged))
    else:
        console.result(check_text(shared.name, entries, damaged))
    return MediaError.exit_code if damaged else 0
