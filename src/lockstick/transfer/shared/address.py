"""Where in a bucket things are: ``s3://bucket/prefix``, and the key of each entry below it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lockstick.errors import UsageError

__all__ = ["BucketAddress"]

_SCHEME = "s3://"
# What S3 allows today; https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# The characters that S3's own guide calls safe in keys, so that no server and no tool has to escape them.
_SEGMENT = re.compile(r"[A-Za-z0-9!_.'()-]+")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LONGEST_PREFIX = 512
_ENTRIES = "sha256/"


@dataclass(frozen=True)
class BucketAddress:
    """A place in a bucket.

    Attributes:
        bucket: The bucket's name.
        prefix: What every key begins with: empty, or a path that ends in a slash.
    """

    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"{_SCHEME}{self.bucket}/{self.prefix}".rstrip("/")

    @classmethod
    def parse(cls, text: str) -> BucketAddress:
        """Read ``s3://bucket`` or ``s3://bucket/prefix``.

        Args:
            text: What the user wrote.

        Returns:
            The address.

        Raises:
            UsageError: It is no such address. The text is not shown: people put credentials into addresses.
        """
        bucket, _, rest = text.removeprefix(_SCHEME).partition("/")
        if not text.startswith(_SCHEME):
            raise _refused("it does not begin with s3://")
        if "@" in bucket:
            raise _refused("it carries a user name or password; credentials come from the environment or a profile")
        if not _BUCKET.fullmatch(bucket):
            raise _refused("the name of the bucket is not one that S3 allows")
        segments = rest.rstrip("/").split("/") if rest.rstrip("/") else []
        if any(not _SEGMENT.fullmatch(one) or set(one) == {"."} for one in segments):
            raise _refused("the part after the bucket may hold letters, digits and !_.'()- between single slashes")
        prefix = "".join(f"{one}/" for one in segments)
        if len(prefix) > _LONGEST_PREFIX:
            raise _refused(f"the part after the bucket has more than {_LONGEST_PREFIX} characters")
        return cls(bucket, prefix)

    @property
    def entries(self) -> str:
        """What the key of every entry begins with."""
        return f"{self.prefix}{_ENTRIES}"

    def key(self, digest: str) -> str:
        """Say under which key the bytes of a digest are.

        Args:
            digest: A SHA-256 in lower-case hex.

        Returns:
            The key.

        Raises:
            ValueError: It is no such digest.
        """
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"not a SHA-256 in lower-case hex: {digest!r}")
        return self.entries + digest

    def digest(self, key: str) -> str | None:
        """Say which digest a key stands for; None if it is none of ours."""
        found = key.removeprefix(self.entries)
        return found if found != key and _DIGEST.fullmatch(found) else None


def _refused(why: str) -> UsageError:
    return UsageError(
        "the address of a shared store is refused", why=why, remedy="Write it as s3://BUCKET or s3://BUCKET/PREFIX."
    )
