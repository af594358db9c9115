"""``lockstick pack``: a lockbox in one file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lockstick.cli.options import HintedPath, at_option, common, option, trust_options
from lockstick.cli.sizing import SIZE

if TYPE_CHECKING:
    from datetime import datetime

    from lockstick.cli.console import Console
    from lockstick.disk.tree import Tree
    from lockstick.media.images.signing import Signer
    from lockstick.trust.director import LockboxFacts

__all__ = ["pack"]

_PASSPHRASE = "LOCKSTICK_SIGN_PASSPHRASE"  # noqa: S105 - the variable's name


@click.command()
@click.argument("folder", metavar="DIR", type=HintedPath(exists=True, file_okay=False, absent="Is the stick mounted?"))
@option(
    "--format",
    "form_name",
    type=click.Choice(["squashfs", "tar", "img"]),
    required=True,
    help="squashfs: an image that devices mount. tar: an archive with zstd, for transport. img: a FAT32 disk image.",
)
@option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file, or a folder for it (default: torizon-lockbox.squashfs, LOCKBOX.tar.zst or LOCKBOX.img, here).",
)
@option("--force", is_flag=True, help="Replace what has the file's name, and the signature beside it.")
@option(
    "--sign",
    "key",
    type=HintedPath(exists=True, dir_okay=False),
    metavar="KEY",
    help="Sign a squashfs image with this private key (PEM, RSA or ECDSA), into FILE.sig, as 'openssl dgst -sha256 "
    "-verify' checks it. A passphrase is asked for, or comes from LOCKSTICK_SIGN_PASSPHRASE.",
)
@option("--label", default=None, help="The label of a disk image (default: LOCKBOX).")
@option("--size", type=SIZE, metavar="SIZE", help="The size of a disk image, as in 2GB (default: as large as needed).")
@option("--dry-run", is_flag=True, help="Verify the lockbox and say what would be written; write nothing.")
@trust_options
@at_option
@common
def pack(
    console: Console,
    folder: Path,
    form_name: str,
    output: Path | None,
    force: bool,
    key: Path | None,
    label: str | None,
    size: int | None,
    dry_run: bool,
    trust_folder: Path | None,
    tofu: bool,
    at: datetime,
) -> int:
    """Pack a verified lockbox into one file, and prove it again from that file alone.

    DIR is a lockbox, or a stick with one. The file has its name only when all of that is done. Of a lockbox, metadata/
    and images/ are packed and nothing else. 'lockstick verify FILE' proves it again wherever it is.
    """
    import shutil
    import time

    from lockstick.cli.anchoring import anchor_choice, memory_of
    from lockstick.errors import UsageError
    from lockstick.lockbox.demanding import demand_verified
    from lockstick.lockbox.verify import verify
    from lockstick.media.images.forms import Wishes, form_of
    from lockstick.media.images.packing import pack as pack_lockbox
    from lockstick.media.images.packing import plan_pack
    from lockstick.report.pack import pack_json, pack_text, plan_json, plan_text

    if key is not None and form_name != "squashfs":
        raise UsageError("only squashfs images are signed", remedy="Leave --sign out, or take --format squashfs.")
    if form_name != "img" and (label is not None or size is not None):
        raise UsageError("--label and --size are for disk images", remedy="Leave them out, or take --format img.")
    signer = None if key is None else _signer(key)
    choice = anchor_choice(trust_folder, tofu=tofu)
    memory = memory_of(trust_folder, console, is_kept=False)
    form = form_of(form_name, Wishes(label=label or Wishes.label, size=size))
    with console.observer() as observer:

        def prove(tree: Tree) -> LockboxFacts:
            outcome = verify(tree, anchors=choice, at=at, clock=time.monotonic, observer=observer, memory=memory)
            return demand_verified(outcome, f"the lockbox in {tree.shown} is not packed")

        plan = plan_pack(
            folder,
            form,
            output=output,
            force=force,
            prove=prove,
            free_bytes=lambda place: shutil.disk_usage(place).free,
        )
        if dry_run:
            document, lines = plan_json(plan, form_name), plan_text(plan)
        else:
            outcome = pack_lockbox(plan, form, prove=prove, signer=signer, observer=observer)
            document, lines = pack_json(outcome, form_name), pack_text(outcome, form_name)
    if console.json:
        console.document(document)
    else:
        console.result(lines)
    return 0


def _signer(path: Path) -> Signer:
    """Read the key. A passphrase never comes from the command line, which others can see."""
    from lockstick.errors import UsageError
    from lockstick.media.images.signing import Signer, needs_passphrase, read_key
    from lockstick.secret import Secret

    pem = read_key(path)
    passphrase: Secret | None = None
    if needs_passphrase(pem):
        given = os.environ.get(_PASSPHRASE)
        if given is None and not sys.stdin.isatty():
            raise UsageError(
                f"{path} needs a passphrase", remedy=f"Set {_PASSPHRASE}, or run this where it can be asked for."
            )
        passphrase = Secret(given if given is not None else _ask(path))
    return Signer(pem, name=str(path), passphrase=passphrase)


def _ask(path: Path) -> str:
    answer: str = click.prompt(f"Passphrase of {path}", hide_input=True, err=True)
    return answer
