"""``lockstick whoami``: what the credentials can do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lockstick.cli.api_access import api_options
from lockstick.cli.options import common, option
from lockstick.errors import NotAllowedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from lockstick.cli.api_access import Access, ApiOptions
    from lockstick.cli.console import Console
    from lockstick.cloud.permissions import Permission

__all__ = ["whoami"]


@click.command()
@api_options
@option(
    "--credentials",
    metavar="ZIP",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also, or alone if nobody is logged in: what this credentials.zip can do.",
)
@common
def whoami(console: Console, api: ApiOptions, credentials: Path | None) -> int:
    """Say who is logged in, and what the credentials can do.

    It tries: with requests that change nothing, whatever is answered.
    """
    from lockstick.cli.api_access import HOW_TO_LOG_IN, profiles
    from lockstick.report.whoami import clock_text, skew_seconds

    who = _access(api, is_optional=credentials is not None)
    document: dict[str, object] = {
        "api_client": None,
        "credentials": None,
        "clock_skew_seconds": None,
        "profiles": list(profiles().names()),
    }
    lines: list[str] = []
    useless = []
    if who is not None:
        document["api_client"], more, found, skew = _try_api(console, who)
        document["clock_skew_seconds"] = skew_seconds(skew)
        lines += [*more, *filter(None, [clock_text(skew)])]
        useless.append(not _any(found))
    if credentials is not None:
        document["credentials"], more, found = _try_file(console, credentials)
        lines += more
        useless.append(not _any(found))
    if not useless:
        raise NotAllowedError("nobody is logged in", remedy=HOW_TO_LOG_IN)
    if console.json:
        console.document(document)
    else:
        console.result(lines)
    return NotAllowedError.exit_code if any(useless) else 0


def _access(api: ApiOptions, *, is_optional: bool) -> Access | None:
    """Who asks the API; None if nobody is logged in and that is no matter."""
    from lockstick.cli.api_access import access, profiles
    from lockstick.cloud.login import DEFAULT_PROFILE

    says_nothing = api.profile is None and api.api_client is None and api.client_id is None
    if is_optional and says_nothing and DEFAULT_PROFILE not in profiles().names():
        return None
    return access(api)


def _try_api(
    console: Console, who: Access
) -> tuple[dict[str, object], list[str], Sequence[Permission], timedelta | None]:
    from lockstick.cli.login import TRIES
    from lockstick.cloud.api import ApiClient
    from lockstick.report.whoami import api_json, api_text
    from lockstick.transfer import Policy

    profile, kept = who.profile, who.kept
    with (
        console.observer() as observer,
        ApiClient(profile.oauth, endpoint=profile.endpoint, policy=Policy(attempts=TRIES), observer=observer) as client,
    ):
        found = client.permissions.all()
        skew = client.skew
    origin = "the command line" if who.source == "options" else "the environment"
    told = origin if kept is None else f"the profile {kept.name}, kept in {kept.place}"
    document = api_json(profile, found, source=who.source, kept=kept)
    return document, list(api_text(profile, found, found=told)), found, skew


def _try_file(console: Console, file: Path) -> tuple[dict[str, object], list[str], Sequence[Permission]]:
    from lockstick.cli.login import TRIES
    from lockstick.cloud.credentials import read_credentials
    from lockstick.cloud.permissions import try_credentials
    from lockstick.cloud.session import CloudSession
    from lockstick.report.whoami import file_json, file_text
    from lockstick.transfer import Policy

    account = read_credentials(file)
    with (
        console.observer() as observer,
        CloudSession(account, policy=Policy(attempts=TRIES), observer=observer) as session,
    ):
        found = try_credentials(session, observer)
    return file_json(file, account, found), list(file_text(file, account, found)), found


def _any(found: Sequence[Permission]) -> bool:
    return any(one.allowed for one in found)
