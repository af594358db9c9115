"""The library's keys and signatures, and nothing that it would load besides.

On import, securesystemslib tries out every cloud key store that it can sign with. Nobody here signs with one; where the
extra for shared stores is installed, the client of one of them would cost each command an eighth of a second.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LibraryKey", "LibrarySignature", "UnverifiedSignatureError", "VerificationError"]

_KEY_STORES = ("azure.core.exceptions", "boto3", "google.cloud.kms", "hvac", "keylet", "pkcs11")


@contextmanager
def _without_key_stores() -> Iterator[None]:
    """Have these modules look as if they were not installed, unless somebody has loaded them already."""
    hidden = [name for name in _KEY_STORES if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # how the import system says "not there"
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _without_key_stores():
    from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
    from securesystemslib.signer import Signature as LibrarySignature
    from securesystemslib.signer import SSlibKey as LibraryKey
