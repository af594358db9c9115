"""The two kinds of credentials that a user of the rehearsal cloud is given (cloud-apis 1.1 and 1.8)."""

from __future__ import annotations

import io
import json
import os
import zipfile
from typing import TYPE_CHECKING

from lockstick.sandbox.wire import served

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.metadata.types import JsonObject
    from lockstick.sandbox.signing import RoleKey

__all__ = ["CANARY", "write_api_client", "write_credentials"]

CANARY = "rehearsal-canary-private-key-that-no-client-may-read"
"""Stands in ``targets.sec`` and ``provision.json``; must turn up nowhere else."""


def write_credentials(
    file: Path,
    *,
    api_url: str,
    client: tuple[str, str],
    director_root: JsonObject,
    image_root: JsonObject,
    targets_key: RoleKey,
) -> None:
    """Write the zip with the members of a real one, readable by its owner only.

    Args:
        file: Where to; replaced in one step.
        api_url: The origin of the API.
        client: The client's id and secret.
        director_root: The director's first root.
        image_root: The image repository's first root.
        targets_key: The image repository's targets key; only its public half is written.
    """
    client_id, secret = client
    members = {
        "treehub.json": {
            "oauth2": {
                "server": f"{api_url}/oauth2",
                "client_id": client_id,
                "client_secret": secret,
                "scope": "none",
            },
            "ostree": {"server": f"{api_url}/treehub/api/v3/"},
        },
        "provision.json": {
            "client_id": "provision_rehearsal",
            "secret": CANARY,
            "token_endpoint": f"{api_url}/oauth2/token",
        },
        "targets.pub": targets_key.public,
        "targets.sec": {"keytype": targets_key.keytype, "keyval": {"private": CANARY}},
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, json.dumps(content))
        archive.writestr("tufrepo.url", f"{api_url}/repo\n")
        archive.writestr("root.json", served(image_root))
        archive.writestr("director.root.json", served(director_root))
    _write_private(file, packed.getvalue())


def write_api_client(file: Path, *, token_url: str, client: tuple[str, str]) -> None:
    """Write what a user downloads on making an API client, readable by its owner only.

    Args:
        file: Where to; replaced in one step.
        token_url: Where tokens are had.
        client: The client's id and secret.
    """
    client_id, secret = client
    members = {"token_endpoint": token_url, "client_id": client_id, "secret": secret}
    _write_private(file, json.dumps(members, indent=2).encode())


def _write_private(file: Path, content: bytes) -> None:
    unfinished = file.with_name(file.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    # Made with its final mode, so that there is no moment at which others can read it.
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    unfinished.replace(file)
