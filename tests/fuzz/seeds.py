"""What fuzzing starts from: one sound input, at least, for every target."""

from __future__ import annotations

import io
import json
import zipfile
from functools import cache

from ground import sound
from lockstick.metadata.canonical import canonical

__all__ = ["PLACES", "lockbox_files", "seeds_of"]

PLACES = sorted(sound())


@cache
def lockbox_files() -> dict[str, dict[str, bytes]]:
    """A sound lockbox: repository to file name to bytes."""
    files: dict[str, dict[str, bytes]] = {"director": {}, "image-repo": {}}
    for (repository, name), raw in sound().items():
        files[repository][name] = raw
    return files


def seeds_of(target: str) -> list[bytes]:
    """The inputs to start from."""
    documents = [sound()[place] for place in PLACES]
    texts = [*documents, json.dumps(json.loads(documents[0]), indent=2).encode(), b'{"a":["\\n",-1,null]}']
    seeds = {
        "strict_json": texts,
        "signed_document": texts,
        "token_answer": texts,
        "lockbox": [bytes([index]) + raw for index, raw in enumerate(documents)],
        "credentials": [_credentials(), _credentials(zipfile.ZIP_DEFLATED), _credentials(more=b"x" * 4000)],
        "journal": [_journal(["etag", '"abc"']), _journal(["last-modified", "Mon, 01 Jun 2026 00:00:00 GMT"]), b"{}"],
        "headers": [_HEADERS, b"503\nretry-after: Mon, 01 Jun 2026 00:01:00 GMT", b"429\nretry-after: 7"],
        "places": [b'["fw.bin","app/fw-1.0.bin"]', b"[]", b'["../x","a\\u0000","con"]'],
        "trust_store": [raw for raw, place in zip(documents, PLACES, strict=True) if place[1].endswith("root.json")],
    }
    return seeds[target]


_HEADERS = b"""206
content-range: bytes 10-99/100
content-length: 90
etag: "abc"
date: Mon, 01 Jun 2026 00:00:00 GMT
last-modified: Sun, 31 May 2026 00:00:00 GMT
retry-after: 120"""


def _journal(validator: list[str]) -> bytes:
    digest = {"sha256": "0" * 64}
    document = {"format": 1, "length": 10, "digests": digest, "flushed": 5, "prefix": digest, "validator": validator}
    return json.dumps(document).encode()


def _credentials(method: int = zipfile.ZIP_STORED, more: bytes = b"") -> bytes:
    settings = {
        "oauth2": {"server": "https://tokens.example", "client_id": "i", "client_secret": "s", "scope": "x"},
        "ostree": {"server": "https://ostree.example/"},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("treehub.json", canonical(settings))  # type: ignore[arg-type]  # plain JSON
        archive.writestr("tufrepo.url", "https://api.example/repo\n")
        archive.writestr("root.json", sound()["image-repo", "1.root.json"] + more)
        archive.writestr("director.root.json", sound()["director", "1.root.json"])
    return buffer.getvalue()
