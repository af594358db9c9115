"""The commands that change which packages an account has, and what is said of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from lockstick.cli.api_access import ApiOptions, api_client, api_options
from lockstick.cli.asking import ask, yes_option
from lockstick.cli.options import HintedPath, common, option
from lockstick.errors import MediaError, TransferError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.cli.console import Console
    from lockstick.cloud.api import ApiClient

__all__ = ["delete", "edit", "upload"]

_MAX_METADATA = 1 << 20


@click.command()
@click.argument("file", type=HintedPath(exists=True, dir_okay=False))
@option("--name", required=True, metavar="NAME", help="The package's name.")
@option("--version", required=True, metavar="VERSION", help="Its version.")
@option(
    "--hardware-id",
    "hardware_ids",
    multiple=True,
    required=True,
    metavar="ID",
    help="What it is for (repeatable).",
)
@option(
    "--format",
    "target_format",
    type=click.Choice(["BINARY", "OSTREE"]),
    default="BINARY",
    show_default=True,
    help="What kind of package it is.",
)
@api_options
@common
def upload(
    console: Console,
    file: Path,
    name: str,
    version: str,
    hardware_ids: tuple[str, ...],
    target_format: str,
    api: ApiOptions,
) -> int:
    """Upload FILE as a new package.

    The same bytes again, under the same name and version, are no mistake: nothing is sent. Other bytes are refused, as
    a package cannot be replaced.
    """
    from lockstick.cloud.uploading import Upload, upload_once
    from lockstick.report.packages import package_json, package_text

    wanted = Upload(path=file, name=name, version=version, hardware_ids=hardware_ids, target_format=target_format)
    with console.observer() as observer, api_client(console, api, observer=observer) as client:
        done = upload_once(client.packages, wanted, observer=observer)
    if console.json:
        console.document({"uploaded": done.is_new, "package": package_json(done.package)})
    else:
        console.result(package_text(done.package))
        console.say("Uploaded." if done.is_new else "It is there already, with the same bytes; nothing was sent.")
    return 0


@click.command()
@click.argument("package")
@option(
    "--hardware-id",
    "hardware_ids",
    multiple=True,
    metavar="ID",
    help="What it is for from now on (repeatable; those not named are taken away).",
)
@option("--comment", metavar="TEXT", help="A note.")
@option("--uri", metavar="URL", help="Where its bytes are, if not with the service.")
@option(
    "--metadata",
    metavar="FILE",
    type=HintedPath(exists=True, dir_okay=False),
    help="A file with JSON that is said of it, in place of what was.",
)
@api_options
@common
def edit(
    console: Console,
    package: str,
    hardware_ids: tuple[str, ...],
    comment: str | None,
    uri: str | None,
    metadata: Path | None,
    api: ApiOptions,
) -> int:
    """Change what is said of the own package with the id PACKAGE. Its bytes cannot be changed.

    A lockbox keeps what it was signed with: define it anew after a change of the hardware ids.
    """
    from lockstick.cloud.api import PackageEdit
    from lockstick.report.packages import package_json, package_text

    if not hardware_ids and comment is None and uri is None and metadata is None:
        raise UsageError("nothing is to be changed", remedy="Give --hardware-id, --comment, --uri or --metadata.")
    changes = PackageEdit(
        hardware_ids=hardware_ids or None,
        comment=comment,
        uri=uri,
        proprietary=None if metadata is None else _read_json(metadata),
    )
    with api_client(console, api) as client:
        found = client.packages.edit(package, changes)
    if console.json:
        console.document(package_json(found))
    else:
        console.result(package_text(found))
    return 0


@click.command()
@click.argument("package")
@yes_option
# No variable: 'pack --force' has the same, and means something harmless by it.
@option("--force", is_flag=True, envvar=None, help="Delete it even if lockboxes name it; they cannot be built then.")
@api_options
@common
def delete(console: Console, package: str, yes: bool, force: bool, api: ApiOptions) -> int:
    """Delete the own package with the id PACKAGE. Lockboxes that name it cannot be built afterwards."""
    from lockstick.report.packages import package_json, package_text

    with api_client(console, api) as client:
        found = client.packages.find(package)
        users = _lockboxes_with(client, package)
        if users and not force:
            raise UsageError(
                f"the package {package!r} was not deleted",
                why=f"the lockbox(es) {', '.join(users)} name it, and could not be built",
                remedy="Define them without it first; --force deletes it all the same.",
            )
        about = list(package_text(found))
        if not console.json:
            console.result(about)
        ask(console, f"Delete the package {package}?", account=client.account, about=about, yes=yes)
        client.packages.delete(package)
    if console.json:
        console.document({"deleted": package_json(found), "lockboxes": users})
    else:
        console.say(f"Deleted {package}.")
    return 0


def _lockboxes_with(client: ApiClient, package: str) -> list[str]:
    from lockstick.cloud.api import content_of

    users = []
    for name, document in sorted(client.lockboxes.details().items()):
        try:
            if package in content_of(document).hashes:
                users.append(name)
        except TransferError:
            continue  # what cannot be read cannot be built either
    return users


def _read_json(path: Path) -> object:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_METADATA + 1)
    except OSError as error:
        raise MediaError(f"{path} cannot be read", why=error.strerror or "") from error
    if len(data) > _MAX_METADATA:
        raise UsageError(f"{path} has more than {_MAX_METADATA} bytes", remedy="Name a smaller file.")
    try:
        found: object = json.loads(data)
        json.dumps(found, allow_nan=False)  # the library reads numbers that are none, and ones too large for others
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON", why=str(error)[:200], remedy="Correct the file.") from None
    if not isinstance(found, dict):
        raise UsageError(f"{path} is not a JSON object", remedy="Write one: {...}.")
    return found
