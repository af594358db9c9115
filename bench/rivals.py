"""What people would reach for instead, called as well as somebody who knows it would call it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

from machine import processors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Item", "aria2", "curl_then_openssl", "openssl_digests", "spread"]

_DIGEST = 'cd "$1" && ls | xargs -P "$2" -n "$3" openssl dgst -sha256'
_FETCH_AND_DIGEST = f'curl --parallel --config "$4" && {_DIGEST}'
_AND_SYNC = f'{_FETCH_AND_DIGEST} && sync -f "$1"'


class Item(Protocol):
    """One file to fetch."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def sha256(self) -> str:
        """Its digest in hex."""


def spread(count: int) -> tuple[int, int]:
    """How many openssl at once, and how many files for each: all cores busy, and few starts where files are many."""
    return processors(), max(1, count // (8 * processors()))


def openssl_digests(folder: Path, count: int) -> list[str]:
    """Hash every file of a folder, on all cores."""
    return _shell(_DIGEST, folder, *spread(count))


def curl_then_openssl(
    config: Path, fetched: Sequence[tuple[Item, str]], output: Path, *, token: str = "", syncs: bool = False
) -> list[str]:
    """Fetch with curl, 50 at once at most, then hash everything on all cores.

    Args:
        config: Where to write what curl reads.
        fetched: What, and from which address.
        output: Where to.
        token: A bearer token. Curl keeps a header of ours from other hosts and ports when it follows a redirect.
        syncs: Whether to wait until the disk has it.
    """
    lines = ["location", "fail", "silent", "show-error"]
    if token:
        lines.append(f'header = "Authorization: Bearer {token}"')
    for item, url in fetched:
        lines += [f'url = "{url}"', f'output = "{output / item.name}"']
    # In a file rather than among the arguments, which everybody on the machine can read.
    config.touch(mode=0o600)
    config.write_text("\n".join(lines))
    return _shell(_AND_SYNC if syncs else _FETCH_AND_DIGEST, output, *spread(len(fetched)), config)


def aria2(config: Path, fetched: Sequence[tuple[Item, str]], output: Path, *, at_once: int, split: int) -> list[str]:
    """Fetch with aria2, which hashes each file when it is complete.

    Args:
        config: Where to write what it reads.
        fetched: What, and from which address.
        output: Where to.
        at_once: How many files at once.
        split: In how many parts each large file is fetched.
    """
    lines: list[str] = []
    for item, url in fetched:
        lines += [url, f"  out={item.name}", f"  checksum=sha-256={item.sha256}"]
    config.write_text("\n".join(lines))
    return [
        "aria2c",
        "--no-conf",
        "--quiet",
        f"--input-file={config}",
        f"--dir={output}",
        f"--max-concurrent-downloads={at_once}",
        f"--max-connection-per-server={split}",
        f"--split={split}",
        "--min-split-size=4M",
        # Nothing that costs it time here: a control file, a name server, small writes. Space set aside at once helps it
        # with large files in parts.
        "--auto-save-interval=0",
        f"--file-allocation={'falloc' if split > 1 and sys.platform == 'linux' else 'none'}",
        "--async-dns=false",
        "--disk-cache=64M",
    ]


def _shell(script: str, *arguments: object) -> list[str]:
    return ["sh", "-c", script, "sh", *map(str, arguments)]
