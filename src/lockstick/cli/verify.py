"""``lockstick verify``: is it genuine, complete and current?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lockstick.cli.options import at_option, common, folder_argument, option, trust_options

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from lockstick.cli.console import Console

__all__ = ["exit_code_of", "verify"]


def exit_code_of(verdict: str) -> int:
    """The exit code for a verdict (docs/cli.md, "Exit codes").

    Args:
        verdict: The verdict.

    Returns:
        0 for verified, 4 for expired, 3 for everything else.
    """
    return {"verified": 0, "expired": 4}.get(verdict, 3)


@click.command()
@folder_argument
@trust_options
@at_option
@option("--no-remember", is_flag=True, help="Do not remember the versions that were verified.")
@common
def verify(
    console: Console, folder: Path, trust_folder: Path | None, tofu: bool, at: datetime, no_remember: bool
) -> int:
    """Prove a lockbox from its folder alone: is it genuine, complete and current?

    DIR is the folder that holds metadata/ and images/, or one with such a folder update/ in it (a mounted stick), or an
    image of either in one file: squashfs, tar (also with zstd), or a FAT disk image.
    No network is used. Every finding is listed, with what to do about it.
    """
    import time

    from lockstick.cli.anchoring import anchor_choice, memory_of
    from lockstick.cli.lockboxes import lockbox_in
    from lockstick.lockbox.verify import verify as verify_lockbox
    from lockstick.report.verify_json import verify_json
    from lockstick.report.verify_text import verify_text

    choice = anchor_choice(trust_folder, tofu=tofu)
    lockbox = lockbox_in(folder)
    memory = memory_of(trust_folder, console, is_kept=not no_remember)
    with console.observer() as observer:
        outcome = verify_lockbox(lockbox, anchors=choice, at=at, clock=time.monotonic, observer=observer, memory=memory)
    if console.json:
        console.document(verify_json(outcome))
    else:
        console.result(verify_text(outcome, verbose=console.verbose))
    return exit_code_of(outcome.verdict.value)
