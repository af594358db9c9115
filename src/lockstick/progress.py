"""The observer protocol: how the engine tells anybody who cares what it is doing.

Library functions never print. They call an :class:`Observer`; a progress bar, JSON lines and a log are
observers, and the default is one that does nothing. Calls may come from any thread and must return quickly.
"""

from __future__ import annotations

from typing import Literal, Protocol

__all__ = ["SILENT", "Observer", "Phase"]

Phase = Literal["metadata", "planning", "fetching", "writing", "hashing", "flushing", "publishing", "uploading"]
"""What is going on: first the phases of a build, in their order."""


class Observer(Protocol):
    """Something that wants to know what the engine does. Every method may be called from any thread."""

    def phase(self, name: Phase, *, total_bytes: int | None = None, files: int | None = None) -> None:
        """A new phase begins; ``total_bytes`` and ``files`` say how much it will handle, where known."""

    def file_started(self, name: str, *, length: int, offset: int = 0) -> None:
        """Work on one file begins; ``offset`` bytes of its ``length`` are already there."""

    def advanced(self, name: str, count: int) -> None:
        """``count`` more bytes of the file are done (negative: taken back because a file restarts)."""

    def file_finished(self, name: str) -> None:
        """The file is complete and its bytes are proven."""

    def retrying(self, name: str, *, attempt: int, delay: float, reason: str) -> None:
        """The file will be tried again in ``delay`` seconds, for the given reason."""

    def message(self, text: str) -> None:
        """Something worth one line to a person."""


class _Silent:
    """The observer that looks away."""

    def phase(self, name: Phase, *, total_bytes: int | None = None, files: int | None = None) -> None:
        pass

    def file_started(self, name: str, *, length: int, offset: int = 0) -> None:
        pass

    def advanced(self, name: str, count: int) -> None:
        pass

    def file_finished(self, name: str) -> None:
        pass

    def retrying(self, name: str, *, attempt: int, delay: float, reason: str) -> None:
        pass

    def message(self, text: str) -> None:
        pass


SILENT: Observer = _Silent()
