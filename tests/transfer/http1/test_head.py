"""The head of an answer: read strictly, and refused where it could be read in two ways."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstick.transfer.http1.head import MAX_HEAD, Head, MalformedAnswer, read_head

OK = b"HTTP/1.1 200 OK"


def lines(*more: bytes) -> bytes:
    return b"\r\n".join([OK, *more])


def framing(*more: bytes) -> tuple[str, int]:
    head = read_head(lines(*more))
    return head.framing, head.length


def test_a_head_is_status_and_headers_without_regard_to_case() -> None:
    head = read_head(lines(b'ETag:  "x" \t', b"X-Caf\xe9: no".replace(b"\xe9", b"e"), b"vary: a", b"VARY: b"))
    assert head.status == 200
    assert head.headers["etag"] == head.headers["ETAG"] == '"x"'
    assert head.headers["Vary"] == "a, b"
    assert head.headers.get("missing", "none") == "none"
    assert sorted(head.headers) == ["etag", "vary", "x-cafe"]
    assert len(head.headers) == 3


def test_the_end_of_a_body_is_told_in_one_of_three_ways() -> None:
    assert framing(b"Content-Length: 12") == ("length", 12)
    assert framing(b"Content-Length: 12", b"content-length: 12") == ("length", 12)
    assert framing(b"Transfer-Encoding: Chunked") == ("chunked", 0)
    assert framing() == ("close", 0)
    assert read_head(b"HTTP/1.1 204 Nothing").framing == "length"
    assert read_head(b"HTTP/1.1 304 Same\r\nContent-Length: 99").length == 0


@pytest.mark.parametrize(
    ("first", "more", "keeps"),
    [
        (b"HTTP/1.1 200 OK", [b"Content-Length: 1"], True),
        (b"HTTP/1.1 200", [b"Content-Length: 1"], True),
        (b"HTTP/1.1 200 OK", [b"Content-Length: 1", b"Connection: x, Close"], False),
        (b"HTTP/1.1 200 OK", [], False),
        (b"HTTP/1.0 200 OK", [b"Content-Length: 1"], False),
        (b"HTTP/1.0 200 OK", [b"Content-Length: 1", b"Connection: keep-alive"], True),
    ],
)
def test_whether_the_connection_stays(first: bytes, more: list[bytes], *, keeps: bool) -> None:
    assert read_head(b"\r\n".join([first, *more])).keeps_alive is keeps


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/2 200 OK",
        b"HTTP/1.2 200 OK",
        b"HTTP/1.1 99 Low",
        b"HTTP/1.1 600 High",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1  200 OK",
        b"http/1.1 200 OK",
        b" HTTP/1.1 200 OK",
        b"SSH-2.0-OpenSSH",
        lines(b"No colon"),
        lines(b": no name"),
        lines(b"Space : before"),
        lines(b"A: 1", b" folded"),
        lines(b"A: 1\nB: 2"),
        lines(b"A: 1\rB: 2"),
        lines(b"A: \0"),
        lines(b"Content-Length: 1", b"Content-Length: 2"),
        lines(b"Content-Length: 1, 1"),
        lines(b"Content-Length: -1"),
        lines(b"Content-Length: +1"),
        lines(b"Content-Length: 0x10"),
        lines(b"Content-Length: "),
        lines(b"Content-Length: \xb2"),
        lines(b"Content-Length: 1" + b"0" * 20),
        lines(b"Transfer-Encoding: gzip, chunked"),
        lines(b"Transfer-Encoding: identity"),
        lines(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        lines(b"Transfer-Encoding: chunked", b"Content-Length: 3"),
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        read_head(raw)


@pytest.mark.parametrize(
    "filler", [b" ", b"\t", b"a", b",", b"a ", b":", b"\r\nA:", b"\r\nA: b", b"\r\nA", b"0", b"\xff", b"\r\n"]
)
@pytest.mark.parametrize("end", [b"\x01", b"", b"x"])
@pytest.mark.parametrize("start", [b"A:", b"A: b", b"Content-Length: ", b"Connection: ", b"Transfer-Encoding: ", b""])
def test_a_head_as_long_as_may_be_is_read_at_once(start: bytes, filler: bytes, end: bytes) -> None:
    raw = lines(start + filler * ((MAX_HEAD - 64) // len(filler)) + end)
    began = time.process_time()
    with suppress(MalformedAnswer):
        read_head(raw)
    assert time.process_time() - began < 1


@given(st.binary(max_size=200))
def test_any_bytes_are_a_head_or_refused(noise: bytes) -> None:
    for raw in (noise, OK + b"\r\n" + noise, lines(b"Content-Length: " + noise)):
        with suppress(MalformedAnswer):
            assert isinstance(read_head(raw), Head)
