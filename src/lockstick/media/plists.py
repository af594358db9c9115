"""Property lists as macOS programs write them, with whatever strangers have put into them."""

from __future__ import annotations

import plistlib
import re
from typing import Any
from xml.parsers.expat import ExpatError

__all__ = ["read_plist"]

# The system writes names as they are: a label with a control character makes XML that no parser takes.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|&#[xX]?[0-9a-fA-F]{1,8};")


def read_plist(output: str) -> Any:  # noqa: ANN401 - anything may be there
    """Read a property list.

    Args:
        output: What a program wrote.

    Returns:
        Its value; None for what is no property list.
    """
    data = _NOT_XML.sub("\ufffd", output).encode()
    try:
        return plistlib.loads(data, fmt=plistlib.FMT_XML)
    except (
        plistlib.InvalidFileException,
        ExpatError,
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
        OverflowError,
        RecursionError,
    ):
        return None
