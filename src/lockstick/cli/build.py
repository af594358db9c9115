"""``lockstick build``: a lockbox from the cloud into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lockstick.cli.build_run import BuildOptions, build_options, run_build
from lockstick.cli.options import HintedPath, at_option, common, option

if TYPE_CHECKING:
    from datetime import datetime

    from lockstick.cli.console import Console

__all__ = ["build"]


@click.command()
@click.argument("lockbox")
@option(
    "--credentials",
    required=True,
    metavar="ZIP",
    type=HintedPath(dir_okay=False, missing="Download credentials.zip from the account's settings page."),
    help="The account's credentials.zip.",
)
@option(
    "--output",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The folder that becomes the lockbox: new, empty, or one that an earlier build wrote.",
)
@option("--dry-run", is_flag=True, help="Prove the metadata and say what would be fetched; write nothing.")
@build_options
@at_option
@common
def build(
    console: Console,
    lockbox: str,
    credentials: Path,
    output: Path,
    dry_run: bool,
    how: BuildOptions,
    at: datetime,
) -> int:
    """Build LOCKBOX into a folder: prove its metadata, fetch what is missing, prove every byte.

    Interrupt it at any time and run it again: what was fetched is kept. The folder becomes a lockbox only
    as the last step, when everything in it is proven.
    """
    document, lines = run_build(
        console, lockbox, credentials=credentials, output=output, how=how, at=at, dry_run=dry_run
    )
    if console.json:
        console.document(document)
    else:
        console.result(lines)
    return 0
