"""``lockstick verify``: is it genuine, complete and current?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lockstick.cli.options import HintedPath, at_option, common, folder_argument, option, trust_options
from lockstick.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from lockstick.cli.console import Console
    from lockstick.cloud.credentials import Credentials
    from lockstick.lockbox.outcome import VerifyOutcome
    from lockstick.lockbox.seen import SeenFiles
    from lockstick.progress import Observer

__all__ = ["exit_code_of", "verify"]

_TRIES = 4


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
@option("--online", is_flag=True, help="Then ask the cloud whether this is what it publishes now.")
@option(
    "--credentials",
    metavar="ZIP",
    type=HintedPath(dir_okay=False),
    help="The account's credentials.zip, for --online.",
)
@common
def verify(
    console: Console,
    folder: Path,
    trust_folder: Path | None,
    tofu: bool,
    at: datetime,
    no_remember: bool,
    online: bool,
    credentials: Path | None,
) -> int:
    """Prove a lockbox from its folder alone: is it genuine, complete and current?

    DIR is the folder that holds metadata/ and images/, or one with such a folder update/ in it (a mounted stick), or an
    image of either in one file: squashfs, tar (also with zstd), or a FAT disk image.
    No network is used, unless --online is given. Every finding is listed, with what to do about it.
    """
    import time

    from lockstick.cli.anchoring import anchor_choice, memory_of
    from lockstick.cli.lockboxes import lockbox_in
    from lockstick.lockbox.verify import verify as verify_lockbox
    from lockstick.report.verify_json import verify_json
    from lockstick.report.verify_text import verify_text

    account = _account(credentials, online=online)
    choice = anchor_choice(trust_folder, tofu=tofu)
    lockbox = lockbox_in(folder)
    # Where the cloud is asked, its answer comes before anything is remembered.
    memory = memory_of(trust_folder, console, is_kept=not no_remember and account is None)
    with console.observer() as observer:
        outcome = verify_lockbox(lockbox, anchors=choice, at=at, clock=time.monotonic, observer=observer, memory=memory)
        if account is not None:
            kept = memory_of(trust_folder, console, is_kept=not no_remember)
            outcome = _ask(account, outcome, at=at, observer=observer, memory=kept)
    if console.json:
        console.document(verify_json(outcome))
    else:
        console.result(verify_text(outcome, verbose=console.verbose))
    code = exit_code_of(outcome.verdict.value)
    unanswered = None if outcome.online is None else outcome.online.error
    if code or unanswered is None:
        return code
    if console.json:
        return unanswered.exit_code
    raise unanswered


def _account(credentials: Path | None, *, online: bool) -> Credentials | None:
    """Whose cloud is asked, read before anything else; None if none is. The variable alone asks for nothing."""
    if online:
        if credentials is None:
            raise UsageError(
                "--online needs the account's credentials.zip",
                remedy="Give it with --credentials; it is downloaded from the account's settings page.",
            )
        from lockstick.cloud.credentials import read_credentials

        return read_credentials(credentials)
    if click.get_current_context().get_parameter_source("credentials") is click.core.ParameterSource.COMMANDLINE:
        raise UsageError(
            "--credentials is for --online",
            why="without it nothing is asked of anybody",
            remedy="Add --online. To believe the roots in the file, name it with --trust.",
        )
    return None


def _ask(
    account: Credentials, outcome: VerifyOutcome, *, at: datetime, observer: Observer, memory: SeenFiles | None
) -> VerifyOutcome:
    from lockstick.cloud.session import CloudSession
    from lockstick.lockbox.cloudsource import CloudSource
    from lockstick.lockbox.online import ask_online
    from lockstick.transfer import Policy

    # Four tries take a few seconds: somebody waits, and the verification itself is done.
    with CloudSession(account, policy=Policy(attempts=_TRIES), observer=observer) as session:
        return ask_online(outcome, cloud=CloudSource(session), at=at, observer=observer, memory=memory)
