"""One file: attempt after attempt, until its bytes are there and proven, or there is no use in going on.

The rules:

1. Every attempt starts at the file's own URL, never at a redirect's target remembered from before.
2. What is there is continued only with a range request that carries a strong validator, and only when the
   answer is about exactly the range asked for; in every other case the file starts over. So bytes of two
   states of a file never come together.
3. One byte more than was signed ends the transfer at once.
4. A complete body that is too short or has another digest is fetched once more, from zero; then it is an error
   that names the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.errors import DistrustError
from lockstick.transfer.answers import content_length, content_range
from lockstick.transfer.model import Fetched
from lockstick.transfer.origins import safe_url
from lockstick.transfer.partial import Partial
from lockstick.transfer.setbacks import GaveWay, Patience, Setback, WrongBody
from lockstick.transfer.validators import strong_validator

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from lockstick.progress import Observer
    from lockstick.transfer.hops import Answer, Road
    from lockstick.transfer.line import Line
    from lockstick.transfer.model import Download

__all__ = ["fetch_file"]

_PARTIAL_CONTENT = 206


def fetch_file(
    download: Download, *, line: Line, road: Road, observer: Observer, may_leave: Callable[[], bool]
) -> Fetched:
    """Fetch one file and publish it.

    Args:
        download: What is wanted.
        line: The calling worker's own.
        road: What all transfers of this run share.
        observer: Told of everything.
        may_leave: Asked when the server says that there are too many requests; True when others are at work
            whose files can go first.

    Raises:
        LockstickError: As :func:`lockstick.transfer.engine.fetch_all` says.
        Stopped: The run is being wound up; what is there was flushed and is kept.
        GaveWay: ``may_leave`` said so; the file is to be fetched later, and what is there is kept.
    """
    with Partial(download, policy=road.policy, clock=road.surroundings.clock, check=lambda: road.rest(0)) as partial:
        observer.file_started(download.name, length=download.length, offset=partial.size)
        job = _Job(download, partial, line=line, road=road, observer=observer, may_leave=may_leave)
        try:
            job.run()
        except GaveWay:
            observer.advanced(download.name, -partial.size)  # announced again when its turn comes
            raise
        partial.publish()
    observer.file_finished(download.name)
    return Fetched(
        name=download.name,
        destination=download.destination,
        length=download.length,
        digests=download.digests,
        bytes_fetched=job.bytes_fetched,
        resumed_from=partial.resumed_from,
    )


class _Job:
    """The attempts of one file."""

    def __init__(
        self,
        download: Download,
        partial: Partial,
        *,
        line: Line,
        road: Road,
        observer: Observer,
        may_leave: Callable[[], bool],
    ) -> None:
        self._may_leave = may_leave
        self._download = download
        self._partial = partial
        self._line = line
        self._road = road
        self._observer = observer
        self._patience = Patience(road.policy, road.surroundings.chance, download.name)
        self._served_by = ""
        self.bytes_fetched = 0

    def run(self) -> None:
        """Return when the partial file is complete and proven."""
        is_second_time = False
        while True:
            try:
                self._complete()
                self._partial.prove()
            except WrongBody as wrong:
                if is_second_time:
                    self._partial.discard()
                    raise DistrustError(
                        f"{self._download.name} is not what was signed",
                        why=f"signed: {wrong.expected}; {self._server()} sent twice: {wrong.actual}",
                    ) from wrong
                is_second_time = True
                self._start_over()
                self._observer.retrying(
                    self._download.name, attempt=1, delay=0.0, reason=f"the bytes are not what was signed: {wrong}"
                )
            else:
                return

    def _complete(self) -> None:
        while self._partial.size < self._download.length:
            try:
                self._attempt()
            except Setback as setback:
                if setback.restart:
                    self._start_over()
                if self._partial.size == self._download.length:
                    return  # only the end of the answer was missing; the digest decides
                if setback.is_crowded and self._may_leave():
                    raise GaveWay from setback
                delay = self._patience.pause(setback, reached=self._partial.size)
                self._observer.retrying(
                    self._download.name, attempt=self._patience.attempts + 1, delay=delay, reason=setback.reason
                )
                self._road.rest(delay)

    def _attempt(self) -> None:
        partial, wanted = self._partial, self._download
        if partial.size and partial.validator is None:
            self._start_over()
        first = partial.size
        headers = {}
        if partial.size and partial.validator is not None:
            headers = {"Range": f"bytes={first}-", "If-Range": partial.validator.value}
        with self._road.ask(
            self._line, wanted.url, subject=wanted.name, authority=wanted.authority, headers=headers
        ) as answer:
            self._served_by = str(answer.origin)
            end = self._accept(answer, first)
            self._receive(answer.response, end)

    def _accept(self, answer: Answer, first: int) -> int:
        """Decide from the headers what the body is; give the index after its last byte."""
        headers = answer.response.headers
        offered = content_length(headers)
        if answer.response.status_code == _PARTIAL_CONTENT:
            return self._accept_range(answer, first)
        if first:
            self._start_over()
        if offered is not None and offered > self._download.length:
            self._refuse_excess(f"{self._server()} offers {offered} bytes")
        if offered is not None and offered < self._download.length:
            raise WrongBody(f"{self._download.length} bytes", f"{offered} bytes")
        self._partial.validator = strong_validator(headers)
        return self._download.length

    def _accept_range(self, answer: Answer, first: int) -> int:
        headers = answer.response.headers
        validator = self._partial.validator
        if not first or validator is None:
            raise Setback(f"{self._server()} answered with a part although all was asked for", restart=True)
        if validator.contradicted_by(headers):
            raise Setback("the file changed on the server between two requests", restart=True)
        found = content_range(headers)
        if (
            found is None
            or found.first != first
            or found.last >= self._download.length
            or found.total not in (None, self._download.length)
            or content_length(headers) not in (None, found.last + 1 - found.first)
        ):
            raise Setback(f"{self._server()} answered with another part than was asked for", restart=True)
        return found.last + 1

    def _receive(self, response: httpx.Response, end: int) -> None:
        partial, name = self._partial, self._download.name
        for chunk in self._line.chunks(response):
            self.bytes_fetched += len(chunk)
            if partial.size + len(chunk) > end:
                if end < self._download.length:
                    raise Setback(f"{self._server()} sent more than the range it named", restart=True)
                self._refuse_excess(f"{self._server()} sent more")
            partial.write(chunk)
            self._observer.advanced(name, len(chunk))
        if partial.size < self._download.length:
            if end < self._download.length:
                raise Setback("the server sent only a part of what was asked for")
            if "content-length" in response.headers or "transfer-encoding" in response.headers:
                raise WrongBody(f"{self._download.length} bytes", f"{partial.size} bytes")
            # Without either, a body ends with its connection, and nobody can tell whether it was complete.
            raise Setback("the connection ended before all bytes were there")

    def _refuse_excess(self, actual: str) -> None:
        self._partial.discard()
        raise DistrustError(
            f"{self._download.name} is not what was signed",
            why=f"signed: {self._download.length} bytes; {actual}: that is more than was signed",
        )

    def _start_over(self) -> None:
        thrown = self._partial.restart()
        if thrown:
            self._observer.advanced(self._download.name, -thrown)

    def _server(self) -> str:
        return self._served_by or safe_url(self._download.url)
