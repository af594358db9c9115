"""``lockstick explain``: why is this package to be believed, or not?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lockstick.cli.options import at_option, common, folder_argument, trust_options

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from lockstick.cli.console import Console

__all__ = ["explain"]


@click.command()
@folder_argument
@click.argument("package")
@trust_options
@at_option
@common
def explain(console: Console, folder: Path, package: str, trust_folder: Path | None, tofu: bool, at: datetime) -> int:
    """Show the chain from the trust anchor to the bytes of PACKAGE, link by link.

    PACKAGE is the name of a target, or of a package if one target alone has it. If the chain is broken, the first
    link that fails is shown, and what that usually means: stale, damaged, attack, or mistake.
    """
    from lockstick.cli.anchoring import anchor_choice, memory_of
    from lockstick.cli.lockboxes import lockbox_in
    from lockstick.cli.verify import exit_code_of
    from lockstick.lockbox.explain import explain as explain_package
    from lockstick.report.explain import explain_json, explain_text

    choice = anchor_choice(trust_folder, tofu=tofu)
    lockbox = lockbox_in(folder)
    memory = memory_of(trust_folder, console, is_kept=False)
    with console.observer() as observer:
        chain = explain_package(lockbox, package, anchors=choice, at=at, observer=observer, memory=memory)
    if console.json:
        console.document(explain_json(chain))
    else:
        console.result(explain_text(chain))
    return exit_code_of(chain.verdict.value)
