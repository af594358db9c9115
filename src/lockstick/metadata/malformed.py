"""The one error of this room: a document that cannot be read as what it claims to be."""

from __future__ import annotations

from lockstick.errors import DistrustError

__all__ = ["MalformedError"]


class MalformedError(DistrustError):
    """A document breaks the dialect; nothing in it may be used.

    Args:
        rule: The public rule id that says what is wrong (docs/rules.md).
        what: One sentence that names the offending part.

    Attributes:
        rule: The public rule id.
    """

    default_remedy = "Fetch the document again from the repository; if it stays so, the repository must be mended."

    def __init__(self, rule: str, what: str) -> None:
        super().__init__(what)
        self.rule = rule
