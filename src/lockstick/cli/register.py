"""``lockstick register``: sticks that were written, and how long what is on them is good."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lockstick.cli.options import at_option, common, option
from lockstick.cli.recording import open_register, register_option, write_file

if TYPE_CHECKING:
    from lockstick.cli.console import Console
    from lockstick.media.records.register import Register
    from lockstick.media.records.standing import Standing

__all__ = ["register"]

_REMIND = 7
_MOST_DAYS = 10_000


@click.group()
def register() -> None:
    """Show which sticks were written on this machine, what is on them, and how long it is good."""


@register.command("list")
@option(
    "--expiring",
    type=click.IntRange(min=0, max=_MOST_DAYS),
    metavar="DAYS",
    help="Only sticks that are good for so many days at most, or not any more.",
)
@at_option
@register_option
@common
def list_sticks(console: Console, expiring: int | None, at: datetime, register_file: Path | None) -> int:
    """List sticks, what is on them and for how many days it is good, the most urgent first.

    Warns of sticks whose speed has halved, that failed before, or that carry an older version of a lockbox than
    another stick does.
    """
    from lockstick.media.records.standing import standings
    from lockstick.report.register import list_json, list_text

    sticks = open_register(register_file)
    found = standings(sticks.sticks(), at)
    if expiring is not None:
        found = tuple(one for one in found if one.days_left is not None and one.days_left <= expiring)
    if console.json:
        console.document(list_json(sticks.path, at, found))
    else:
        console.result(list_text(sticks.path, found))
    return 0


@register.command()
@click.argument("stick")
@at_option
@register_option
@common
def show(console: Console, stick: str, at: datetime, register_file: Path | None) -> int:
    """Show one stick with its receipts, the last one first.

    STICK is the beginning of its name in the register, or its serial number or label.
    """
    from lockstick.report.register import show_json, show_text

    standing = _standing(open_register(register_file), stick, at)
    if console.json:
        console.document(show_json(standing))
    else:
        console.result(show_text(standing))
    return 0


@register.command()
@option(
    "--format",
    "form",
    type=click.Choice(["csv", "ics"]),
    required=True,
    help="A table for spreadsheets, or a calendar of last safe days.",
)
@option(
    "--file",
    "file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to this file (default: standard output).",
)
@option(
    "--remind",
    type=click.IntRange(min=0, max=_MOST_DAYS),
    default=_REMIND,
    show_default=True,
    metavar="DAYS",
    help="In a calendar: remind so many days before.",
)
@at_option
@register_option
@common
def export(
    console: Console, form: str, file: Path | None, remind: int, at: datetime, register_file: Path | None
) -> int:
    """Export the register as CSV (RFC 4180) or as a calendar (RFC 5545)."""
    from lockstick.media.records.standing import standings
    from lockstick.report.register_csv import register_csv
    from lockstick.report.register_ics import register_ics

    found = standings(open_register(register_file).sticks(), at)
    text = register_csv(found) if form == "csv" else register_ics(found, stamp=at, remind=remind)
    if file is not None:
        write_file(file, text.encode("utf-8"))
    if console.json:
        members = {"format": form, "sticks": len(found), "file": None if file is None else str(file)}
        console.document(members | {"text": text if file is None else ""})
    elif file is None:
        # As bytes: no system may change the line ends that both formats ask for.
        click.echo(text.encode("utf-8"), nl=False)
    else:
        console.say(f"{len(found)} stick(s) in {file}")
    return 0


@register.command()
@click.argument("stick")
@option("--yes", is_flag=True, envvar=None, help="Do it. Without this, it is only said what would be forgotten.")
@register_option
@common
def forget(console: Console, stick: str, yes: bool, register_file: Path | None) -> int:
    """Forget one stick and its receipts: it was lost, retired or formatted. Nothing is changed on the stick.

    STICK is the beginning of its name in the register, or its serial number or label.
    """
    from lockstick.report.register import forget_json, forget_text

    sticks = open_register(register_file)
    standing = _standing(sticks, stick, datetime.now(UTC))
    if yes:
        sticks.forget(standing.record.name)
    if console.json:
        console.document(forget_json(standing, dry_run=not yes))
    else:
        console.result(forget_text(standing, dry_run=not yes))
    return 0


def _standing(sticks: Register, wanted: str, at: datetime) -> Standing:
    """One stick, seen with the others: a newer version of its lockbox may be on one of them."""
    from lockstick.media.records.standing import standings

    name = sticks.find(wanted).name
    return next(one for one in standings(sticks.sticks(), at) if one.record.name == name)
