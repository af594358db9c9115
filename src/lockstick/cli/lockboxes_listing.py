"""``lockstick lockboxes``: the lockboxes of an account. What changes them is in ``lockboxes_changing.py``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lockstick.cli.api_access import ApiOptions, api_client, api_options
from lockstick.cli.lockboxes_changing import define, delete, revoke
from lockstick.cli.options import common, option
from lockstick.errors import TransferError

if TYPE_CHECKING:
    from lockstick.cli.console import Console
    from lockstick.cloud.api import ApiClient, SignedDocument
    from lockstick.cloud.definitions import Definition, Side
    from lockstick.report.lockboxes import Listed

__all__ = ["lockboxes"]

_FILES = (".yaml", ".yml")
_LAST_VERSION = 2**31 - 1


@click.group()
def lockboxes() -> None:
    """List, compare and define the lockboxes of an account.

    Nothing here is proven: what the cloud says is shown. 'build' and 'verify' prove.
    """


@lockboxes.command("list")
@api_options
@common
def list_lockboxes(console: Console, api: ApiOptions) -> int:
    """List the lockboxes: version, end, number of packages, and whether they are current, expired or revoked."""
    from lockstick.cloud.api import crowding
    from lockstick.report.lockboxes import list_json, list_text

    with api_client(console, api) as client:
        listed = [_listed(name, document) for name, document in sorted(client.lockboxes.details().items())]
    crowd, now = crowding(one.name for one in listed), datetime.now(UTC)
    if console.json:
        console.document(list_json(listed, crowd, now))
    elif listed:
        console.result(list_text(listed, crowd, now))
    else:
        console.say("The account has no lockboxes yet. Define one: lockstick lockboxes define NAME --file lockbox.yaml")
    return 0


def _listed(name: str, document: SignedDocument) -> Listed:
    from lockstick.cloud.api import content_of
    from lockstick.report.lockboxes import Listed

    try:
        return Listed(name, content_of(document))
    except TransferError:
        return Listed(name, None)


@lockboxes.command()
@click.argument("name")
@option("--version", type=click.IntRange(1, _LAST_VERSION), metavar="N", help="Which version (default: the newest).")
@api_options
@common
def show(console: Console, name: str, version: int | None, api: ApiOptions) -> int:
    """Show what is in the lockbox NAME."""
    from lockstick.cloud.api import content_of
    from lockstick.report.lockboxes import show_json, show_text

    with api_client(console, api) as client:
        content = content_of(client.lockboxes.document(name, version))
    now = datetime.now(UTC)
    if console.json:
        console.document(show_json(name, content, now))
    else:
        console.result(show_text(name, content, now))
    return 0


@lockboxes.command()
@click.argument("before")
@click.argument("after")
@api_options
@common
def diff(console: Console, before: str, after: str, api: ApiOptions) -> int:
    """Say what tells two lockboxes apart.

    BEFORE and AFTER are each a lockbox (line-a), a version of one (line-a@3), or a file with a definition
    (lockbox.yaml).
    """
    from lockstick.cloud.definitions.comparing import compare, read_reference
    from lockstick.report.definitions import difference_json, difference_text

    # Before anything is asked: files that are none, and names that cannot be.
    files: list[Definition | None] = []
    for text in (before, after):
        file = _definition(text)
        files.append(file)
        if file is None:
            read_reference(text)
    with api_client(console, api) as client:
        old, new = (_side(client, text, file) for text, file in zip((before, after), files, strict=True))
        plan = compare(client, old, new)
    if console.json:
        console.document(difference_json(old, new, plan))
    else:
        console.result(difference_text(old, new, plan))
    return 0


def _definition(text: str) -> Definition | None:
    if not text.lower().endswith(_FILES):
        return None
    from lockstick.cli.definition_files import read_file

    return read_file(Path(text))


def _side(client: ApiClient, text: str, file: Definition | None) -> Side:
    from lockstick.cloud.definitions import defined_side, published_side

    return published_side(client, text) if file is None else defined_side(client, file, now=datetime.now(UTC))


for _command in (define, revoke, delete):
    lockboxes.add_command(_command)
