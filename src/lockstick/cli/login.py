"""``lockstick login``: keep the credentials of an API client."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from lockstick.cli.api_access import api_options
from lockstick.cli.options import common, option
from lockstick.errors import NotAllowedError, UsageError
from lockstick.secret import Secret

if TYPE_CHECKING:
    from lockstick.cli.api_access import ApiOptions
    from lockstick.cli.console import Console
    from lockstick.cloud.login import Keeping, Profile

__all__ = ["login"]


@click.command()
@api_options
@option(
    "--keep-in",
    type=click.Choice(["auto", "keyring", "file"]),
    default="auto",
    show_default=True,
    help="Where to keep the secret: in the system's keyring, in a file that only you can read, or (auto) in the "
    "keyring if there is one.",
)
@common
def login(console: Console, api: ApiOptions, keep_in: Keeping) -> int:
    """Log in with an API client: try it, and keep it for the other commands.

    Make the API client in the web interface. Its secret is asked for, or read from standard input, a file or the
    environment; it is never an option. Nothing is kept if the service refuses it.
    """
    from lockstick.cli.api_access import profiles
    from lockstick.cloud.api import ApiClient
    from lockstick.cloud.login import DEFAULT_PROFILE, check_profile_name
    from lockstick.report.whoami import api_json, api_text, clock_text, skew_seconds
    from lockstick.transfer import Policy

    name = check_profile_name(api.profile or DEFAULT_PROFILE)
    profile = _asked_for(api)
    with (
        console.observer() as observer,
        ApiClient(profile.oauth, endpoint=profile.endpoint, policy=Policy(attempts=TRIES), observer=observer) as client,
    ):
        found = client.permissions.all()
        skew = client.skew
    if not any(one.allowed for one in found):
        raise NotAllowedError(
            f"the API client {profile.oauth.client_id!r} may not do anything at {profile.endpoint.url}",
            why="; ".join(sorted({one.why for one in found})),
            remedy="Nothing was kept. Check the address of the API; if it is right, make a new API client.",
        )
    kept = profiles().put(name, profile, keep_in)
    if console.json:
        document = api_json(profile, found, source="profile", kept=kept)
        console.document({**document, "clock_skew_seconds": skew_seconds(skew)})
        return 0
    if kept.remark:
        console.say(f"The keyring is not used: {kept.remark}.")
    console.result(api_text(profile, found, found=f"the profile {name}, kept in {kept.place}"))
    if console.verbose and kept.file is not None:
        console.say(f"The file: {kept.file}")
    if clock := clock_text(skew):
        console.say(clock)
    return 0


TRIES = 4
"""How often a request is made before whoever waits at a screen is told that it does not work."""


def _asked_for(api: ApiOptions) -> Profile:
    """The credentials: from options and variables, and what is missing from whoever sits there."""
    from lockstick.cli.api_access import given_client

    if api.api_client is not None and api.client_id is not None:
        raise UsageError("--api-client and --client-id each say who asks", remedy="Say one of them.")
    if api.api_client is not None:
        profile = given_client(api, "api_client")
    else:
        if api.client_id is None:
            _require_somebody("the API client's id", "--client-id ID, or --api-client FILE")
            api = replace(api, client_id=click.prompt("Client id", err=True).strip())
        profile = given_client(api, "client_id", ask=_ask_secret)
    if profile is None:
        raise TypeError("asked, and got nothing")
    return profile


def _ask_secret() -> Secret:
    _require_somebody(
        "the API client's secret", "--client-secret-file FILE (- for standard input), or LOCKSTICK_CLIENT_SECRET"
    )
    return Secret(click.prompt("Client secret (not shown)", hide_input=True, err=True).strip())


def _require_somebody(what: str, how: str) -> None:
    # Without a terminal, what is typed would be shown; and a pipeline would wait for ever.
    if sys.stdin is None or not sys.stdin.isatty():
        raise NotAllowedError(f"{what} is missing", why="there is no terminal to ask at", remedy=f"Give it by {how}.")
