"""A value that must not be seen: it does not print, serialise or compare in telling time."""

from __future__ import annotations

import base64
import hmac
import json
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Secret", "masked", "without_secrets"]

_MASK = "***"
_OWN = ("LOCKSTICK_", "AWS_")


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


def masked(text: str, secrets: Iterable[Secret]) -> str:
    """Take secrets out of a text of somebody else, in every form in which they were sent or would be repeated.

    Args:
        text: The whole text: of one that was cut, a part of a secret might be left.
        secrets: What must not be in it.

    Returns:
        The text with a mask in place of each.
    """
    from urllib.parse import quote, quote_plus  # noqa: PLC0415 - only needed where somebody said something

    for secret in secrets:
        plain = secret.reveal()
        raw = _bytes(plain)
        forms = {plain, quote(raw, safe=""), quote(raw), quote_plus(raw), base64.b64encode(raw).decode()}
        forms |= {json.dumps(plain)[1:-1], json.dumps(plain, ensure_ascii=False)[1:-1]}
        # The longest first: a form may hold another one.
        for form in sorted(filter(None, forms), key=len, reverse=True):
            text = text.replace(form, _MASK)
    return text


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that a program of others may see: none of this program's own, and no keys to stores.

    Args:
        environment: All variables.

    Returns:
        The others, to be handed to a program that is started.
    """
    return {name: value for name, value in environment.items() if not name.upper().startswith(_OWN)}


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
