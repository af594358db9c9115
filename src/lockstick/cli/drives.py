"""``lockstick drives``: removable drives, and what is on them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from lockstick.cli.options import common, option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lockstick.cli.console import Console
    from lockstick.media.drives.occupants import Occupant
    from lockstick.media.model import Drive

__all__ = ["drives"]


@click.command()
@option("--all", "show_all", is_flag=True, help="Also the drives that are not offered, each with the reason.")
@option(
    "--watch", is_flag=True, help="Stay and tell what comes and goes, until Ctrl-C. With --json, one object per line."
)
@common
def drives(console: Console, show_all: bool, watch: bool) -> int:
    """List sticks and cards: what they are, where they are, and which lockbox is on them.

    A drive that the running system lives on is never offered. What is said of lockboxes is not proven; 'lockstick
    verify' does that.
    """
    if watch:
        return _watch(console, show_all=show_all)
    from lockstick.media.drives import find_drives, reason_against
    from lockstick.report.drives import drives_json, drives_text

    found = find_drives()
    shown = [drive for drive in found if show_all or not reason_against(drive)]
    hidden = [drive for drive in found if drive not in shown]
    occupants = _occupants(shown)
    if console.json:
        console.document(drives_json(shown, occupants))
    else:
        console.result(drives_text(shown, occupants, hidden=hidden))
    return 0


def _watch(console: Console, *, show_all: bool) -> int:
    import os
    import sys
    import time

    from lockstick.cli.boundary import INTERRUPTED
    from lockstick.media.drives import finder_for, reason_against
    from lockstick.media.drives.watching import Event
    from lockstick.media.drives.watching import watch as watch_drives
    from lockstick.report.drives import change_json, change_text

    console.say("Watching for sticks and cards. Ctrl-C ends it.")
    try:
        for change in watch_drives(
            finder_for(), wait=time.sleep, is_wanted=lambda drive: show_all or not reason_against(drive)
        ):
            occupants = _occupants([change.drive] if change.event is not Event.WENT else [])
            if console.json:
                console.result([json.dumps(change_json(change, occupants))])
            else:
                console.result(change_text(change, occupants))
    except KeyboardInterrupt:
        # The way it is meant to end: no word about it, and no JSON that is not a change.
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read it has seen enough. What is still to be written goes nowhere, without complaint.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _occupants(drives: Sequence[Drive]) -> dict[Path, tuple[Occupant, ...]]:
    from lockstick.media.drives.occupants import look_at_all

    # What lies on the running system's own drive is nobody's stick.
    return look_at_all(
        mount for drive in drives if not drive.is_system for volume in drive.volumes for mount in volume.mounted_at
    )
