"""The one way by which commands come to a client of the public API: from their options, the environment, or a profile.

1. What is said on the command line wins over what the environment says, and that over the profile ``default``.
2. On each of these levels one thing says who asks: ``--api-client``, ``--client-id`` or ``--profile``.
3. A secret is never an option: it would be seen in process lists and logs.
4. The secret and the token of a profile go to the addresses that it was made for. ``--api-url`` may name another
   edition there, and nothing else.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from lockstick.cli.options import option, settings
from lockstick.errors import MediaError, NotAllowedError, UsageError
from lockstick.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lockstick.cli.console import Console
    from lockstick.cli.options import Command
    from lockstick.cloud.api import ApiClient
    from lockstick.cloud.login import KeptProfile, Profile, Profiles
    from lockstick.progress import Observer
    from lockstick.transfer import Policy

__all__ = [
    "HOW_TO_LOG_IN",
    "SECRET_VARIABLE",
    "Access",
    "ApiOptions",
    "access",
    "api_client",
    "api_options",
    "given_client",
    "given_secret",
    "profiles",
]

SECRET_VARIABLE = "LOCKSTICK_CLIENT_SECRET"  # noqa: S105 - not a secret
HOW_TO_LOG_IN = (
    "Run: lockstick login. In a pipeline, set LOCKSTICK_CLIENT_ID and LOCKSTICK_CLIENT_SECRET_FILE (or "
    "LOCKSTICK_CLIENT_SECRET), or LOCKSTICK_API_CLIENT to the file that the web interface offered."
)

_SAY_ONE = "Say one of them."
_MAX_SECRET = 4096
_AT_A_SCREEN, _ALONE = 60.0, 10.0
_NAMES = {
    "api_client": "--api-client",
    "client_id": "--client-id",
    "profile": "--profile",
    "client_secret_file": "--client-secret-file",
    "api_url": "--api-url",
    "token_url": "--token-url",
}
_WHO = ("api_client", "client_id", "profile")

_Level = Literal["options", "environment", "profile"]


@dataclass(frozen=True, kw_only=True)
class ApiOptions:
    """What the options say about who asks, and where.

    Attributes:
        profile: A profile's name.
        api_client: The file that the web interface offers when an API client is made.
        client_id: An API client's name.
        client_secret_file: The file with its secret; ``-`` for standard input.
        api_url: The address of the API.
        token_url: Where tokens are had.
        typed: Which of these were on the command line; the others come from the environment.
    """

    profile: str | None = None
    api_client: Path | None = None
    client_id: str | None = None
    client_secret_file: str | None = None
    api_url: str | None = None
    token_url: str | None = None
    typed: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who asks, and how that was found.

    Attributes:
        profile: The credentials and their addresses.
        source: Where they come from.
        kept: The stored profile, if they are one's.
    """

    profile: Profile
    source: _Level
    kept: KeptProfile | None = None


