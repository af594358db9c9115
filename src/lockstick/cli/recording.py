"""What commands that deal with records share: the register, the key for receipts, the drive that a folder lies on."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from lockstick.cli.options import Command, option, settings

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.media.model import Drive, Volume
    from lockstick.media.records.register import Register
    from lockstick.media.records.signing import PublicReceiptKey, ReceiptKey
    from lockstick.secret import Secret

__all__ = [
    "PASSPHRASE_VARIABLE",
    "ask_passphrase",
    "open_register",
    "own_public_key",
    "register_option",
    "signing_key",
    "stick_at",
    "write_file",
]

PASSPHRASE_VARIABLE = "LOCKSTICK_RECEIPTS_PASSPHRASE"  # noqa: S105 - a name, not a passphrase
"""The variable that may hold the passphrase of the key for receipts; no option takes it."""

_LONGEST = 1024


def register_option(command: Command) -> Command:
    """``--register FILE``: the register of sticks."""
    from pathlib import Path

    return option(
        "--register",
        "register_file",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The register of sticks (default: in the platform's place for a user's data).",
    )(command)


def open_register(register_file: Path | None) -> Register:
    """The register that was named, else this user's own. Its file is made when something is first recorded.

    Args:
        register_file: ``--register``.

    Returns:
        The register.
    """
    from lockstick.media.records.register import Register

    return Register.at(settings().register_file if register_file is None else register_file)


def signing_key() -> ReceiptKey | None:
    """The user's key for receipts, opened with its passphrase if it has one.

    Returns:
        The key; None if the user has none.

    Raises:
        LockstickError: If there is one and it cannot be used.
    """
    from lockstick.media.records.signing import is_protected, load_key

    path = settings().receipt_key_file
    return load_key(path, ask_passphrase("Passphrase of the key for receipts") if is_protected(path) else None)


def own_public_key() -> PublicReceiptKey | None:
    """The public half of the user's key for receipts; no passphrase is needed for that.

    Returns:
        The public half; None if the user has no key.

    Raises:
        LockstickError: If there is one and it cannot be read.
    """
    from lockstick.media.records.signing import load_public

    path = settings().receipt_key_file
    public = load_public(path)
    if public is None and (key := signing_key()) is not None:
        return key.public
    return public


def ask_passphrase(what: str, *, twice: bool = False) -> Secret:
    """Get a passphrase: from its variable, else typed unseen, else the first line of standard input.

    Args:
        what: What to ask for on a terminal.
        twice: True to have it typed twice there.

    Returns:
        The passphrase.

    Raises:
        NotAllowedError: If it is empty, or too long for one.
    """
    from lockstick.errors import NotAllowedError
    from lockstick.secret import Secret

    text = os.environ.get(PASSPHRASE_VARIABLE, "")
    if not text:
        if sys.stdin.isatty():
            text = click.prompt(what, hide_input=True, confirmation_prompt=twice, err=True)
        else:
            text = sys.stdin.readline(_LONGEST + 1).rstrip("\r\n")
    if not text or len(text) > _LONGEST:
        raise NotAllowedError(
            "there is no passphrase",
            why="it is empty" if not text else f"it is longer than {_LONGEST} characters",
            remedy=f"Give it in {PASSPHRASE_VARIABLE}, on a terminal, or as the first line of standard input.",
        )
    return Secret(text)


def stick_at(folder: Path) -> tuple[Drive, Volume] | None:
    """The stick that a folder lies on.

    Args:
        folder: The folder.

    Returns:
        Drive and volume; None if it lies on a disk of the system, or it cannot be told.
    """
    from lockstick.errors import LockstickError
    from lockstick.media.drives import drive_of, find_drives

    with suppress(LockstickError):
        found = drive_of(folder, find_drives())
        return None if found is None or found[0].is_system else found
    return None


def write_file(path: Path, data: bytes) -> None:
    """Write a file that the user asked for, durably, in place of what had its name.

    Args:
        path: The file.
        data: All its bytes.

    Raises:
        MediaError: If it cannot be written.
    """
    from lockstick.disk.durable import publish, write_new
    from lockstick.disk.trouble import media_error

    aside = path.with_name(f".{path.name}.new")
    try:
        if path.exists() and not path.is_file():  # /dev/stdout, /dev/null: root would replace the device by a file
            path.write_bytes(data)
            return
        write_new(aside, data)
    except OSError as error:
        raise media_error(error, path, "written") from error
    publish(aside, path)
