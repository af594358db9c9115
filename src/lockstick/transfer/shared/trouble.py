"""What the S3 library's errors mean, in the project's own tree.

The library's texts are not passed on: they may hold addresses with signatures, and account names.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore import exceptions as s3

from lockstick.errors import LockstickError, NotAllowedError, NotFoundError, TransferError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["answered", "code_of", "explained", "status_of"]

_CREDENTIALS = (
    "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in (aws sso login); "
    "for another server than Amazon's set AWS_ENDPOINT_URL_S3 as well."
)
_RIGHTS = (
    "To read, a key needs s3:GetObject and s3:ListBucket there (without the latter S3 answers the same for what is "
    "not there); to fill also s3:PutObject."
)
_WRONG = ("the server does not know this key, or its secret is wrong", _CREDENTIALS)
_OUTDATED = ("the credentials have expired", _CREDENTIALS)
_KEY_TROUBLE = {
    "InvalidAccessKeyId": _WRONG,
    "SignatureDoesNotMatch": _WRONG,
    "ExpiredToken": _OUTDATED,
    "InvalidToken": _OUTDATED,
    "TokenRefreshRequired": _OUTDATED,
    "RequestTimeTooSkewed": ("this machine's clock is wrong", "Set the clock, then run the same command again."),
}
_OTHER_REGION = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
_NO_BUCKET = "NoSuchBucket"
_FORBIDDEN, _MISSING, _MOVED = 403, 404, 301


def code_of(error: s3.ClientError) -> str:
    """Say what the server called its refusal; for an answer without a body that is the status."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status_of(error: s3.ClientError) -> int:
    """Say with which HTTP status the server refused."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


@contextmanager
def explained(name: str, bucket: str) -> Iterator[None]:
    """Turn whatever the library raises inside into the project's own errors.

    Args:
        name: What to call the store towards people.
        bucket: The bucket's name.

    Raises:
        NotAllowedError: The credentials are missing, unknown, wrong, outdated, or not good for this.
        NotFoundError: There is no such bucket, or what was asked for has gone.
        TransferError: The server cannot be reached, or fails.
        UsageError: The settings of the library make no sense.
    """
    try:
        yield
    except s3.ClientError as error:
        raise _refusal(error, name, bucket) from None
    except (s3.NoCredentialsError, s3.PartialCredentialsError):
        raise NotAllowedError(
            f"{name} cannot be used", why="no complete credentials were found", remedy=_CREDENTIALS
        ) from None
    except s3.CredentialRetrievalError:
        raise NotAllowedError(
            f"{name} cannot be used", why="the credentials cannot be had", remedy=_CREDENTIALS
        ) from None
    except (s3.SSOError, s3.TokenRetrievalError):
        raise NotAllowedError(
            f"{name} cannot be used", why="the login is over", remedy="Log in again: aws sso login."
        ) from None
    except (s3.ConnectionError, s3.HTTPClientError, s3.IncompleteReadError):
        raise TransferError(
            f"{name} cannot be reached",
            why="the server does not answer, or not securely",
            remedy="Check the network and AWS_ENDPOINT_URL_S3, or build without this store.",
        ) from None
    except s3.BotoCoreError as error:
        raise UsageError(
            f"{name} cannot be used",
            why=f"the settings of the S3 library do not do: {type(error).__name__}",
            remedy="Check the AWS_… variables and the profile.",
        ) from None


@contextmanager
def answered(name: str, bucket: str) -> Iterator[None]:
    """The same where a server is asked: what goes wrong in reading its answer is the server's fault.

    The library has no error for most answers that make no sense, and leaves what Python raises over them.

    Args:
        name: As in :func:`explained`.
        bucket: As in :func:`explained`.

    Raises:
        LockstickError: As in :func:`explained`; also TransferError for an answer that makes no sense.
    """
    with explained(name, bucket):
        try:
            yield
        except (LockstickError, s3.BotoCoreError, s3.ClientError):
            raise
        except Exception:  # noqa: BLE001 - whoever owns the server chooses which
            raise TransferError(
                f"{name} failed",
                why="the server's answer makes no sense",
                remedy="Check that AWS_ENDPOINT_URL_S3 leads to an S3 server, or do without this store.",
            ) from None


def _refusal(error: s3.ClientError, name: str, bucket: str) -> LockstickError:
    code, status = code_of(error), status_of(error)
    cannot = f"{name} cannot be used"
    if code in _OTHER_REGION or status == _MOVED:
        return UsageError(cannot, why="the bucket is in another region", remedy="Set AWS_REGION to the bucket's.")
    if code in _KEY_TROUBLE:
        why, remedy = _KEY_TROUBLE[code]
        return NotAllowedError(cannot, why=why, remedy=remedy)
    if status == _FORBIDDEN:
        return NotAllowedError(f"{name} may not be used in this way", why="the server answers 403", remedy=_RIGHTS)
    if status == _MISSING:
        if code == _NO_BUCKET:
            return NotFoundError(f"there is no bucket {bucket}", remedy="Create it, or correct its name.")
        return NotFoundError(f"what was asked for is no longer in {name}", remedy="Run the same command again.")
    return TransferError(
        f"{name} failed", why=f"the server answers {status}", remedy="Try again later, or do without this store."
    )
