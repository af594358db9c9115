"""``lockstick build``: a lockbox from the cloud into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lockstick.cli.options import HintedPath, Rate, at_option, common, option, trust_options
from lockstick.cli.sizing import SIZE
from lockstick.cli.storing import stores_option

if TYPE_CHECKING:
    from datetime import datetime

    from lockstick.cli.console import Console
    from lockstick.cloud.credentials import Credentials
    from lockstick.lockbox.anchors import AnchorChoice

__all__ = ["build"]


@click.command()
@click.argument("lockbox")
@option(
    "--credentials",
    required=True,
    metavar="ZIP",
    type=HintedPath(dir_okay=False, missing="Download credentials.zip from the account's settings page."),
    help="The account's credentials.zip.",
)
@option(
    "--output",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The folder that becomes the lockbox: new, empty, or one that an earlier build wrote.",
)
@option("--dry-run", is_flag=True, help="Prove the metadata and say what would be fetched; write nothing.")
@option(
    "--connections",
    type=click.IntRange(1, 64),
    default=None,
    help="The most connections at once; fewer when a server asks (default: 16, beginning with 8, as long as more bring "
    "more).",
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
    help="Read the result back from the medium and verify it before it becomes visible (default: if the folder is on "
    "a removable drive).",
)
@trust_options
@at_option
@common
def build(
    console: Console,
    lockbox: str,
    credentials: Path,
    output: Path,
    dry_run: bool,
    connections: int | None,
    limit_rate: float | None,
    attempts: int,
    timeout: float,
    stores: tuple[str, ...],
    store_limit: int | None,
    read_back: bool | None,
    trust_folder: Path | None,
    tofu: bool,
    at: datetime,
) -> int:
    """Build LOCKBOX into a folder: prove its metadata, fetch what is missing, prove every byte.

    Interrupt it at any time and run it again: what was fetched is kept. The folder becomes a lockbox only
    as the last step, when everything in it is proven.
    """
    import time
    from functools import partial

    from lockstick.cli.building import way_to_read_back
    from lockstick.cli.options import settings
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
    choice, believed = _anchors(account, trust_folder, credentials, tofu=tofu)
    chosen = usable_store(stores, console, writes=not dry_run)
    policy = Policy.of(
        connections,
        limit_rate=limit_rate,
        attempts=attempts,
        connect_timeout=min(timeout, Policy.connect_timeout),
        read_timeout=timeout,
        stall_timeout=2 * timeout,
    )
    with (
        console.observer() as observer,
        shared_stores(stores, observer) as shelves,
        CloudSession(account, policy=policy, observer=observer) as session,
    ):
        source = CloudSource(session)
        if dry_run:
            plan = plan_build(
                lockbox, output, repository=source, anchors=choice, at=at, observer=observer, store=chosen
            )
            document, lines = plan_json(plan), plan_text(plan)
        else:
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
                store_limit=settings().store_limit if store_limit is None else store_limit,
                read_back=way_to_read_back(output, wanted=read_back, say=observer.message),
            )
            document, lines = (
                build_json(outcome),
                build_text(
                    outcome,
                    judged_by=believed or source_in_words(outcome.verified.anchor_source),
                    verbose=console.verbose,
                ),
            )
    if console.json:
        console.document(document)
    else:
        console.result(lines)
    return 0


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
