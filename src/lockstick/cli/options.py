"""Options that recur. They also read ``LOCKSTICK_<OPTION>`` from the environment, unless they say ``envvar=None``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lockstick.cli.console import Console

if TYPE_CHECKING:
    from lockstick.settings import Settings

__all__ = [
    "Command",
    "HintedPath",
    "Rate",
    "at_option",
    "common",
    "folder_argument",
    "option",
    "settings",
    "trust_options",
]

_RATE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([kKmMgG]?)")
_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3}

Command = TypeVar("Command", bound=Callable[..., Any])
_Decorator = Callable[[Command], Command]


def option(name: str, *more: str, **settings: Any) -> Callable[[Command], Command]:  # noqa: ANN401 - click's own
    """``click.option`` that also reads the environment, as the contract says of options.

    With ``envvar=None`` it does not: answers to questions, and what a change goes to, are said on the command line.

    Args:
        name: The long option.
        *more: Further declarations.
        **settings: Passed on.

    Returns:
        The decorator.
    """
    variable = "LOCKSTICK_" + name.removeprefix("--").split("/")[0].replace("-", "_").upper()
    settings.setdefault("envvar", variable)
    settings.setdefault("show_envvar", False)
    return click.option(name, *more, **settings)


def common(command: Command) -> Callable[..., Any]:
    """The options that every command has; the command is called with the :class:`Console` first."""

    @option("--json", "as_json", is_flag=True, help="One JSON document on standard output, nothing else there.")
    @option("--quiet", is_flag=True, help="No messages, no progress.")
    @option("--verbose", is_flag=True, help="More detail.")
    @option("--no-color", is_flag=True, help="Plain text (also: NO_COLOR).")
    @option(
        "--progress",
        type=click.Choice(["auto", "json", "none"]),
        default="auto",
        show_default=True,
        help="Progress on standard error: a few lines on a terminal, or one JSON object per line.",
    )
    @wraps(command)
    def with_console(**arguments: Any) -> Any:  # noqa: ANN401 - whatever the command takes and returns
        console = click.get_current_context().find_root().obj
        if not isinstance(console, Console):
            console = Console()
        console.json = arguments.pop("as_json")
        console.quiet = arguments.pop("quiet")
        console.verbose = arguments.pop("verbose")
        console.color = not (arguments.pop("no_color") or os.environ.get("NO_COLOR"))
        console.progress = arguments.pop("progress")
        return command(console, **arguments)

    return with_console


class _Time(click.ParamType["datetime"]):
    """A time as RFC 3339 writes it."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401
        """Read the time; one without an offset is refused, because it would mean something else elsewhere."""
        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a time like 2027-03-01T00:00:00Z", param, ctx)
        if instant.tzinfo is None:
            self.fail(f"{value!r} does not say in which time zone; write 2027-03-01T00:00:00Z", param, ctx)
        return instant.astimezone(UTC)


class Rate(click.ParamType["float"]):
    """Bytes a second: ``500k``, ``2.5M``, in decimal units as shops and drives count."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        """Read the rate."""
        if isinstance(value, int | float):
            return float(value)
        match = _RATE.fullmatch(str(value).strip())
        rate = float(match[1]) * _UNITS[match[2].lower()] if match else 0.0
        if not rate:
            self.fail(f"{value!r} is not a rate like 500k or 2.5M (bytes a second)", param, ctx)
        return rate


class HintedPath(click.Path):
    """A path with a word on what to do where it is not given, or not there.

    Args:
        missing: What to do if it is needed and was not given.
        absent: What to do, or to ask oneself, if it does not exist.
        **settings: As for ``click.Path``.
    """

    def __init__(self, *, missing: str = "", absent: str = "", **settings: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(path_type=Path, **settings)
        self._missing = missing
        self._absent = absent

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None = None) -> str | None:
        """What follows after the name of what is missing."""
        return self._missing or None

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """Check it as click does."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            if not self._absent or Path(value).exists():
                raise
            self.fail(f"{error.message} {self._absent}", param, ctx)


def at_option(command: Command) -> Command:
    """``--at TIME``: the time to judge by."""
    return option(
        "--at",
        type=_Time(),
        metavar="TIME",
        default=lambda: datetime.now(UTC),
        help="Judge by this time (default: now).",
    )(command)


def folder_argument(command: Command) -> Command:
    """``DIR``: a lockbox, in a folder or in an image."""
    return click.argument("folder", metavar="DIR", type=HintedPath(exists=True, absent="Is the stick mounted?"))(
        command
    )


def trust_options(command: Command) -> Command:
    """``--trust DIR|ZIP`` and ``--tofu``: what to believe."""
    command = option(
        "--tofu",
        is_flag=True,
        help="If no trusted root is known, believe the lockbox's own (first use). Devices never do this.",
    )(command)
    return option(
        "--trust",
        "trust_folder",
        metavar="DIR|ZIP",
        type=click.Path(exists=True, path_type=Path),
        help="Folder with director-root.json and image-root.json, or a credentials.zip that holds the roots, to "
        "believe (default: this machine's trust store).",
    )(command)


def settings() -> Settings:
    """This machine's settings; variables may name another trust store and another folder for profiles."""
    from dataclasses import replace

    from lockstick.settings import default_settings

    found = default_settings()
    if trust_folder := os.environ.get("LOCKSTICK_TRUST_STORE"):
        found = replace(found, trust_folder=Path(trust_folder))
    if profile_folder := os.environ.get("LOCKSTICK_PROFILE_STORE"):
        found = replace(found, profile_folder=Path(profile_folder))
    return found
