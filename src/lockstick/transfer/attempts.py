"""The attempts at one piece of a file, until its bytes are there or there is no use in going on.

The rules:

1. Every attempt starts at the file's own URL, never at a redirect's target remembered from before.
2. A part is asked for with a strong validator of what is there already, and taken only when the answer is about
   exactly the part asked for; in every other case the file starts over. So bytes of two states of a file never come
   together.
3. One byte more than was signed ends the transfer at once.
4. Whoever finds that the file must start over leaves it, and so does everybody else; what was there is thrown away
   when the last one is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.errors import DistrustError
from lockstick.transfer.answers import content_length, content_range
from lockstick.transfer.origins import safe_url
from lockstick.transfer.setbacks import Patience, Setback, WrongBody
from lockstick.transfer.validators import strong_validator

if TYPE_CHECKING:
    from lockstick.progress import Observer
    from lockstick.transfer.board import Board
    from lockstick.transfer.hops import Answer, Road
    from lockstick.transfer.job import Claim
    from lockstick.transfer.limiter import Limiter
    from lockstick.transfer.line import Line, Response

__all__ = ["Attempts"]

_PARTIAL_CONTENT = 206


class Attempts:
    """The attempts of one worker at one piece.

    Args:
        claim: The piece.
        worker: The worker's number.
        line: The worker's own.
        road: What all transfers of this run share.
        board: Told how far the piece is.
        limiter: How fast it may go.
        observer: Told of everything.
    """

    def __init__(
        self,
        claim: Claim,
        *,
        worker: int,
        line: Line,
        road: Road,
        board: Board,
        limiter: Limiter,
        observer: Observer,
    ) -> None:
        self._claim = claim
        self._job = claim.job
        self._wanted = claim.job.download
        self._line = line
        self._road = road
        self._board = board
        self._limiter = limiter
        self._observer = observer
        if worker not in self._job.patience:
            self._job.patience[worker] = Patience(road.policy, road.surroundings.chance, self._wanted.name)
        self._patience = self._job.patience[worker]

    def run(self) -> None:
        """Return when the piece is there, or is to be left to others, or the file must start over.

        Raises:
            LockstickError: As :func:`lockstick.transfer.engine.fetch_all` says.
            Stopped: The run is being wound up.
            WrongBody: The server's file has another length than was signed.
        """
        while self._claim.left > 0 and not self._is_over():
            try:
                self._attempt()
            except Setback as setback:
                if self._is_over():
                    return  # somebody else has found out, and ended our waiting
                if not self._endure(setback):
                    return

    def _is_over(self) -> bool:
        """Whether the file must start over, by whoever's finding."""
        return self._job.starts_over

    def _endure(self, setback: Setback) -> bool:
        """Wait for the next attempt; False when the piece is to be left."""
        if setback.restart:
            self._board.start_over(self._job)
        elif self._claim.left <= 0:
            return False  # only the end of the answer was missing; the digest decides
        if setback.is_crowded:
            if self._board.crowded(self._job):
                return False
        elif not setback.restart:
            self._board.trouble(self._job)
        delay = self._patience.pause(setback, reached=0 if setback.restart else self._job.opened.size)
        self._observer.retrying(
            self._wanted.name, attempt=self._patience.attempts + 1, delay=delay, reason=setback.reason
        )
        self._road.rest(delay)
        return True

    def _attempt(self) -> None:
        claim = self._claim
        if claim.position and self._job.opened.validator is None and not self._take_from_zero():
            raise Setback("nothing names the bytes that are there", restart=True)
        headers = self._range()
        with self._road.ask(
            self._line, self._job.url, subject=self._wanted.name, authority=self._wanted.authority, headers=headers
        ) as answer:
            self._job.served_by = str(answer.origin)
            end = self._accept(answer, is_part_asked="Range" in headers)
            self._receive(answer.response, end)

    def _range(self) -> dict[str, str]:
        """The headers that ask for what is left of the piece; none for a whole file."""
        claim, validator = self._claim, self._job.opened.validator
        is_to_the_end = claim.end == self._wanted.length
        if claim.position == 0 and is_to_the_end:
            return {}
        asked = {"Range": f"bytes={claim.position}-{'' if is_to_the_end else claim.end - 1}"}
        return asked if validator is None else {**asked, "If-Range": validator.value}

    def _accept(self, answer: Answer, *, is_part_asked: bool) -> int:
        """Decide from the headers what the body is; give the index after its last byte."""
        headers = answer.response.headers
        if answer.response.status_code == _PARTIAL_CONTENT:
            return self._accept_range(answer, is_part_asked=is_part_asked)
        offered = content_length(headers)
        if is_part_asked:
            # All, where a part was asked for: the server gives no parts, or the file is not what it was.
            if self._job.opened.validator is None:
                self._job.is_whole = True  # it cannot be for the sake of a condition
            if not self._take_from_zero():
                raise Setback(f"{self._server()} sent everything although a part was asked for", restart=True)
        if offered is not None and offered > self._wanted.length:
            self._refuse_excess(f"{self._server()} offers {offered} bytes")
        if offered is not None and offered < self._wanted.length:
            raise WrongBody(f"{self._wanted.length} bytes", f"{offered} bytes")
        validator = strong_validator(headers)
        self._job.opened.validator = validator
        if validator is not None and headers.get("accept-ranges", "").strip().lower() == "bytes":
            self._board.takes_ranges(self._job)
        return self._wanted.length

    def _take_from_zero(self) -> bool:
        """Make the piece the whole file, and throw away what is there; False while others are at it."""
        if not self._board.take_all(self._claim):
            return False
        thrown = self._job.restart()
        self._claim.position = 0
        if thrown:
            self._observer.advanced(self._wanted.name, -thrown)
        return True

    def _accept_range(self, answer: Answer, *, is_part_asked: bool) -> int:
        headers = answer.response.headers
        claim, partial = self._claim, self._job.opened
        if not is_part_asked:
            raise Setback(f"{self._server()} answered with a part although all was asked for", restart=True)
        found = content_range(headers)
        if partial.validator is not None and partial.validator.contradicted_by(headers):
            raise Setback("the file changed on the server between two requests", restart=True)
        if partial.validator is None and found is not None and found.total is not None:
            if found.total > self._wanted.length:
                self._refuse_excess(f"{self._server()} offers {found.total} bytes")
            if found.total < self._wanted.length:
                raise WrongBody(f"{self._wanted.length} bytes", f"{found.total} bytes")
        if (
            found is None
            or found.first != claim.position
            or found.last >= self._wanted.length
            or found.total not in (None, self._wanted.length)
            or content_length(headers) not in (None, found.last + 1 - found.first)
        ):
            raise Setback(f"{self._server()} answered with another part than was asked for", restart=True)
        if partial.validator is None:
            partial.validator = strong_validator(headers)
            if partial.validator is None:
                self._job.is_whole = True
                raise Setback(f"{self._server()} does not say what names the bytes it gives", restart=True)
        self._board.takes_ranges(self._job)
        return found.last + 1

    def _receive(self, response: Response, end: int) -> None:
        claim, partial, name = self._claim, self._job.opened, self._wanted.name
        for chunk in self._line.chunks(response):
            if claim.position + len(chunk) > end:
                if end < self._wanted.length:
                    raise Setback(f"{self._server()} sent more than the range it named", restart=True)
                self._refuse_excess(f"{self._server()} sent more")
            # The rest may have been taken over by somebody else meanwhile.
            piece = chunk[: claim.left]
            partial.write(piece, claim.position)
            self._board.advance(claim, len(piece))
            self._observer.advanced(name, len(piece))
            if self._job.starts_over:
                return
            if (pause := self._limiter.pause(len(chunk))) > 0:
                self._road.rest(pause)
            if claim.left <= 0 and claim.end < end:
                return  # the line notices that this answer was not read to its end
        if claim.left > 0:
            if end < self._wanted.length:
                raise Setback("the server sent only a part of what was asked for")
            if "content-length" in response.headers or "transfer-encoding" in response.headers:
                raise WrongBody(f"{self._wanted.length} bytes", f"{claim.position} bytes")
            # Without either, a body ends with its connection, and nobody can tell whether it was complete.
            raise Setback("the connection ended before all bytes were there")

    def _refuse_excess(self, actual: str) -> None:
        self._job.opened.discard()
        raise DistrustError(
            f"{self._wanted.name} is not what was signed",
            why=f"signed: {self._wanted.length} bytes; {actual}: that is more than was signed",
        )

    def _server(self) -> str:
        return self._job.served_by or safe_url(self._wanted.url)
