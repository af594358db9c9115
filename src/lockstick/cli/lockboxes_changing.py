"""The commands that change a lockbox, and with it the list that all lockboxes of the account share."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lockstick.cli.api_access import ApiOptions, api_client, api_options
from lockstick.cli.asking import ask, yes_option
from lockstick.cli.build_run import BuildOptions, build_options, run_build
from lockstick.cli.options import Command, HintedPath, common, option
from lockstick.errors import LockstickError, NotCurrentError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lockstick.cli.console import Console
    from lockstick.cloud.api import ApiClient, LockboxContent
    from lockstick.cloud.definitions import Assessment

__all__ = ["define", "delete", "revoke"]


def _build_after(command: Command) -> Callable[..., Any]:
    """``--build DIR`` and all about it; the command gets it as ``building``: the run, or None."""

    @option(
        "--build",
        "output",
        metavar="DIR",
        type=click.Path(path_type=Path),
        help="Then build the lockbox into this folder, also if nothing was to change.",
    )
    @option(
        "--credentials",
        metavar="ZIP",
        type=HintedPath(exists=True, dir_okay=False),
        help="The account's credentials.zip, for --build.",
    )
    @build_options
    @wraps(command)
    def with_building(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever the command takes and returns
        output, credentials, how = (options.pop(name) for name in ("output", "credentials", "how"))
        if output is not None and credentials is None:
            raise UsageError(
                "--build needs the account's credentials.zip",
                why="an API client defines lockboxes, and credentials.zip fetches them",
                remedy="Give it with --credentials; it is downloaded from the account's settings page.",
            )
        if output is None or credentials is None:
            return command(*arguments, building=None, **options)
        building = _Building(output, credentials, how)
        return command(*arguments, building=building, **options)

    return with_building


class _Building:
    """A build that follows.

    Args:
        output: Where to.
        credentials: The account's ``credentials.zip``.
        how: The options.
    """

    def __init__(self, output: Path, credentials: Path, how: BuildOptions) -> None:
        self._output = output
        self._credentials = credentials
        self._how = how

    def run(self, console: Console, name: str) -> tuple[dict[str, object], Iterable[str]]:
        """Build the lockbox as it is now."""
        return run_build(
            console,
            name,
            credentials=self._credentials,
            output=self._output,
            how=self._how,
            at=datetime.now(UTC),
        )


_dry_run = option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
_renew = option("--renew", is_flag=True, help="Publish it anew even if nothing would change.")


@click.command()
@click.argument("name")
@option(
    "--file",
    "-f",
    "file",
    required=True,
    metavar="FILE",
    type=HintedPath(exists=True, dir_okay=False, missing="A definition in YAML: docs/cloud.md says what is in it."),
    help="The definition: a YAML file with 'packages' and, if wanted, 'expires'.",
)
@_dry_run
@_renew
# No variable: 'pack --force' has the same, and means something harmless by it.
@option("--force", is_flag=True, envvar=None, help="Publish it even if devices or the service would refuse it.")
@yes_option
@_build_after
@api_options
@common
def define(
    console: Console,
    name: str,
    file: Path,
    dry_run: bool,
    renew: bool,
    force: bool,
    yes: bool,
    building: _Building | None,
    api: ApiOptions,
) -> int:
    """Define the lockbox NAME as a file says, or replace it.

    Says first what will change, and asks. Whatever is not in the file is taken out. If nothing would change, nothing
    is sent.

    \b
    packages:
      - firmware-1.0.bin          # by its id
      - name: kiosk app           # or by name and version
        version: "1.10"
    expires: 90d                  # or a date; a year if left out
    """  # noqa: D301 - the mark is click's, and no backslash
    from lockstick.cli.definition_files import read_file
    from lockstick.cloud.definitions import prepare

    wanted = read_file(file)

    def assess(client: ApiClient) -> Assessment:
        return prepare(client, name, wanted, now=datetime.now(UTC), renew=renew)

    return _change(console, api, assess, dry_run=dry_run, force=force, yes=yes, building=building)


@click.command()
@click.argument("name")
@_dry_run
@_renew
@yes_option
@_build_after
@api_options
@common
def revoke(
    console: Console,
    name: str,
    dry_run: bool,
    renew: bool,
    yes: bool,
    building: _Building | None,
    api: ApiOptions,
) -> int:
    """Publish the lockbox NAME with nothing in it.

    A device that sees the list of lockboxes from then on refuses every older stick. One that does not, still installs
    from sticks that were built before, until these end: they cannot be called back.
    """
    from lockstick.cloud.definitions import prepare_revocation

    def assess(client: ApiClient) -> Assessment:
        return prepare_revocation(client, name, now=datetime.now(UTC), renew=renew)

    return _change(console, api, assess, dry_run=dry_run, force=True, yes=yes, building=building)


@click.command()
@click.argument("name")
@yes_option
@api_options
@common
def delete(console: Console, name: str, yes: bool, api: ApiOptions) -> int:
    """Take the lockbox NAME out of the account.

    Sticks that hold it stay good until they end, for devices that see no newer list of lockboxes. To have something to
    hand out that supersedes them, revoke it instead and build that.
    """
    from lockstick.cloud.api import content_of
    from lockstick.report.definitions import aging
    from lockstick.report.lockboxes import show_text

    with api_client(console, api) as client:
        content = content_of(client.lockboxes.document(name))
        count = len(client.lockboxes.names())
        ends = "they end" if content.expires is None else f"{content.expires:%Y-%m-%d %H:%M} UTC"
        about = [
            *show_text(name, content, datetime.now(UTC)),
            f"  Sticks that hold it stay good until {ends}, for devices that see no newer list.",
            *aging(count),
        ]
        if not console.json:
            console.result(about)
        ask(console, f"Delete the lockbox {name}?", account=client.account, about=about, yes=yes)
        client.lockboxes.delete(name)
    if console.json:
        console.document({"deleted": {"name": name, "version": content.version}, "lockboxes": count - 1})
    else:
        console.say(f"Deleted {name}.")
    return 0


def _change(
    console: Console,
    api: ApiOptions,
    assess: Callable[[ApiClient], Assessment],
    *,
    dry_run: bool,
    force: bool,
    yes: bool,
    building: _Building | None,
) -> int:
    from lockstick.cloud.definitions import publish
    from lockstick.report.definitions import assessment_json, assessment_text, published_text

    published: LockboxContent | None = None
    with api_client(console, api) as client:
        assessed = assess(client)
        if not console.json:
            console.result(assessment_text(assessed))
        if dry_run:
            return _end_rehearsal(console, assessed, force=force)
        if assessed.obstacles and not force:
            raise _refused(assessed)
        if assessed.changes:
            about = assessment_text(assessed)
            ask(console, f"Publish the lockbox {assessed.name}?", account=client.account, about=about, yes=yes)
            published = publish(client, assessed, was_shown=not yes)
            if not console.json:
                console.result(published_text(assessed, published))
    document = None if building is None else _build(console, building, assessed.name, published)
    if console.json:
        console.document(assessment_json(assessed, published=published, build=document))
    return 0


def _build(console: Console, building: _Building, name: str, published: LockboxContent | None) -> dict[str, object]:
    try:
        document, lines = building.run(console, name)
    except LockstickError as error:
        if published is not None:
            error.remedy += f" The lockbox was published, as version {published.version}; only the build failed."
        raise
    _check_built(document, name, published)
    if not console.json:
        console.result(lines)
    return document


def _check_built(document: dict[str, object], name: str, published: LockboxContent | None) -> None:
    """See that what was built is what was published just before: the repository may hand out what was there till then.

    Raises:
        NotCurrentError: It is older, though genuine.
    """
    verified = document.get("verify")
    box = verified.get("lockbox") if isinstance(verified, dict) else None
    version = box.get("version") if isinstance(box, dict) else None
    if published is not None and isinstance(version, int) and version < published.version:
        raise NotCurrentError(
            f"the lockbox {name!r} was built as it was before",
            why=f"version {version} was built, and version {published.version} was published",
            remedy="Do not hand it out. Build it again; if that gives the old one as well, something on the way keeps "
            "old answers.",
        )


def _end_rehearsal(console: Console, assessed: Assessment, *, force: bool) -> int:
    from lockstick.report.definitions import assessment_json

    is_refused = bool(assessed.obstacles) and not force
    if console.json:
        console.document(assessment_json(assessed, published=None))
    elif is_refused:
        raise _refused(assessed)
    return UsageError.exit_code if is_refused else 0


def _refused(assessed: Assessment) -> UsageError:
    return UsageError(
        f"the lockbox {assessed.name!r} was not defined",
        why=" ".join(assessed.obstacles),
        remedy="Correct the definition. If you know better, --force publishes it all the same.",
    )
