"""``lockstick inspect``: what is in a lockbox, without a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lockstick.cli.options import common, folder_argument

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.cli.console import Console

__all__ = ["inspect"]


@click.command()
@folder_argument
@common
def inspect(console: Console, folder: Path) -> int:
    """Show what is in a lockbox: its documents, their versions and ends, its packages. Nothing is proven.

    DIR is the folder that holds metadata/ and images/, or one with such a folder update/ in it, or an image of either
    in one file.
    """
    from lockstick.cli.lockboxes import lockbox_in
    from lockstick.lockbox.inspect import inspect as inspect_lockbox
    from lockstick.report.inspect import inspect_json, inspect_text

    contents = inspect_lockbox(lockbox_in(folder))
    if console.json:
        console.document(inspect_json(contents))
    else:
        console.result(inspect_text(contents))
    return 0
