"""What a person would write in ten minutes: one request after another into memory, then hash and write.

Usage: sequential.py --lockbox CREDENTIALS LOCKBOX OUTPUT, or sequential.py --list LIST OUTPUT
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from account import Item, items_of, token_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def fetch(client: httpx.Client, items: Iterable[Item], headers: Mapping[str, str], output: Path) -> None:
    """Fetch files one after another."""
    for item in items:
        answer = client.get(item.url, headers=headers)
        answer.raise_for_status()
        if hashlib.sha256(answer.content).hexdigest() != item.sha256:
            sys.exit(f"{item.name} is not what was signed")
        (output / item.name).write_bytes(answer.content)


def main(kind: str, *arguments: str) -> None:
    """Fetch every file of a lockbox, or of a list."""
    with httpx.Client(follow_redirects=True, trust_env=False) as client:
        if kind == "--lockbox":
            credentials, lockbox, output = arguments
            repository, token = token_of(client, credentials)
            items = items_of(client, repository, token, lockbox)
            fetch(client, items, {"Authorization": f"Bearer {token}"}, Path(output))
        else:
            listed, output = arguments
            items = [Item(**{key: item[key] for key in ("name", "url", "sha256")}) for item in _read(listed)]
            fetch(client, items, {}, Path(output))


def _read(listed: str) -> list[dict[str, str]]:
    items: list[dict[str, str]] = json.loads(Path(listed).read_bytes())
    return items


if __name__ == "__main__":
    main(*sys.argv[1:])
