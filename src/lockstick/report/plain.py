"""Text from metadata, a medium or a server, made fit for a terminal."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str) -> str:
    """Text from metadata or a medium, made harmless for a terminal.

    Args:
        text: Any text.

    Returns:
        The same with control and other unprintable characters escaped.
    """
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
