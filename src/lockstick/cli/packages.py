"""``lockstick packages``: the packages of an account. What changes them is in ``packages_changing.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from lockstick.cli.api_access import ApiOptions, api_client, api_options
from lockstick.cli.options import common, option
from lockstick.cli.packages_changing import delete, edit, upload
from lockstick.errors import NotFoundError

if TYPE_CHECKING:
    from lockstick.cli.console import Console

__all__ = ["packages"]

_SORTS: dict[str, Literal["Filename", "CreatedAt"]] = {"name": "Filename", "created": "CreatedAt"}


@click.group()
def packages() -> None:
    """List, upload and change the packages of an account."""


@packages.command("list")
@option("--name", metavar="NAME", help="Only packages of this name.")
@option("--name-contains", metavar="TEXT", help="Only packages with this in their name.")
@option("--version", metavar="VERSION", help="Only packages of this version.")
@option("--id", "ids", multiple=True, metavar="ID", help="Only packages with one of these ids (repeatable).")
@option("--id-contains", metavar="TEXT", help="Only packages with this in their id.")
@option(
    "--hardware-id",
    "hardware_ids",
    multiple=True,
    metavar="ID",
    help="Only packages for one of these hardware ids (repeatable).",
)
@option("--hash", "hashes", multiple=True, metavar="HEX", help="Only packages with one of these digests (repeatable).")
@option(
    "--source",
    "sources",
    multiple=True,
    metavar="NAME",
    help="Only packages of one of these sources; 'own' is the account's own (repeatable).",
)
@option("--has-sbom/--has-no-sbom", default=None, help="Only packages with, or without, an SBOM (edition v2 only).")
@option("--sort", type=click.Choice(list(_SORTS)), help="What to sort by.")
@option("--descending", is_flag=True, help="The last first.")
@api_options
@common
def list_packages(
    console: Console,
    name: str | None,
    name_contains: str | None,
    version: str | None,
    ids: tuple[str, ...],
    id_contains: str | None,
    hardware_ids: tuple[str, ...],
    hashes: tuple[str, ...],
    sources: tuple[str, ...],
    has_sbom: bool | None,
    sort: str | None,
    descending: bool,
    api: ApiOptions,
) -> int:
    """List the packages, own and others', that fit all conditions."""
    from lockstick.cloud.api import PackageFilter
    from lockstick.report.packages import OWN, list_text, package_json

    wanted = PackageFilter(
        id_contains=id_contains,
        name_contains=name_contains,
        name=name,
        version=version,
        package_ids=ids,
        hardware_ids=hardware_ids,
        hashes=hashes,
        sources=[OWN if one == "own" else one if one.endswith(".json") else f"{one}.json" for one in sources],
        has_sbom=has_sbom,
        sort_by=None if sort is None else _SORTS[sort],
        direction="Desc" if descending else None,
    )
    with api_client(console, api) as client:
        found = list(client.packages.all(wanted))
    if console.json:
        console.document({"packages": [package_json(one) for one in found]})
    elif found:
        console.result(list_text(found))
    else:
        console.say("No package fits.")
    return 0


@packages.command()
@click.argument("package")
@api_options
@common
def show(console: Console, package: str, api: ApiOptions) -> int:
    """Show the package with the id PACKAGE."""
    from lockstick.report.packages import package_json, package_text

    with api_client(console, api) as client:
        found = client.packages.find(package)
    if console.json:
        console.document(package_json(found))
    else:
        console.result(package_text(found))
    return 0


@packages.command()
@click.argument("source", required=False)
@api_options
@common
def sources(console: Console, source: str | None, api: ApiOptions) -> int:
    """List the sources of others' packages, or the packages of one SOURCE."""
    from lockstick.report.packages import list_text, package_json, source_json, sources_text

    with api_client(console, api) as client:
        known = client.sources.info()
        if source is None:
            if console.json:
                console.document({"sources": [source_json(name, one) for name, one in known.items()]})
            elif known:
                console.result(sources_text(known))
            else:
                console.say("The account has no packages of others.")
            return 0
        short = source.removesuffix(".json")
        found = [one.package for one in client.sources.all() if one.origin.removesuffix(".json") == short]
    if not found and not {source, short} & known.keys():
        raise NotFoundError(
            f"there is no source {source!r}",
            why=f"there is {', '.join(known) or 'none'}",
            remedy="Name one of those that 'lockstick packages sources' lists.",
        )
    if console.json:
        console.document({"packages": [package_json(one) for one in found]})
    else:
        console.result(list_text(found))
    return 0


@packages.command()
@click.argument("source")
@api_options
@common
def refresh(console: Console, source: str, api: ApiOptions) -> int:
    """Let the cloud look for new packages at SOURCE."""
    with api_client(console, api) as client:
        client.sources.refresh(source)
    if console.json:
        console.document({"refreshed": source})
    else:
        console.say(f"The cloud looks at {source} anew.")
    return 0


for _command in (upload, edit, delete):
    packages.add_command(_command)
