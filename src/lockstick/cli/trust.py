"""``lockstick trust``: which roots this machine believes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lockstick.cli.options import HintedPath, common, option

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.cli.console import Console
    from lockstick.lockbox.truststore import StoredAnchors, TrustStore

__all__ = ["trust"]


@click.group()
def trust() -> None:
    """Show and change the roots that this machine believes."""


@trust.command("list")
@common
def list_anchors(console: Console) -> int:
    """List the trust anchors of this machine."""
    store = _store()
    entries, broken = store.entries(), store.broken()
    for name in broken:
        console.say(f"warning: the anchors {name!r} cannot be read and are passed over; remove and add them again")
    if console.json:
        console.document({"anchors": [_json(entry) for entry in entries], "broken": list(broken)})
    elif entries:
        console.result(_line(entry) for entry in entries)
    else:
        console.say("This machine believes no roots yet. Add some: lockstick trust add NAME --from DIR-or-ZIP")
    return 0


@trust.command()
@click.argument("name")
@option(
    "--from",
    "origin",
    required=True,
    metavar="DIR|ZIP",
    type=HintedPath(exists=True, missing="The account's credentials.zip will do."),
    help="Folder with director-root.json and image-root.json, or a credentials.zip that holds the roots.",
)
@common
def add(console: Console, name: str, origin: Path) -> int:
    """Believe the roots of an account from now on, under NAME.

    Get the roots over a channel you trust, and compare the digests that are printed with the publisher's.
    """
    from lockstick.cli.anchoring import read_roots

    _refuse_lockbox(origin)
    entry = _store().add(name, read_roots(origin))
    _show(console, entry)
    if not console.json:
        console.say("Stored: this machine now believes these roots.")
    return 0


def _refuse_lockbox(origin: Path) -> None:
    """Say why the roots in a lockbox are not taken: whoever made it could have made them as well."""
    from lockstick.errors import UsageError
    from lockstick.lockbox.layout import MEDIA_FOLDER

    if any((place / "metadata").is_dir() for place in (origin, origin / MEDIA_FOLDER)):
        raise UsageError(
            f"{origin} is a lockbox, and a lockbox cannot vouch for itself",
            why="whoever forges a lockbox forges the roots in it as well",
            remedy="Take the roots from the account's credentials.zip or from the device's image (/var/sota/import).",
        )


@trust.command()
@click.argument("name")
@common
def show(console: Console, name: str) -> int:
    """Show the digests of the roots stored under NAME."""
    _show(console, _store().show(name))
    return 0


@trust.command()
@click.argument("name")
@option("--yes", is_flag=True, envvar=None, help="Do not ask.")
@common
def remove(console: Console, name: str, yes: bool) -> int:
    """Stop believing the roots stored under NAME."""
    store = _store()
    if name not in store.names():
        store.show(name)
    known = next((entry for entry in store.entries() if entry.name == name), None)
    if not yes:
        shown = f"the unreadable anchors {name}" if known is None else _line(known)
        click.confirm(f"Stop believing {shown}?", abort=True, err=True)
    store.remove(name)
    if console.json:
        console.document({"removed": {"name": name} if known is None else _json(known)})
    else:
        console.say(f"Removed {name}.")
    return 0


def _store() -> TrustStore:
    from lockstick.cli.options import settings
    from lockstick.lockbox.truststore import TrustStore

    return TrustStore(settings().trust_folder)


def _show(console: Console, entry: StoredAnchors) -> None:
    if console.json:
        console.document(_json(entry))
    else:
        console.result([entry.name, f"  director   {entry.director_digest}", f"  image-repo {entry.image_digest}"])


def _line(entry: StoredAnchors) -> str:
    director, image = (digest[:16] if digest else "none" for digest in (entry.director_digest, entry.image_digest))
    return f"{entry.name}: director {director}, image-repo {image}"


def _json(entry: StoredAnchors) -> dict[str, str | None]:
    return {"name": entry.name, "director": entry.director_digest, "image_repo": entry.image_digest}
