"""The few requests that every way of fetching a lockbox starts with: a token, and the list of files.

Run as a program, it prints both as JSON for the harness, which stays small itself: the memory of a process that
is measured never counts less than that of the one that started it.
"""

from __future__ import annotations

import json
import sys
import zipfile
from dataclasses import asdict, dataclass
from urllib.parse import quote

import httpx

__all__ = ["Item", "items_of", "token_of"]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One file to fetch."""

    name: str
    url: str
    sha256: str


def token_of(client: httpx.Client, credentials: str) -> tuple[str, str]:
    """Get a token; give the repository's address and the token."""
    with zipfile.ZipFile(credentials) as archive:
        oauth2 = json.loads(archive.read("treehub.json"))["oauth2"]
        repository = archive.read("tufrepo.url").decode().strip()
    answer = client.post(
        f"{oauth2['server']}/token",
        data={"grant_type": "client_credentials"},
        auth=(oauth2["client_id"], oauth2["client_secret"]),
    )
    answer.raise_for_status()
    return repository, answer.json()["access_token"]


def items_of(client: httpx.Client, repository: str, token: str, lockbox: str) -> list[Item]:
    """Get the list of files in a lockbox."""
    director = f"{repository.removesuffix('/repo')}/director"
    answer = client.get(
        f"{director}/api/v1/admin/repo/offline-updates/{lockbox}.json", headers={"Authorization": f"Bearer {token}"}
    )
    answer.raise_for_status()
    return [
        Item(
            name=name,
            url=f"{repository}/api/v1/user_repo/targets/{quote(name)}",
            sha256=entry["hashes"]["sha256"],
        )
        for name, entry in answer.json()["signed"]["targets"].items()
    ]


def main(credentials: str, lockbox: str) -> None:
    """Print token and files."""
    with httpx.Client() as client:
        repository, token = token_of(client, credentials)
        items = items_of(client, repository, token, lockbox)
    print(json.dumps({"token": token, "items": [asdict(item) for item in items]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
