"""``lockstick updates``: updates over the network, for devices that have one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from lockstick.cli.api_access import ApiOptions, api_client, api_options
from lockstick.cli.asking import ask, yes_option
from lockstick.cli.options import HintedPath, common, option
from lockstick.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.cli.console import Console
    from lockstick.cloud.api import ApiClient, Package, Update

__all__ = ["updates"]

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class _Uuid(click.ParamType["str"]):
    """The name of a device or a fleet for programs."""

    name = "uuid"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        """Check it."""
        if _UUID.fullmatch(str(value)) is None:
            self.fail(f"{str(value)[:80]!r} is not a UUID like 7c0a2f6e-50a0-4d3e-8d5b-6a4c2a3f9e01", param, ctx)
        return str(value).lower()


@click.group()
def updates() -> None:
    """Launch and cancel updates over the network."""


@updates.command()
# What goes to whom has no variables: these add up, and one that was set for something else ('rehearse --fleet') would
# send the update to a whole fleet besides the one device that is named.
@option("--package", "ids", multiple=True, envvar=None, metavar="ID", help="A package, by its id (repeatable).")
@option(
    "--file",
    "-f",
    "file",
    envvar=None,
    metavar="FILE",
    type=HintedPath(exists=True, dir_okay=False),
    help="A definition as for a lockbox: its packages, with what it says of each; its end does not matter.",
)
@option("--device", "devices", multiple=True, envvar=None, type=_Uuid(), metavar="UUID", help="A device (repeatable).")
@option("--fleet", "fleets", multiple=True, envvar=None, type=_Uuid(), metavar="UUID", help="A fleet (repeatable).")
@option("--dry-run", is_flag=True, help="Say what would be sent to whom; send nothing.")
@yes_option
@api_options
@common
def launch(
    console: Console,
    ids: tuple[str, ...],
    file: Path | None,
    devices: tuple[str, ...],
    fleets: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    api: ApiOptions,
) -> int:
    """Send packages to devices and fleets, as one update.

    The exit code is 8 if no device takes part: then nothing was launched.
    """
    from lockstick.report.packages import list_text
    from lockstick.report.updates import launch_json, launch_text

    if not (ids or file) or not (devices or fleets):
        raise UsageError(
            "an update needs packages, and devices or fleets to go to",
            remedy="Give --package or --file, and --device or --fleet.",
        )
    with api_client(console, api) as client:
        update, known = _update(client, ids, file, devices, fleets)
        about = [
            *list_text([known[one] for one in update.package_ids]),
            f"for {len(devices)} device(s) and {len(fleets)} fleet(s)",
            *(f"  every device of the fleet {one}" for one in fleets),
        ]
        if not console.json:
            console.result(about)
        if dry_run:
            if console.json:
                console.document(launch_json(update.package_ids, None))
            return 0
        ask(console, "Launch this update?", account=client.account, about=about, yes=yes)
        result = client.updates.launch(update)
    if console.json:
        console.document(launch_json(update.package_ids, result))
    else:
        console.result(launch_text(result))
        if not result.affected:
            console.say("No device takes part: nothing was launched.")
    return 0 if result.affected else NotFoundError.exit_code


def _update(
    client: ApiClient, ids: tuple[str, ...], file: Path | None, devices: tuple[str, ...], fleets: tuple[str, ...]
) -> tuple[Update, dict[str, Package]]:
    from lockstick.cli.definition_files import read_file
    from lockstick.cloud.api import Update
    from lockstick.cloud.definitions import Definition, Wanted, wanted_packages

    named = tuple(Wanted(package_id=one) for one in dict.fromkeys(ids))
    listed = () if file is None else read_file(file).packages
    definition = Definition(lockbox=None, expires=None, packages=(*named, *listed), origin="the command line")
    found, known = wanted_packages(client, definition)
    update = Update(package_ids=found.package_ids, devices=devices, fleets=fleets, custom=found.custom)
    return update, known


@updates.command()
@option(
    "--device", "devices", multiple=True, required=True, type=_Uuid(), metavar="UUID", help="A device (repeatable)."
)
@api_options
@common
def cancel(console: Console, devices: tuple[str, ...], api: ApiOptions) -> int:
    """Cancel what devices have not picked up yet.

    The exit code is 8 if nothing was cancelled for any of them. Fleets cannot be named: the cloud does not take them.
    """
    from lockstick.report.updates import cancel_json, cancel_text

    with api_client(console, api) as client:
        cancelled = [one.lower() for one in client.updates.cancel(devices)]
    if console.json:
        console.document(cancel_json(devices, cancelled))
    else:
        console.result(cancel_text(devices, cancelled))
    return 0 if cancelled else NotFoundError.exit_code
