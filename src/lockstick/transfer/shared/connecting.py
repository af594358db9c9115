"""The S3 library's client for a bucket: which server, with which credentials, how patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from boto3.session import Session
from botocore.config import Config

from lockstick.errors import LockstickError, UsageError
from lockstick.transfer.origins import check_url
from lockstick.transfer.shared.trouble import explained

if TYPE_CHECKING:
    from lockstick.transfer.shared.address import BucketAddress
    from lockstick.transfer.shared.client import S3Client

__all__ = ["connect"]

_CONNECT_SECONDS = 10
_READ_SECONDS = 60
_ATTEMPTS = 4
_CONNECTIONS = 16
# Servers other than Amazon's do not care, and Amazon's own sends to the right one from there.
_SOME_REGION = "us-east-1"
_REMEDY = "Correct AWS_ENDPOINT_URL_S3, or the endpoint in the profile."


def connect(address: BucketAddress) -> S3Client:
    """Make a client; no server is asked yet.

    Args:
        address: The bucket.

    Returns:
        The client, for several threads. The caller closes it.

    Raises:
        UsageError: The settings make no sense, or lead to a server that may not be asked: plain http is only for
            this machine itself, as for every other address.
        NotAllowedError: The profile has no usable credentials.
    """
    try:
        with explained(str(address), address.bucket):
            session = Session()
            client = session.client("s3", region_name=session.region_name or _SOME_REGION, config=_config())
    except ValueError:
        raise UsageError(
            f"{address} cannot be used", why="the server's address cannot be read", remedy=_REMEDY
        ) from None
    try:
        check_url(client.meta.endpoint_url)
    except LockstickError as error:
        client.close()
        raise UsageError(f"{address} cannot be used", why=str(error), remedy=_REMEDY) from None
    return cast("S3Client", client)


def _config() -> Config:
    return Config(
        signature_version="s3v4",
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        max_pool_connections=_CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        # What is sent is hashed into the signature, which every server checks. The library's newer checksums are
        # refused by many servers that are not Amazon's, so they are left out where Amazon's do not insist.
        s3={"payload_signing_enabled": True},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
