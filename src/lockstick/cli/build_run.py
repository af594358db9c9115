"""Building a lockbox, for every command that does: the options about it, and the run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from lockstick.cli.options import Command, Rate, option, trust_options
from lockstick.cli.sizing import SIZE
from lockstick.cli.storing import stores_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from lockstick.cli.console import Console
    from lockstick.cloud.credentials import Credentials
    from lockstick.lockbox.anchors import AnchorChoice

__all__ = ["BuildOptions", "build_options", "run_build"]


@dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """How to fetch, what to keep and what to believe.

    Attributes:
        connections: The most at once, or None.
        limit_rate: Bytes a second, or None.
        attempts: Tries in a row.
        timeout: Seconds of silence.
        stores: Where verified bytes are kept.
        store_limit: How many of them, or None.
        read_back: Whether the result is read back from the medium; None to decide by the drive.
        trust_folder: Roots to believe, or None.
        tofu: Whether the cloud's own are believed where there are no others.
    """

    connections: int | None
    limit_rate: float | None
    attempts: int
    timeout: float
    stores: tuple[str, ...]
    store_limit: int | None
    read_back: bool | None
    trust_folder: Path | None
    tofu: bool


def build_options(command: Command) -> Callable[..., Any]:
    """The options about building; the command gets them as ``how``."""

    @option(
        "--connections",
        type=click.IntRange(1, 64),
        default=None,
        help="The most connections at once; fewer when a server asks (default: 16, beginning with 8, as long as more "
        "bring more).",
    )
    @option(
        "--limit-rate",
        type=Rate(),
        metavar="RATE",
        help="The most bytes a second over all connections, as in 500k or 2.5M (default: no limit).",
    )
    @option(
        "--attempts",
        type=click.IntRange(1, 1000),
        default=10,
        show_default=True,
        help="Tries in a row without a new byte before a file is given up; the pauses between ten last about a minute.",
    )
    @option(
        "--timeout",
        type=click.FloatRange(0.1, 3600),
        default=30.0,
        show_default=True,
        metavar="SECONDS",
        help="How long a server may be silent before the connection counts as dead.",
    )
    @stores_option
    @option(
        "--store-limit",
        type=SIZE,
        metavar="SIZE",
        help="How much stays in the store after the build, as in 20GB; what the build used stays in any case "
        "(default: 20 GB).",
    )
    @option(
        "--read-back/--no-read-back",
        default=None,
        help="Read the result back from the medium and verify it before it becomes visible (default: if the folder is "
        "on a removable drive).",
    )
    @trust_options
    @wraps(command)
    def with_how(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever the command takes and returns
        how = BuildOptions(**{name: options.pop(name) for name in BuildOptions.__dataclass_fields__})
        return command(*arguments, how=how, **options)

    return with_how


def run_build(
    console: Console,
    lockbox: str,
    *,
    credentials: Path,
    output: Path,
    how: BuildOptions,
    at: datetime,
    dry_run: bool = False,
) -> tuple[dict[str, object], Iterable[str]]:
    """Build a lockbox.

    Args:
        console: How the run talks.
        lockbox: Its name.
        credentials: The account's ``credentials.zip``.
        output: The folder that becomes the lockbox.
        how: The options.
        at: The time to judge by.
        dry_run: Whether to write nothing.

    Returns:
        The document and the lines that say what was done.

    Raises:
        LockstickError: It was not built.
    """
    import time
    from functools import partial

    from lockstick.cli.options import settings
    from lockstick.cli.reading_back import way_to_read_back
    from lockstick.cli.storing import shared_stores, usable_store
    from lockstick.cloud.credentials import read_credentials
    from lockstick.cloud.session import CloudSession
    from lockstick.lockbox.build import build as build_lockbox
    from lockstick.lockbox.build import plan_build
    from lockstick.lockbox.cloudsource import CloudSource
    from lockstick.report.build import build_json, build_text, plan_json, plan_text, source_in_words
    from lockstick.transfer import Policy, fetch_all

    console.keeps = "" if dry_run else "What was fetched is kept"
    account = read_credentials(credentials)
    choice, believed = _anchors(account, how.trust_folder, credentials, tofu=how.tofu)
    chosen = usable_store(how.stores, console, writes=not dry_run)
    policy = Policy.of(
        how.connections,
        limit_rate=how.limit_rate,
        attempts=how.attempts,
        connect_timeout=min(how.timeout, Policy.connect_timeout),
        read_timeout=how.timeout,
        stall_timeout=2 * how.timeout,
    )
    with (
        console.observer() as observer,
        shared_stores(how.stores, observer) as shelves,
        CloudSession(account, policy=policy, observer=observer) as session,
    ):
        source = CloudSource(session)
        if dry_run:
            plan = plan_build(
                lockbox, output, repository=source, anchors=choice, at=at, observer=observer, store=chosen
            )
            return plan_json(plan), plan_text(plan)
        outcome = build_lockbox(
            lockbox,
            output,
            repository=source,
            anchors=choice,
            at=at,
            clock=time.monotonic,
            fetch=partial(fetch_all, policy=policy),
            observer=observer,
            store=chosen,
            shelves=shelves,
            store_limit=settings().store_limit if how.store_limit is None else how.store_limit,
            read_back=way_to_read_back(output, wanted=how.read_back, say=observer.message),
        )
    judged_by = believed or source_in_words(outcome.verified.anchor_source)
    return build_json(outcome), build_text(outcome, judged_by=judged_by, verbose=console.verbose)


def _anchors(
    account: Credentials, trust_folder: Path | None, credentials: Path, *, tofu: bool
) -> tuple[AnchorChoice, str]:
    """What to believe: ``--trust``, else the roots in the zip, else this machine's store, else first use.

    The words say whose roots were given; they are empty where the choice is made later.
    """
    from lockstick.cli.anchoring import anchor_choice
    from lockstick.lockbox.anchors import AnchorChoice

    if trust_folder is None and account.director_root is not None and account.image_root is not None:
        return AnchorChoice(given=account.anchors), f"the roots in {credentials}"
    believed = "" if trust_folder is None else f"the roots in {trust_folder}"
    return anchor_choice(trust_folder, tofu=tofu), believed
