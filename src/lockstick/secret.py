"""A value that must not be seen: it does not print, serialise or compare in telling time."""

from __future__ import annotations

import hmac
from typing import NoReturn

__all__ = ["Secret"]

_MASK = "***"


class Secret:
    """A password, passphrase, client secret or token.

    It can be passed around, logged and put into errors by mistake without harm; only :meth:`reveal` gives the
    text away, so a search for that name finds every place that may leak it.

    Args:
        text: What is to stay unseen.
    """

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """Give the text itself, for the one place that sends it."""
        return self.__text

    def __repr__(self) -> str:
        return f"Secret({_MASK!r})"

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        # The specification is left out on purpose: "%.3s" of a mask is fine, its error texts need not be.
        return _MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_bytes(self.reveal()), _bytes(other.reveal()))

    # Hash tables compare in telling time and keep what they are given.
    __hash__ = None  # type: ignore[assignment]  # the documented way to make a class unhashable

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not copied out of this process")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret is not copied out of this process")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
