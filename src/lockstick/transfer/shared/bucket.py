"""A shared store in a bucket of an S3 server.

The rules:

1. Nothing that the server says of an entry is believed. Its length is looked at to save a fetch in vain, its bytes
   are held against the signed hash by whoever fetches them.
2. Credentials go to the S3 server alone, through the library. What is fetched is fetched from signed addresses.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lockstick.disk.trouble import media_error
from lockstick.transfer.shared.model import Listing, SharedEntry
from lockstick.transfer.shared.parts import Parts
from lockstick.transfer.shared.trouble import answered, status_of
from lockstick.transfer.shared.upload import Upload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from lockstick.transfer.shared.address import BucketAddress
    from lockstick.transfer.shared.client import S3Client

__all__ = ["Bucket"]

_MISSING = 404
_PIECE = 1 << 20
_PAGE = 1000
_MOST_LISTED = 100_000
# A server may give empty pages, and say each time that more follow.
_MOST_PAGES = 1000


class Bucket:
    """A shared store in a bucket; see :class:`lockstick.transfer.shared.model.SharedStore`.

    Args:
        client: The library's client, for several threads.
        address: Where in which bucket.
        good_for: For how many seconds the addresses are good that are given away.
        parts: How large files are cut on their way into the bucket.
        most_listed: How many keys are looked at, at the most, to list what is there.
    """

    def __init__(
        self,
        client: S3Client,
        address: BucketAddress,
        *,
        good_for: int,
        parts: Parts | None = None,
        most_listed: int = _MOST_LISTED,
    ) -> None:
        self._client = client
        self._address = address
        self._good_for = good_for
        self._parts = parts or Parts()
        self._most_listed = most_listed

    @property
    def name(self) -> str:
        """What to call it towards people."""
        return str(self._address)

    def check(self) -> None:
        """Make sure that the bucket is there and may be read.

        A listing is asked for, as an answer to a HEAD has no body that says what is wrong.

        Raises:
            LockstickError: See :meth:`SharedStore.check`.
        """
        with self._answered():
            self._client.list_objects_v2(Bucket=self._address.bucket, Prefix=self._address.entries, MaxKeys=1)

    def offer(self, digest: str, length: int) -> str | None:
        """Say where bytes can be fetched; see :meth:`SharedStore.offer`."""
        where = self._where(digest)
        with self._answered():
            if self._length_of(where) != length:
                return None
            return self._client.generate_presigned_url("get_object", Params=where, ExpiresIn=self._good_for)

    def fill(self, digest: str, path: Path) -> bool:
        """Put the bytes of a proven file into the bucket; see :meth:`SharedStore.fill`."""
        where = self._where(digest)
        with self._answered():
            there = self._length_of(where)
            if there is not None and there == _size(path):
                return False
            # What has another length is damaged, whoever wrote it.
            is_damaged = there is not None
            upload = Upload(client=self._client, where=where, digest=digest, parts=self._parts, replace=is_damaged)
            return upload.send(path)

    def entries(self) -> Listing:
        """List what is there; see :meth:`SharedStore.entries`."""
        found: list[SharedEntry] = []
        foreign = 0
        for number, (page, is_last) in enumerate(self._pages(), start=1):
            for one in page:
                if one is None:
                    foreign += 1
                else:
                    found.append(one)
            if not is_last and (len(found) + foreign >= self._most_listed or number >= _MOST_PAGES):
                return Listing(entries=tuple(found), foreign=foreign, is_complete=False)
        return Listing(entries=tuple(found), foreign=foreign, is_complete=True)

    def prove(self, entry: SharedEntry) -> bool:
        """Read all bytes of an entry; see :meth:`SharedStore.prove`."""
        digest = hashlib.sha256()
        left = entry.length
        with self._answered():
            body = self._client.get_object(**self._where(entry.digest))["Body"]
            try:
                while left >= 0 and (piece := body.read(_PIECE)):
                    digest.update(piece)
                    left -= len(piece)
            finally:
                body.close()
        return left == 0 and digest.hexdigest() == entry.digest

    def remove(self, entry: SharedEntry) -> None:
        """Remove an entry; see :meth:`SharedStore.remove`."""
        with self._answered():
            self._client.delete_object(**self._where(entry.digest))

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _pages(self) -> Iterator[tuple[list[SharedEntry | None], bool]]:
        """Read page by page: the entries, None for each other thing, and whether the page is the last one."""
        more: dict[str, str] = {}
        size = min(_PAGE, self._most_listed)
        while True:
            with self._answered():
                page = self._client.list_objects_v2(
                    Bucket=self._address.bucket, Prefix=self._address.entries, MaxKeys=size, **more
                )
                token = page.get("NextContinuationToken") if page.get("IsTruncated") else None
                entries = [self._entry(one) for one in page.get("Contents", [])]
            yield entries, token is None
            if token is None:
                return
            more = {"ContinuationToken": str(token)}

    def _entry(self, listed: Mapping[str, Any]) -> SharedEntry | None:
        digest = self._address.digest(str(listed["Key"]))
        if digest is None:
            return None
        length = int(listed["Size"])
        if length < 0:
            raise ValueError("a negative length")
        return SharedEntry(digest=digest, length=length, changed=listed["LastModified"])

    def _length_of(self, where: dict[str, str]) -> int | None:
        try:
            return int(self._client.head_object(**where)["ContentLength"])
        except ClientError as error:
            if status_of(error) == _MISSING:
                return None
            raise

    def _where(self, digest: str) -> dict[str, str]:
        return {"Bucket": self._address.bucket, "Key": self._address.key(digest)}

    def _answered(self) -> AbstractContextManager[None]:
        return answered(self.name, self._address.bucket)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise media_error(error, path, "read") from error
