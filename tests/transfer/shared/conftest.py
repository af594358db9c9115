"""Shared stores of a test of its own, in the bucket of a real S3 server."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from lockstick.transfer.shared import open_bucket
from s3_server import BUCKET, FILLER, Key, S3Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.transfer.shared.bucket import Bucket

Open = Callable[..., "Bucket"]


@pytest.fixture
def prefix() -> str:
    """A place in the bucket that no other test uses."""
    return uuid.uuid4().hex


@pytest.fixture
def opened(s3_server: S3Server, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Open this test's place as the user of a key."""
    closing: list[Bucket] = []

    def make(key: Key = FILLER, *, bucket: str = BUCKET, **changes: Any) -> Bucket:
        for name, value in key.environment(s3_server.url).items():
            monkeypatch.setenv(name, value)
        store = open_bucket(f"s3://{bucket}/{prefix}", **changes)
        closing.append(store)
        return store

    yield make
    for store in closing:
        store.close()
