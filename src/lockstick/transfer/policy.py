"""How patient, how greedy and how careful the engine is: every number in one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

__all__ = ["Policy"]

MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The engine's numbers. Times are seconds, sizes are bytes.

    By default a server that refuses every connection is given up after about a minute (the pauses add up to 60
    seconds on average, to 121 at most), so that a short loss of the network does not end a build.

    Attributes:
        connections: The most connections at the same time.
        start_connections: How many each origin gets at first; more follow while that brings more.
        min_piece: A file smaller than two of these is fetched over one connection, and no piece is smaller ...
        max_piece: ... nor larger than this, except where nobody would be free for the rest.
        max_lag: A worker that is so few bytes ahead of the hashing hashes them itself, from the disk's cache.
        limit_rate: The most bytes a second, over all connections; None for no limit.
        attempts: Tries in a row without a new byte before a file is given up.
        total_attempts: Tries for one file in all, however much progress each of them made.
        backoff_base: Upper bound of the first pause; doubles with every try that brought nothing.
        backoff_cap: Upper bound of every pause. The pause itself is drawn evenly below the bound.
        connect_timeout: How long a connection (with TLS) may take to come about.
        read_timeout: How long the line may be silent before it counts as dead.
        stall_timeout: How long an answer may go without one byte of content, even if the line is not silent.
        max_redirects: How many redirects one request follows.
        max_retry_after: The longest Retry-After that is waited for; a longer one ends the transfer.
        flush_bytes: A partial file is flushed, and its journal updated, after so many new bytes ...
        flush_seconds: ... or after so much time, whichever comes first.

    Raises:
        ValueError: A number is zero or negative where that makes no sense.
    """

    connections: int = 16
    start_connections: int = 8
    min_piece: int = 8 * MIB
    max_piece: int = 64 * MIB
    max_lag: int = 4 * MIB
    limit_rate: float | None = None
    attempts: int = 10
    total_attempts: int = 2000
    backoff_base: float = 0.5
    backoff_cap: float = 30.0
    connect_timeout: float = 15.0
    read_timeout: float = 30.0
    stall_timeout: float = 60.0
    max_redirects: int = 5
    max_retry_after: float = 300.0
    flush_bytes: int = 32 * MIB
    flush_seconds: float = 5.0

    @classmethod
    def of(cls, connections: int | None, **others: Any) -> Policy:  # noqa: ANN401 - as the constructor
        """Make a policy from what a user said of connections.

        Args:
            connections: The most at once; who names a number gets it from the start. None leaves it to the engine.
            **others: The other numbers.

        Raises:
            ValueError: As in the constructor.
        """
        if connections is None:
            return cls(**others)
        return cls(connections=connections, start_connections=connections, **others)

    def __post_init__(self) -> None:
        may_be_zero = {"max_redirects", "max_retry_after", "backoff_base", "backoff_cap"}
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            if value < 0 or (value == 0 and field.name not in may_be_zero):
                raise ValueError(f"{field.name} must be positive, not {value}")
