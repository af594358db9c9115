"""What a person would write in ten minutes: one request after another into memory, then hash and write.

Usage: sequential.py CREDENTIALS LOCKBOX OUTPUT
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import httpx
from account import items_of, token_of


def main(credentials: str, lockbox: str, output: str) -> None:
    """Fetch every file of a lockbox."""
    with httpx.Client(follow_redirects=True) as client:
        repository, token = token_of(client, credentials)
        for item in items_of(client, repository, token, lockbox):
            answer = client.get(item.url, headers={"Authorization": f"Bearer {token}"})
            answer.raise_for_status()
            if hashlib.sha256(answer.content).hexdigest() != item.sha256:
                sys.exit(f"{item.name} is not what was signed")
            Path(output, item.name).write_bytes(answer.content)


if __name__ == "__main__":
    main(*sys.argv[1:])
