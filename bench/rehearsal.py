"""The server that everybody fetches from: a rehearsal cloud in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["LOCKBOX", "Cloud", "Wanted", "serve"]

LOCKBOX = "bench"
_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One file of the lockbox."""

    name: str
    url: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """A cloud that is being served, with one lockbox defined in it.

    Attributes:
        credentials: Its ``credentials.zip``.
        trust: A folder with its roots, for ``lockstick verify --trust``.
        token: A bearer token.
        wanted: The files of the lockbox.
    """

    credentials: Path
    trust: Path
    token: str
    wanted: tuple[Wanted, ...]


@contextmanager
def serve(
    folder: Path, *, lockstick: Sequence[str], count: int, size: int, environment: Mapping[str, str]
) -> Iterator[Cloud]:
    """Serve a new cloud with files of one size while the block runs.

    Args:
        folder: Where it keeps everything; must not exist.
        lockstick: How to call the program.
        count: How many files.
        size: Bytes of each.
        environment: The environment of every process.

    Yields:
        The cloud.
    """
    command = [*lockstick, "sandbox", "serve", "--data", str(folder), "--json"]
    command += ["--bulk-count", str(count), "--bulk-size", str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(environment)) as server:
        try:
            credentials = Path(_first_document(server)["credentials"])
            packages = [f"--package=bulk-{number:05d}" for number in range(count)]
            _call([*lockstick, "sandbox", "define", LOCKBOX, "--data", str(folder), *packages], environment)
            account = json.loads(
                _call([sys.executable, str(_HERE / "account.py"), str(credentials), LOCKBOX], environment)
            )
            yield Cloud(
                credentials=credentials,
                trust=_trust_folder(credentials),
                token=account["token"],
                wanted=tuple(Wanted(**item) for item in account["items"]),
            )
        finally:
            server.terminate()


def _first_document(server: subprocess.Popen[str]) -> dict[str, str]:
    if server.stdout is None:
        raise TypeError
    lines: list[str] = []
    for line in server.stdout:
        lines.append(line)
        if line.rstrip() == "}":
            document: dict[str, str] = json.loads("".join(lines))
            return document
    raise SystemExit("The rehearsal cloud did not start; its own words are above.")


def _call(command: Sequence[str], environment: Mapping[str, str]) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=dict(environment)).stdout


def _trust_folder(credentials: Path) -> Path:
    folder = credentials.parent / "trust"
    folder.mkdir()
    with zipfile.ZipFile(credentials) as archive:
        (folder / "image-root.json").write_bytes(archive.read("root.json"))
        (folder / "director-root.json").write_bytes(archive.read("director.root.json"))
    return folder
