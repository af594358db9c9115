"""``lockstick sandbox``: the rehearsal cloud."""

from __future__ import annotations

import re
import shlex
import time
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lockstick.cli.options import common, option
from lockstick.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lockstick.cli.console import Console
    from lockstick.sandbox import Package, Sandbox

__all__ = ["sandbox", "sandbox_extra"]

_SIZE = re.compile(r"([0-9]+)\s*(|B|[kKMG]B|[KMG]iB)")
_FACTOR = {"": 1, "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_FACTOR |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_TICK = 0.5
_LONG_SEEDING = 50 * 10**6


def _size(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    """Read ``4096``, ``16KiB`` or ``1GB``."""
    if value is None:
        return None
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise click.BadParameter(f"{value!r} is not a size like 4096, 16KiB or 1GB")
    return int(match.group(1)) * _FACTOR[match.group(2)]


_data = option(
    "--data",
    metavar="DIR",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the cloud keeps everything; made when it is not there.",
)


@click.group()
def sandbox() -> None:
    """A small Torizon-style cloud on this machine, to rehearse with."""


@sandbox.command()
@_data
@option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the API (default: any free one).")
@option(
    "--store-port", type=click.IntRange(0, 65535), default=0, help="Port of the object store (default: any free one)."
)
@option(
    "--package-size", callback=_size, metavar="SIZE", help="Size of each seeded package, e.g. 64MiB (new clouds only)."
)
@option(
    "--bulk-count", type=click.IntRange(0, 100_000), default=0, help="Seed so many more packages (new clouds only)."
)
@option(
    "--bulk-size", callback=_size, metavar="SIZE", default="16KiB", show_default=True, help="Size of each of these."
)
@common
def serve(console: Console, data: Path, **setup: Any) -> int:  # noqa: ANN401 - handed over as it is
    """Serve a rehearsal cloud on loopback until Ctrl-C.

    Prints its addresses and the paths of both kinds of credentials once it takes requests. The directory holds all
    its keys and packages; served again, it is the same cloud.
    """
    with sandbox_extra():
        from lockstick.sandbox import Sandbox, SandboxOptions
    options = SandboxOptions(**setup, on_seeding=partial(_announce, console))
    with Sandbox.start(data, options=options) as cloud:
        _introduce(console, cloud)
        with suppress(KeyboardInterrupt):
            while True:
                # Not one long wait: on Windows that would not notice Ctrl-C.
                time.sleep(_TICK)
    console.say("Stopped.")
    return 0


@sandbox.command()
@click.argument("name")
@_data
@option(
    "--package", "packages", multiple=True, metavar="TARGET", help="A package to put in (repeatable; default: all)."
)
@option(
    "--expires",
    metavar="TIME",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]),
    help="When it expires, UTC (default: in a year).",
)
@common
def define(console: Console, name: str, data: Path, packages: tuple[str, ...], expires: datetime | None) -> int:
    """Define the lockbox NAME in a rehearsal cloud, or replace it. Works while it is being served, too."""
    with sandbox_extra():
        from lockstick.sandbox import Publisher, RefusedError
    with closing(Publisher.open(data, now=lambda: datetime.now(UTC))) as cloud:
        until = None if expires is None else expires.replace(tzinfo=UTC)
        try:
            lockbox = cloud.define_lockbox(name, packages or None, expires=until)
        except RefusedError as error:
            raise UsageError(f"The rehearsal cloud refuses to define {name!r}.", why=error.message) from error
    signed = lockbox["signed"]
    if not isinstance(signed, dict) or not isinstance(targets := signed["targets"], dict):
        raise TypeError(name)
    if console.json:
        summary = {"version": signed["version"], "expires": signed["expires"], "targets": list(targets)}
        console.document({"lockbox": name, **summary})
    else:
        console.result([f"{name} version {signed['version']}, lockbox expires {signed['expires']}"])
        console.result(f"  {target}" for target in targets)
    return 0


def _announce(console: Console, packages: Sequence[Package]) -> None:
    """Say what is being made, if it is so much that it takes a while."""
    from lockstick.report.sizes import size

    total = sum(package.size for package in packages)
    if total > _LONG_SEEDING:
        console.say(f"Making {len(packages)} packages, {size(total)} …")


def _introduce(console: Console, cloud: Sandbox) -> None:
    base = f"{cloud.api_url}/api/v2beta"
    if console.json:
        console.document(
            {
                "api": cloud.api_url,
                "api_url": base,
                "store": cloud.store_url,
                "credentials": str(cloud.credentials_path),
                "api_client": str(cloud.api_client_path),
            }
        )
        return
    console.result(
        [
            f"API           {cloud.api_url}",
            f"object store  {cloud.store_url}",
            f"credentials   {cloud.credentials_path}",
            f"API client    {cloud.api_client_path}",
        ]
    )
    client = shlex.quote(str(cloud.api_client_path))
    console.say(f"Log in: lockstick login --profile rehearsal --api-client {client} --api-url {base}")
    console.say("Define a lockbox: lockstick sandbox define NAME --data DIR. Stop with Ctrl-C.")


@contextmanager
def sandbox_extra() -> Iterator[None]:
    """Say which extra is missing instead of which module."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("starlette", "uvicorn", "h11"):
            raise
        raise UsageError(
            "The rehearsal cloud is not installed.",
            why=f"the module {error.name} is missing",
            remedy="In a clone of Lockstick: pip install '.[sandbox]'",
        ) from error
