"""What the S3 library's errors become: the words that a server on loopback does not say by itself."""

from __future__ import annotations

import pytest
from botocore import exceptions as s3

from lockstick.errors import LockstickError, NotAllowedError, NotFoundError, TransferError, UsageError
from lockstick.transfer.shared.trouble import explained

CANARY = "https://s3.example/x?X-Amz-Signature=canary"


def refusal(code: str, status: int) -> s3.ClientError:
    answer = {"Error": {"Code": code, "Message": CANARY}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return s3.ClientError(answer, "GetObject")


@pytest.mark.parametrize(
    ("error", "kind", "word"),
    [
        (refusal("ExpiredToken", 400), NotAllowedError, "have expired"),
        (refusal("RequestTimeTooSkewed", 403), NotAllowedError, "clock"),
        (refusal("InvalidAccessKeyId", 403), NotAllowedError, "does not know this key"),
        (refusal("AccessDenied", 403), NotAllowedError, "answers 403"),
        (refusal("403", 403), NotAllowedError, "answers 403"),
        (refusal("PermanentRedirect", 301), UsageError, "another region"),
        (refusal("AuthorizationHeaderMalformed", 400), UsageError, "another region"),
        (refusal("NoSuchBucket", 404), NotFoundError, "no bucket team"),
        (refusal("404", 404), NotFoundError, "no longer in"),
        (refusal("SlowDown", 503), TransferError, "answers 503"),
        (refusal("EntityTooLarge", 400), TransferError, "answers 400"),
        (s3.NoCredentialsError(), NotAllowedError, "no complete credentials"),
        (s3.CredentialRetrievalError(provider="x", error_msg=CANARY), NotAllowedError, "cannot be had"),
        (s3.UnauthorizedSSOTokenError(), NotAllowedError, "the login is over"),
        (s3.EndpointConnectionError(endpoint_url=CANARY), TransferError, "cannot be reached"),
        (s3.SSLError(endpoint_url=CANARY, error="x"), TransferError, "cannot be reached"),
        (s3.ReadTimeoutError(endpoint_url=CANARY), TransferError, "cannot be reached"),
        (s3.ProfileNotFound(profile="canary"), UsageError, "ProfileNotFound"),
    ],
)
def test_an_error_of_the_library_becomes_one_of_ours_without_its_words(
    error: Exception, kind: type[LockstickError], word: str
) -> None:
    with pytest.raises(kind) as caught, explained("s3://team/x", "team"):
        raise error
    assert word in str(caught.value)
    assert "canary" not in f"{caught.value} {caught.value.remedy}"
    assert caught.value.__suppress_context__
    assert caught.value.remedy


def test_what_the_library_did_not_raise_passes() -> None:
    with pytest.raises(KeyError), explained("s3://team/x", "team"):
        raise KeyError
