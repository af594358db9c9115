"""Does HTTP/2 help? What docs/adr/0021 was decided by: run it again with ``make bench-http2``.

The same files over TLS from one nginx, near and far: with the HTTP library, and with curl to see what is the protocol's
and what is the library's. Nothing is hashed or written; ratios are HTTP/1.1 over the other.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from comparisons import Comparison
from distance import Faraway, faraway
from machine import describe, tools
from measuring import BrokenContestantError, Contestant, own_peak, race
from stock import made
from table import as_table
from webserver import Certificate, make_certificate, web_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stock import Stock

_HERE = Path(__file__).parent
_ROUND_TRIP = 0.08
_SMALL = ((1, 8, 1), (1, 32, 1), (2, 8, 1), (2, 100, 1))
_BIG = ((1, 1, 1), (1, 4, 4), (2, 1, 1), (2, 4, 4))


def _ours(how: tuple[int, int, int], certificate: Certificate, stock: Stock, base: str) -> Contestant:
    version, at_once, pieces = how
    what = "connections" if version == 1 else "streams"
    client = [sys.executable, str(_HERE / "http2client.py"), "1.1" if version == 1 else "2", str(at_once), str(pieces)]
    urls = [f"{base}/{item.name}" for item in stock.items]
    return Contestant(
        name=f"httpx, HTTP/{'1.1' if version == 1 else '2'}, {at_once} {what if at_once > 1 else what[:-1]}",
        command=[*client, str(certificate.certificate), str(stock.items[0].length), *urls],
    )


def _curl(version: str, certificate: Certificate, stock: Stock, base: str, folder: Path) -> Contestant:
    config = folder / f"curl-{version}"
    lines = [f'cacert = "{certificate.certificate}"', f"http{version}", "silent", "show-error", "fail"]
    for item in stock.items:
        lines += [f'url = "{base}/{item.name}"', 'output = "/dev/null"']
    config.write_text("\n".join(lines))
    # Without the wait it would open many connections before it knows that one could take all.
    wait = ["--parallel", "--parallel-immediate"] if version == "1.1" else ["--parallel"]
    return Contestant(name=f"curl --parallel, HTTP/{version}", command=["curl", *wait, "--config", str(config)])


@contextmanager
def _near(root: Path, folder: Path, certificate: Certificate) -> Iterator[Faraway]:
    with web_server(root, has_nginx=True, folder=folder, certificate=certificate) as port:
        yield Faraway(port=port, inside=(), how="nothing")


def _compare(
    stock: Stock, folder: Path, certificate: Certificate, options: argparse.Namespace, found: Mapping[str, str]
) -> Iterator[Comparison]:
    is_big = len(stock.items) == 1
    for number, where in enumerate(("near", "80 ms of round trip")):
        servers = folder / f"server-{len(stock.items)}-{number}"
        if number:
            server = faraway(stock.folder, round_trip=_ROUND_TRIP, tools=found, folder=servers, certificate=certificate)
        else:
            server = _near(stock.folder, servers, certificate)
        with server as at:
            base = f"https://127.0.0.1:{at.port}"
            contestants = [_ours(how, certificate, stock, base) for how in (_BIG if is_big else _SMALL)]
            contestants += [_curl(version, certificate, stock, base, folder) for version in ("1.1", "2")]
            yield Comparison(
                title=f"{stock.in_words}, {where}",
                results=race(
                    [_within(contestant, at) for contestant in contestants],
                    rounds=options.rounds,
                    warms_up=False,
                    environment=os.environ,
                    say=lambda text: print(f"  {text}", file=sys.stderr),
                ),
                notes=[f"the distance is made by {at.how}"] if number else [],
            )


def _within(contestant: Contestant, server: Faraway) -> Contestant:
    return Contestant(name=contestant.name, command=[*server.inside, *contestant.command])


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small-files", type=int, default=500)
    parser.add_argument("--big-mib", type=int, default=256)
    options = parser.parse_args()
    found = tools()
    missing = {"nginx", "curl", "openssl"} - found.keys()
    if missing:
        print(f"Nothing was measured: {' and '.join(sorted(missing))} not found", file=sys.stderr)
        return 1
    comparisons: list[Comparison] = []
    with tempfile.TemporaryDirectory(prefix="lockstick-http2-") as temporary:
        folder = Path(temporary)
        certificate = make_certificate(folder)
        try:
            for count, size in ((options.small_files, 16 << 10), (1, options.big_mib << 20)):
                with made(folder / "stock", count=count, size=size) as stock:
                    comparisons += _compare(stock, folder, certificate, options, found)
        except BrokenContestantError as error:
            print(f"Nothing was measured: {error}", file=sys.stderr)
            return 1
    print(as_table(comparisons, about=[describe(), ", ".join(filter(None, found.values()))], floor=own_peak()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
