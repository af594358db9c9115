"""A real S3 server for the tests: started on loopback, one for a worker's whole run, and stopped with it.

It keeps what it is given, checks signatures and their times, knows ranges, parts, conditions and rights. In it is
one bucket, ``team``: the key FILLER may do everything there, READER may only read, STRANGER nothing.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from types import TracebackType
    from typing import BinaryIO

__all__ = ["BUCKET", "FILLER", "READER", "STRANGER", "Asked", "Key", "S3Server"]

BUCKET = "team"
_LINE = re.compile(r'"(?P<method>[A-Z]+) (?P<path>\S+) HTTP/1\.[01]" (?P<status>\d+) (?P<size>\d+)')


@dataclass(frozen=True)
class Key:
    """A key of the S3 server and its secret."""

    name: str
    secret: str

    def environment(self, url: str) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": self.name,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_ENDPOINT_URL_S3": url,
        }


FILLER = Key("team:filler", "filler-secret")
READER = Key("team:reader", "reader-secret")
STRANGER = Key("team:stranger", "stranger-secret")


@dataclass(frozen=True)
class Asked:
    """A request that the server answered."""

    method: str
    path: str
    status: int
    size: int


class S3Server:
    """The running server."""

    def __init__(self, room: Path) -> None:
        if sys.platform != "linux" or importlib.util.find_spec("swift") is None:
            pytest.skip("the S3 server of the tests (swift) runs on Linux, and is not installed here")
        self._room = room
        with (room / "errors.log").open("wb") as errors:
            self._start(errors)

    def _start(self, errors: BinaryIO) -> None:
        room = self._room
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("s3_serving.py"), room],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        if not port:
            self.__exit__()
            pytest.fail("the S3 server does not start: " + (room / "errors.log").read_text(encoding="utf-8"))
        self.url = f"http://127.0.0.1:{port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self._process.terminate()
        self._process.communicate(timeout=30)

    @property
    def asked(self) -> list[Asked]:
        """All requests up to now."""
        lines = (self._room / "requests.log").read_text(encoding="utf-8")
        return [
            Asked(one["method"], one["path"], int(one["status"]), int(one["size"])) for one in _LINE.finditer(lines)
        ]
