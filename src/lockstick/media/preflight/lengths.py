"""How long a name is: systems count differently."""

from __future__ import annotations

__all__ = ["utf8_length", "utf16_length"]

_LAST_OF_FIRST_PLANE = 0xFFFF


def utf8_length(text: str) -> int:
    """How many bytes a text has on a system that keeps names as UTF-8.

    Args:
        text: Any text; a byte that is no text, as Python escapes it, counts as the one byte that it is.

    Returns:
        Bytes.
    """
    if text.isascii():
        return len(text)
    return sum(1 if _is_byte(character) else len(character.encode("utf-8", "surrogatepass")) for character in text)


def utf16_length(text: str) -> int:
    """How many units of UTF-16 a text has, as Microsoft's file systems count; half a character counts as one."""
    if text.isascii():
        return len(text)
    return sum(2 if ord(character) > _LAST_OF_FIRST_PLANE else 1 for character in text)


def _is_byte(character: str) -> bool:
    return "\udc80" <= character <= "\udcff"
