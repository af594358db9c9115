"""``lockstick rehearse``: what would this device say?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lockstick.cli.options import HintedPath, at_option, common, option

if TYPE_CHECKING:
    from datetime import datetime

    from lockstick.cli.console import Console

__all__ = ["rehearse"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = HintedPath(exists=True, absent="Is the stick mounted?")


@click.command()
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=_FOLDER)
@option("--device", "devices", metavar="PROFILE", multiple=True, type=_FILE, help="A device profile; may be repeated.")
@option("--fleet", metavar="CSV", type=_FILE, help="A list of devices: name,hardware_id,serial,secondaries,...")
@option(
    "--provisioned",
    metavar="DIR|ZIP",
    required=True,
    type=HintedPath(exists=True, missing="If the devices have its roots, the account's credentials.zip will do."),
    help="Folder with director-root.json and image-root.json, or a credentials.zip that holds the roots: those the "
    "devices were made with.",
)
@option(
    "--state",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="What the devices have seen before; written back, so that a later call continues the story.",
)
@at_option
@common
def rehearse(
    console: Console,
    folders: tuple[Path, ...],
    devices: tuple[Path, ...],
    fleet: Path | None,
    provisioned: Path,
    state: Path | None,
    at: datetime,
) -> int:
    """Say what devices would say to these lockboxes, inserted in this order.

    Plays the device client, with its leniencies, its limits and its memory. It proves nothing: a device accepts
    lockboxes that 'lockstick verify' refuses.
    """
    from lockstick.cli.anchoring import read_roots
    from lockstick.cli.lockboxes import lockbox_in
    from lockstick.errors import UsageError
    from lockstick.lockbox.devicestate import StateFile, read_state, write_state
    from lockstick.lockbox.profiles import check_distinct, read_fleet, read_profile
    from lockstick.lockbox.rehearse import rehearse as rehearse_lockboxes
    from lockstick.lockbox.rehearse import stories_exit_code
    from lockstick.report.rehearse import rehearse_json, rehearse_text
    from lockstick.trust.device.client import Provisioned

    profiles = tuple(read_profile(path) for path in devices) + (read_fleet(fleet) if fleet else ())
    if not profiles:
        raise UsageError("no device is given", remedy="Name one with --device PROFILE, or a list with --fleet CSV.")
    check_distinct(profiles)
    roots = read_roots(provisioned)
    memories = read_state(state) if state else StateFile()
    stories = rehearse_lockboxes(
        [(folder, lockbox_in(folder)) for folder in folders],
        profiles,
        provisioned=Provisioned(director=roots.director, image_repo=roots.image_repo),
        memory=memories.memory,
        at=at,
    )
    if state:
        write_state(state, memories)
    if console.json:
        console.document(rehearse_json(stories, fleet=fleet is not None))
    else:
        console.result(rehearse_text(stories))
    return stories_exit_code(stories)
