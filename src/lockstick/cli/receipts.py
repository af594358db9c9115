"""``lockstick receipts``: what a write left on a stick, and the key that signs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lockstick.cli.options import HintedPath, common, option
from lockstick.cli.recording import ask_passphrase, own_public_key, stick_at, write_file
from lockstick.report.plain import printable

if TYPE_CHECKING:
    from lockstick.cli.console import Console
    from lockstick.disk.tree import FolderTree
    from lockstick.media.records.signing import PublicReceiptKey
    from lockstick.secret import Secret

__all__ = ["receipts"]

_RECEIPT = HintedPath(exists=True, absent="Is the stick mounted?")


@click.group()
def receipts() -> None:
    """Look at the receipts that writes leave on sticks, and keep a key that signs them."""


@receipts.command()
@option(
    "--import",
    "origin",
    metavar="FILE",
    type=HintedPath(exists=True, dir_okay=False),
    help="Use this Ed25519 private key (PEM) from now on; a protected one stays protected.",
)
@option("--protect", is_flag=True, help="Protect a new key with a passphrase.")
@option(
    "--export-public",
    "public_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the public half to this file, for those who check receipts.",
)
@common
def key(console: Console, origin: Path | None, protect: bool, public_file: Path | None) -> int:
    """Show the key that signs this user's receipts; make one if there is none.

    A passphrase comes from LOCKSTICK_RECEIPTS_PASSPHRASE, from the terminal, or from the first line of standard
    input. From the time that there is a key, 'lockstick write' signs every receipt.
    """
    from lockstick.cli.options import settings

    path = settings().receipt_key_file
    public = None if origin is not None or protect else own_public_key()
    made = public is None
    if public is None:
        public = _new_key(path, origin, protect=protect)
    if public_file is not None:
        write_file(public_file, public.pem)
    _show(console, public, path, made=made)
    if public_file is not None:
        console.say(f"The public half is in {printable(str(public_file))}: give it to those who check receipts.")
    return 0


def _new_key(path: Path, origin: Path | None, *, protect: bool) -> PublicReceiptKey:
    from lockstick.media.records.signing import is_protected, make_key, read_private, refuse_second, store_key

    # Before anybody types a passphrase for nothing.
    refuse_second(path)
    passphrase: Secret | None = None
    if origin is not None and is_protected(origin):
        passphrase = ask_passphrase("Passphrase of that key")
    elif protect:
        passphrase = ask_passphrase("New passphrase for the key", twice=True)
    new = make_key() if origin is None else read_private(origin, passphrase)
    store_key(path, new, passphrase)
    return new.public


@receipts.command()
@click.argument("place", metavar="FILE|MOUNT", type=_RECEIPT)
@common
def show(console: Console, place: Path) -> int:
    """Show a receipt: a file, or the one on a mounted stick. Nothing is proven."""
    from lockstick.media.records.onstick import read_receipt
    from lockstick.media.records.receipt import from_json
    from lockstick.report.receipts import receipt_json, receipt_text

    tree, name = _tree(place)
    found = read_receipt(tree, name)
    receipt = from_json(found.data)
    if console.json:
        console.document({"receipt": receipt_json(receipt), "has_signature": found.signature is not None})
    else:
        console.result(receipt_text(receipt))
        console.say("Nothing of this is proven; for that: lockstick receipts verify")
    return 0


@receipts.command()
@click.argument("place", metavar="FILE|MOUNT", type=_RECEIPT)
@option(
    "--key",
    "key_file",
    metavar="FILE",
    type=HintedPath(exists=True, dir_okay=False),
    help="The public key (PEM) of whoever is believed (default: that of this user's own key).",
)
@common
def verify(console: Console, place: Path, key_file: Path | None) -> int:
    """Is a receipt genuine, and is it about this stick and what is on it?

    On a stick, it is held against the lockbox beside it and against the drive's serial number and volume. Anybody
    can copy a receipt, so without a stick only the signature is checked. The exit code is 3 if it does not hold.
    """
    from lockstick.errors import DistrustError
    from lockstick.media.records.judging import judge_receipt
    from lockstick.media.records.onstick import read_receipt
    from lockstick.media.records.receipt import from_json
    from lockstick.report.receipts import judgement_json, judgement_text

    believed = _believed(key_file)
    tree, name = _tree(place)
    found = read_receipt(tree, name)
    judgement = judge_receipt(found, from_json(found.data), key=believed, tree=tree, here=stick_at(tree.root))
    if console.json:
        console.document(judgement_json(judgement))
    else:
        console.result(judgement_text(judgement))
    return 0 if judgement.holds else DistrustError.exit_code


def _believed(key_file: Path | None) -> PublicReceiptKey:
    from lockstick.errors import NotFoundError
    from lockstick.media.records.signing import read_public

    if key_file is not None:
        return read_public(key_file)
    own = own_public_key()
    if own is None:
        raise NotFoundError(
            "there is no key to check the receipt by",
            remedy="Name the public key of whoever wrote it: --key FILE. 'lockstick receipts key' shows it there.",
        )
    return own


def _tree(place: Path) -> tuple[FolderTree, str]:
    """The folder that a receipt lies in, and its name there."""
    from lockstick.disk.tree import FolderTree
    from lockstick.media.records.onstick import RECEIPT_NAME

    if place.is_dir():
        return FolderTree(place), RECEIPT_NAME
    return FolderTree(place.parent), place.name


def _show(console: Console, public: PublicReceiptKey, path: Path, *, made: bool) -> None:
    if console.json:
        console.document({"key": public.id, "public": public.pem.decode("ascii"), "file": str(path), "new": made})
        return
    console.result([f"key {public.id}", *public.pem.decode("ascii").splitlines()])
    if made:
        console.say(f"Stored in {path}: receipts are signed from now on. Keep a copy, and give the public half away.")
