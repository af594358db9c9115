"""``lockstick demo``: the whole story on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lockstick.cli.options import common, option
from lockstick.errors import LockstickError, UsageError

if TYPE_CHECKING:
    from lockstick.cli.console import Console
    from lockstick.lockbox.build import BuildOutcome
    from lockstick.lockbox.outcome import VerifyOutcome
    from lockstick.sandbox import Sandbox

__all__ = ["demo"]

_LOCKBOX = "field-demo"


@click.command()
@option(
    "--dir",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to play; a new or empty folder that is kept (default: a temporary one that is removed).",
)
@common
def demo(console: Console, folder: Path | None) -> int:
    """Show the whole story on this machine: rehearsal cloud, define, build, verify, tamper, refuse.

    Nothing outside this machine is contacted. The exit code is 0 when the story went as it should: the sound
    lockbox was verified, and the tampered one refused.
    """
    import tempfile

    if folder is None:
        with tempfile.TemporaryDirectory(prefix="lockstick-demo-") as temporary:
            return _play(console, Path(temporary))
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", remedy="Name a new or empty folder.")
    folder.mkdir(parents=True, exist_ok=True)
    return _play(console, folder)


def _play(console: Console, folder: Path) -> int:
    from lockstick.cli.sandbox import sandbox_extra

    with sandbox_extra():
        from lockstick.sandbox import Sandbox, SandboxOptions

    from lockstick.cli.verify import exit_code_of
    from lockstick.report.verify_json import verify_json
    from lockstick.report.verify_text import verify_text

    def tell(number: int, text: str) -> None:
        if not console.json:
            console.result(["", f"{number}. {text}"])

    def show(outcome: VerifyOutcome) -> None:
        if not console.json:
            console.result(f"   {line}" for line in verify_text(outcome))

    tell(1, "A rehearsal cloud starts on loopback; it signs like a real one.")
    with Sandbox.start(folder / "cloud", options=SandboxOptions(package_size=256 * 1024)) as cloud:
        if not console.json:
            console.result([f"   API {cloud.api_url}, package bytes on {cloud.store_url}"])
        tell(2, f"The lockbox {_LOCKBOX!r} is defined there, with every package the cloud has.")
        cloud.define_lockbox(_LOCKBOX)
        tell(3, "It is built over HTTP: metadata first, proven, then the packages, hashed as they arrive.")
        built = _build(cloud, folder / "stick" / "update")
        show(built.verified)
    tell(4, "The cloud is gone. The folder alone is verified, with the roots from credentials.zip.")
    sound = _verify(cloud.credentials_path, folder / "stick")
    show(sound)
    victim = _flip_one_byte(folder / "stick" / "update" / "images")
    tell(5, f"One byte of {victim.name!r} is flipped, and the folder verified again.")
    tampered = _verify(cloud.credentials_path, folder / "stick")
    show(tampered)
    code = exit_code_of(tampered.verdict.value)
    tell(6, f"'lockstick verify' ends with exit code {code} for this folder: refused, as it must be.")
    if console.json:
        console.document(
            {"built": verify_json(built.verified), "sound": verify_json(sound), "tampered": verify_json(tampered)}
        )
    if exit_code_of(sound.verdict.value) != 0 or code != _REFUSED:
        raise LockstickError("the story did not go as it should", why=f"{sound.verdict}, then {tampered.verdict}")
    return 0


_REFUSED = 3


def _build(cloud: Sandbox, output: Path) -> BuildOutcome:
    import time
    from datetime import UTC, datetime

    from lockstick.cloud.credentials import read_credentials
    from lockstick.cloud.session import CloudSession
    from lockstick.lockbox.anchors import AnchorChoice
    from lockstick.lockbox.build import build
    from lockstick.lockbox.cloudsource import CloudSource
    from lockstick.transfer import fetch_all

    account = read_credentials(cloud.credentials_path)
    with CloudSession(account) as session:
        return build(
            _LOCKBOX,
            output,
            repository=CloudSource(session),
            anchors=AnchorChoice(given=account.anchors),
            at=datetime.now(UTC),
            clock=time.monotonic,
            fetch=fetch_all,
        )


def _verify(credentials: Path, folder: Path) -> VerifyOutcome:
    import time
    from datetime import UTC, datetime

    from lockstick.cli.lockboxes import lockbox_in
    from lockstick.cloud.credentials import read_credentials
    from lockstick.lockbox.anchors import AnchorChoice
    from lockstick.lockbox.verify import verify

    account = read_credentials(credentials)
    return verify(
        lockbox_in(folder), anchors=AnchorChoice(given=account.anchors), at=datetime.now(UTC), clock=time.monotonic
    )


def _flip_one_byte(images: Path) -> Path:
    victim = min(path for path in images.rglob("*") if path.is_file())
    with victim.open("r+b") as file:
        first = file.read(1)
        file.seek(0)
        file.write(bytes([first[0] ^ 1]))
    return victim
