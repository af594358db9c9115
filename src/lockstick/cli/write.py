"""``lockstick write``: a lockbox onto sticks, proven by reading it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lockstick.cli.options import HintedPath, at_option, common, option, trust_options
from lockstick.cli.recording import register_option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from lockstick.cli.console import Console
    from lockstick.errors import LockstickError

__all__ = ["worst_code", "write"]


@click.command()
@click.argument(
    "folder",
    metavar="DIR",
    type=HintedPath(exists=True, absent="Name the folder that 'lockstick build --output' wrote, not the lockbox."),
)
@option(
    "--to",
    "mounts",
    required=True,
    multiple=True,
    metavar="MOUNT",
    type=HintedPath(missing="Name the folder where the stick is mounted; 'lockstick drives' says where it is."),
    help="Where the stick is mounted; several times for several sticks.",
)
@option("--dry-run", is_flag=True, help="Look at the sticks and say what would be done; touch nothing.")
@option("--label", metavar="LABEL", help="The label that the devices look for; without it, none is asked for.")
@option("--i-know", is_flag=True, help="Write also to what is no removable drive.")
@option("--retry-bad", is_flag=True, help="Write blocks that are read back wrong once more, once.")
@option("--check-capacity", is_flag=True, help="First fill a part of the free space and read it back: is it there?")
@option("--eject", "ejects", is_flag=True, help="Eject the sticks that are proven.")
@option("--operator", metavar="NAME", default="", help="Who writes, for the receipt; nobody, if not given.")
@register_option
@trust_options
@at_option
@common
def write(
    console: Console,
    folder: Path,
    mounts: tuple[Path, ...],
    dry_run: bool,
    label: str | None,
    i_know: bool,
    retry_bad: bool,
    check_capacity: bool,
    ejects: bool,
    operator: str,
    register_file: Path | None,
    trust_folder: Path | None,
    tofu: bool,
    at: datetime,
) -> int:
    """Write the lockbox in DIR to sticks, read every byte back, and only then show it to devices.

    Only a lockbox that is genuine and current is written. What a stick has already is kept, so an update writes only
    what differs. Pull a stick or interrupt the run at any time: nothing half-written is visible, and the same command
    goes on where it was.
    """
    import time

    from lockstick.cli.anchoring import anchor_choice, memory_of
    from lockstick.cli.lockboxes import lockbox_in
    from lockstick.cli.recording import open_register, signing_key
    from lockstick.cli.sticks import check_room, finish, survey_for, with_meant_places
    from lockstick.lockbox.consignment import consign
    from lockstick.media.drives.ejecting import eject
    from lockstick.media.writing.holding import Held
    from lockstick.media.writing.planned import plan_sticks
    from lockstick.media.writing.proving import prover
    from lockstick.media.writing.write import refuse_own_source, refuse_twins, write_consignment
    from lockstick.report.write import plan_json, plan_text, write_json, write_text

    choice = anchor_choice(trust_folder, tofu=tofu)
    source = lockbox_in(folder)
    memory = memory_of(trust_folder, console, is_kept=not dry_run)
    register = open_register(register_file)
    key = None if dry_run else signing_key()
    refuse_twins(mounts)
    refuse_own_source(source, mounts)
    with console.observer() as observer, Held(mounts) as held:
        observer.phase("metadata")
        consignment = consign(source, anchors=choice, at=at, memory=memory)
        observer.phase("planning")
        planned = with_meant_places(plan_sticks(consignment, mounts, survey_for(label=label, i_know=i_know)))
        if check_capacity and not dry_run:
            planned = check_room(planned, observer, held)
        if dry_run:
            code = worst_code([one.error for one in planned])
            document, lines = plan_json(consignment, planned, register), plan_text(consignment, planned, register)
        else:
            console.keeps = "What is on the sticks is kept, and devices see nothing half-written"
            outcome = write_consignment(
                consignment,
                source,
                mounts,
                prove=prover(choice, at, time.monotonic, memory),
                clock=time.monotonic,
                observer=observer,
                retry_bad=retry_bad,
                refused={one.mount: one.error for one in planned if one.error is not None},
                held=held,
            )
            ends = finish(
                outcome,
                planned,
                register=register,
                key=key,
                operator=operator,
                held=held,
                eject=eject if ejects else None,
            )
            code = worst_code([*(one.error for one in outcome.sticks), *(one.trouble for one in ends)])
            document = write_json(outcome, ends)
            lines = write_text(outcome, ends, verbose=console.verbose)
    if console.json:
        console.document(document)
    else:
        console.result(lines)
    return code


def worst_code(errors: Sequence[LockstickError | None]) -> int:
    """The exit code that decides: 3 before 4, then the medium's, then any other.

    Args:
        errors: What went wrong; None where nothing did.

    Returns:
        The code; 0 if nothing went wrong.
    """
    codes = [error.exit_code for error in errors if error is not None]
    return next((code for code in (3, 4, 6) if code in codes), max(codes, default=0))