def api_options(command: Command) -> Callable[..., Any]:
    """The options about who asks the API; the command is called with ``api``, an :class:`ApiOptions`."""

    @option("--profile", metavar="NAME", help="The profile, as 'lockstick login' made it (default: default).")
    @option(
        "--api-client",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The file that the web interface offers when an API client is made, in place of a profile.",
    )
    @option("--client-id", metavar="ID", help="The API client's id, in place of a profile.")
    @option(
        "--client-secret-file",
        metavar="FILE|-",
        help="A file with the API client's secret; - for standard input (also: the secret in LOCKSTICK_CLIENT_SECRET).",
    )
    @option("--api-url", metavar="URL", help="The address of the API, up to /v2beta or /v2.")
    @option("--token-url", metavar="URL", help="Where the API client gets its tokens.")
    @click.option("--client-secret", hidden=True, expose_value=False, callback=_refuse_secret)
    @wraps(command)
    def with_api(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever the command takes and returns
        context = click.get_current_context()
        typed = frozenset(
            name for name in _NAMES if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        )
        given = {name: options.pop(name) or None for name in _NAMES}
        return command(*arguments, api=ApiOptions(**given, typed=typed), **options)

    return with_api


def _refuse_secret(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    """Refuse a secret on the command line, without repeating it."""
    if value is not None:
        raise click.UsageError(
            "A secret is not given as an option: every user of this machine could see it. Use --client-secret-file "
            f"FILE, or the variable {SECRET_VARIABLE}; 'lockstick login' also asks for it. Consider this one known."
        )


def profiles() -> Profiles:
    """The profiles of this user."""
    from lockstick.cloud.login import Profiles, system_keyring

    # Somebody at a screen may have to type the keyring's password.
    seconds = _AT_A_SCREEN if sys.stdin is not None and sys.stdin.isatty() else _ALONE
    return Profiles(settings().profile_folder, lambda: system_keyring(seconds))


@contextmanager
def api_client(
    console: Console, options: ApiOptions, *, observer: Observer | None = None, policy: Policy | None = None
) -> Iterator[ApiClient]:
    """Open a client of the API, for one command.

    Args:
        console: Shows progress, unless there is an observer already.
        options: Who asks, and where.
        observer: Told of retries and uploads.
        policy: How patient to be.

    Yields:
        The client. Nothing has been asked of any server.

    Raises:
        UsageError: The options contradict each other, or an address makes no sense.
        NotAllowedError: There are no credentials, or they cannot be used; the remedy says how to log in.
        MediaError: A file cannot be read.
    """
    from lockstick.cloud.api import ApiClient

    who = access(options)
    found, known_as = who.profile, "" if who.kept is None else f"the profile {who.kept.name}"
    with (
        console.observer() if observer is None else nullcontext(observer) as own,
        ApiClient(found.oauth, endpoint=found.endpoint, known_as=known_as, policy=policy, observer=own) as client,
    ):
        yield client


def access(options: ApiOptions) -> Access:
    """Find out who asks the API, and where it is.

    Raises:
        UsageError: The options contradict each other, or an address makes no sense.
        NotAllowedError: There are no credentials, or they cannot be used; the remedy says how to log in.
        MediaError: A file cannot be read.
    """
    who, source = _who(options)
    if who in ("api_client", "client_id"):
        found = given_client(options, who)
        if found is None:
            raise NotAllowedError(
                f"there is no secret for the API client {options.client_id!r}",
                remedy=f"Set LOCKSTICK_CLIENT_SECRET_FILE or {SECRET_VARIABLE}, or run: lockstick login",
            )
        return Access(profile=found, source=source)
    return _from_profile(options, source)


def _who(options: ApiOptions) -> tuple[str, _Level]:
    levels: tuple[tuple[_Level, set[str]], ...] = (
        ("options", {name for name in _WHO if name in options.typed}),
        ("environment", {name for name in _WHO if name not in options.typed and getattr(options, name)}),
    )
    for level, said in levels:
        if len(said) > 1:
            names = " and ".join(sorted(_NAMES[one] for one in said))
            where = "" if level == "options" else ", by their variables,"
            raise UsageError(f"{names}{where} each say who asks", remedy=_SAY_ONE)
        if said:
            return said.pop(), level
    return "", "profile"


def given_client(options: ApiOptions, who: str, *, ask: Callable[[], Secret] | None = None) -> Profile | None:
    """Put together what options and variables say of an API client.

    Args:
        options: The options.
        who: Which of them says who asks: ``api_client`` or ``client_id``.
        ask: Asks for the secret where nothing gives it.

    Returns:
        The credentials; None if there is no secret.

    Raises:
        LockstickError: As in :func:`access`.
    """
    from lockstick.cloud.api import DEFAULT_TOKEN_URL, DEFAULT_URL, Endpoint, read_api_client
    from lockstick.cloud.api import api_client as client_of
    from lockstick.cloud.login import Profile
    from lockstick.transfer import origin_of

    endpoint = Endpoint.of(options.api_url or DEFAULT_URL)
    if who == "api_client" and options.api_client is not None:
        oauth = read_api_client(options.api_client)
    else:
        if options.token_url is None and origin_of(endpoint.url) != origin_of(DEFAULT_URL):
            raise UsageError(
                f"where does one get tokens for {endpoint.url}?",
                why="the secret must not go to another service",
                remedy="Name the address with --token-url, or use --api-client: the file names it.",
            )
        secret = given_secret(options) or (ask() if ask is not None else None)
        if secret is None:
            return None
        oauth = client_of(options.client_id or "", secret, token_url=options.token_url or DEFAULT_TOKEN_URL)
    if options.api_url is None and origin_of(oauth.token_url) != origin_of(DEFAULT_TOKEN_URL):
        raise UsageError(
            "where is the API?",
            why=f"the API client gets its tokens at {origin_of(oauth.token_url)}, which is not the usual service",
            remedy="Name the address with --api-url.",
        )
    return Profile(oauth=oauth, endpoint=endpoint)


def given_secret(options: ApiOptions) -> Secret | None:
    """Read the secret from where an option or a variable says; None if none does.

    Raises:
        UsageError: Two variables say it.
        NotAllowedError: The file is missing, or holds no secret.
        MediaError: It cannot be read.
    """
    # Read here and not by click, which would quote it in an error.
    variable = os.environ.get(SECRET_VARIABLE)
    file = options.client_secret_file
    if variable and (file is None or "client_secret_file" not in options.typed):
        if file is not None:
            raise UsageError(f"{SECRET_VARIABLE} and LOCKSTICK_CLIENT_SECRET_FILE are both set", remedy=_SAY_ONE)
        return Secret(variable)
    return None if file is None else _read_secret(file)


def _read_secret(file: str) -> Secret:
    try:
        if file == "-":
            raw = sys.stdin.buffer.read(_MAX_SECRET + 1)
        else:
            with Path(file).open("rb") as stream:
                raw = stream.read(_MAX_SECRET + 1)
    except FileNotFoundError:
        raise NotAllowedError(
            f"there is no file {file}", remedy="Name the file with the API client's secret."
        ) from None
    except OSError as error:
        raise MediaError(f"{file} cannot be read", why=error.strerror or "") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    text = text.removesuffix("\n").removesuffix("\r")
    if not text or len(raw) > _MAX_SECRET:
        where = "standard input" if file == "-" else file
        raise NotAllowedError(
            f"{where} holds no secret",
            why="it is empty, too long, or no text in UTF-8",
            remedy="It is to hold the API client's secret and nothing else.",
        )
    return Secret(text)


def _no_profile(name: str | None, kept: Profiles) -> NotAllowedError:
    names = kept.names()
    if name is not None:
        near = get_close_matches(name, names, n=1)
        guess = f"Did you mean {near[0]!r}? To make it, run" if near else "Run"
        return NotAllowedError(
            f"there is no profile {name!r}", why=kept.known(), remedy=f"{guess}: lockstick login --profile {name}"
        )
    if not names:
        return NotAllowedError("nobody is logged in", why=kept.known(), remedy=HOW_TO_LOG_IN)
    # Somebody is logged in, but no command may guess as whom.
    return NotAllowedError(
        "nobody says which profile is meant, and there is none called 'default'",
        why=kept.known(),
        remedy=f"Name it, as in --profile {names[0]}, or set LOCKSTICK_PROFILE once for all commands.",
    )


def _from_profile(options: ApiOptions, source: _Level) -> Access:
    from lockstick.cloud.api import Endpoint
    from lockstick.cloud.login import DEFAULT_PROFILE
    from lockstick.transfer import origin_of

    all_of_them = profiles()
    name = options.profile if source != "profile" else None
    kept = all_of_them.get(name or DEFAULT_PROFILE)
    if kept is None:
        raise _no_profile(name, all_of_them)
    profile = kept.profile
    if options.api_url is not None:
        endpoint = Endpoint.of(options.api_url)
        if origin_of(endpoint.url) != origin_of(profile.endpoint.url):
            raise NotAllowedError(
                f"the profile {kept.name!r} is not for {endpoint.url}",
                why=f"it was made for {profile.endpoint.url}, and its token goes nowhere else",
                remedy=f"Run: lockstick login --profile NAME --api-url {endpoint.url}",
            )
        profile = replace(profile, endpoint=endpoint)
    return Access(profile=profile, source=source, kept=kept)
