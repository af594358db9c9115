"""``lockstick logout``: forget the credentials of an API client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lockstick.cli.options import common, option
from lockstick.errors import LockstickError, UsageError

if TYPE_CHECKING:
    from lockstick.cli.console import Console

__all__ = ["logout"]


@click.command()
@option("--profile", metavar="NAME", help="The profile to forget (default: default).")
# No variable: 'drives --all' has the same, and whoever set it for that would lose all profiles.
@option("--all", "everything", is_flag=True, envvar=None, help="Forget all profiles.")
@common
def logout(console: Console, profile: str | None, everything: bool) -> int:
    """Forget what 'lockstick login' kept, in the keyring and on the disk.

    The API client itself stays: whoever knows its secret can still use it. Delete it in the web interface to end that.
    """
    from lockstick.cli.api_access import profiles
    from lockstick.cloud.login import DEFAULT_PROFILE

    if everything and profile is not None and _is_typed("profile"):
        raise UsageError("--all and --profile contradict each other", remedy="Say one of them.")
    kept = profiles()
    names = kept.names() if everything else (profile or DEFAULT_PROFILE,)
    forgotten, trouble = [], None
    for name in names:
        try:
            remark = kept.forget(name)
        except LockstickError as error:
            # The others are forgotten nevertheless.
            trouble = error
            continue
        forgotten.append(name)
        if remark:
            console.say(remark)
    if trouble is not None:
        raise trouble
    if console.json:
        console.document({"forgotten": forgotten})
    elif forgotten:
        console.say(f"Forgotten: {', '.join(forgotten)}. The API client itself stays; delete it in the web interface.")
    else:
        console.say("Nobody was logged in.")
    return 0


def _is_typed(name: str) -> bool:
    return click.get_current_context().get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
