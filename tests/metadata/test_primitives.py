"""The library of keys is loaded without the clients of cloud key stores."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from lockstick.metadata.keys import PublicKey
loaded = "boto3" in sys.modules
import boto3
from securesystemslib.signer import SSlibKey
from lockstick.metadata.primitives import LibraryKey
print(loaded, boto3.__name__, SSlibKey is LibraryKey)
"""


def test_no_client_of_a_key_store_is_loaded_and_whoever_wants_one_still_gets_it() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.stdout == "False boto3 True\n", done.stderr
