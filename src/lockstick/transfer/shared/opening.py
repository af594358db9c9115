"""Opening a bucket: the S3 library is imported here, when a bucket is named, and only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.errors import UsageError
from lockstick.transfer.shared.address import BucketAddress

if TYPE_CHECKING:
    from lockstick.transfer.shared.bucket import Bucket
    from lockstick.transfer.shared.parts import Parts

__all__ = ["GOOD_FOR", "open_bucket"]

# A token that a login gave may end earlier, and then the addresses do so too; S3 takes up to seven days.
GOOD_FOR = 6 * 3600


def open_bucket(text: str, *, good_for: int = GOOD_FOR, parts: Parts | None = None) -> Bucket:
    """Open a bucket as a shared store; no server is asked yet.

    Credentials, profile, region, endpoint and certificate authorities are found by the library, as every tool for
    S3 finds them: ``AWS_PROFILE``, ``AWS_ENDPOINT_URL_S3``, ``AWS_CA_BUNDLE`` and so on.

    Args:
        text: ``s3://bucket`` or ``s3://bucket/prefix``.
        good_for: For how many seconds the addresses are good that it gives away.
        parts: How large files are cut on their way into the bucket.

    Returns:
        The store; see :class:`lockstick.transfer.shared.model.SharedStore`. The caller closes it.

    Raises:
        UsageError: The text is no such address, the extra is not installed, or the settings make no sense.
        NotAllowedError: The profile has no usable credentials.
    """
    address = BucketAddress.parse(text)
    try:
        # A large library, that only those have who asked for the extra.
        from lockstick.transfer.shared.bucket import Bucket  # noqa: PLC0415
        from lockstick.transfer.shared.connecting import connect  # noqa: PLC0415
    except ImportError:
        raise UsageError(
            f"{address} cannot be used",
            why="support for S3 is not installed",
            remedy="In a clone of Lockstick: pip install '.[s3]'",
        ) from None
    return Bucket(connect(address), address, good_for=good_for, parts=parts)
