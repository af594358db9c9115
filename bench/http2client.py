"""Fetches over TLS with the HTTP library, in HTTP/1.1 or HTTP/2, and throws the bytes away.

Usage: http2client.py 1.1|2 AT_ONCE PIECES CERTIFICATE LENGTH URL...

In HTTP/1.1, AT_ONCE is the number of connections, each in a thread of its own. In HTTP/2 it is the number of streams of
one connection, in one loop, as the library multiplexes nowhere else. Each file of LENGTH bytes is fetched in PIECES
ranges.
"""

from __future__ import annotations

import asyncio
import queue
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import httpx

Piece = tuple[str, int, int]


def _headers(piece: Piece) -> dict[str, str]:
    return {"Accept-Encoding": "identity", "Range": f"bytes={piece[1]}-{piece[2] - 1}"}


def _check(piece: Piece, response: httpx.Response, received: int) -> None:
    if received != piece[2] - piece[1] or response.http_version != f"HTTP/{sys.argv[1]}":
        sys.exit(f"{received} bytes came over {response.http_version}")


def _threads(pieces: list[Piece], at_once: int, context: ssl.SSLContext) -> None:
    waiting: queue.SimpleQueue[Piece] = queue.SimpleQueue()
    for piece in pieces:
        waiting.put(piece)

    def work() -> None:
        with httpx.Client(verify=context, trust_env=False) as client:
            while True:
                try:
                    piece = waiting.get_nowait()
                except queue.Empty:
                    return
                with client.stream("GET", piece[0], headers=_headers(piece)) as response:
                    _check(piece, response, sum(map(len, response.iter_raw())))

    with ThreadPoolExecutor(at_once) as pool:
        for done in [pool.submit(work) for _ in range(at_once)]:
            done.result()


async def _streams(pieces: list[Piece], at_once: int, context: ssl.SSLContext) -> None:
    free = asyncio.Semaphore(at_once)
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
    async with httpx.AsyncClient(
        http2=True, http1=False, verify=context, trust_env=False, limits=limits, timeout=60
    ) as client:

        async def fetch(piece: Piece) -> None:
            async with free, client.stream("GET", piece[0], headers=_headers(piece)) as response:
                received = 0
                async for data in response.aiter_raw():
                    received += len(data)
                _check(piece, response, received)

        await asyncio.gather(*map(fetch, pieces))


def main(version: str, at_once: str, count: str, certificate: str, length: str, *urls: str) -> None:
    """Fetch."""
    context = ssl.create_default_context(cafile=certificate)
    edges = [int(length) * number // int(count) for number in range(int(count) + 1)]
    pieces = [(url, start, end) for url in urls for start, end in pairwise(edges)]
    if version == "2":
        context.set_alpn_protocols(["h2"])
        asyncio.run(_streams(pieces, int(at_once), context))
    else:
        _threads(pieces, int(at_once), context)


if __name__ == "__main__":
    main(*sys.argv[1:])
