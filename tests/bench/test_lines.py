"""The instruments: a server that meters, a relay that holds back, a network of its own. Each does what it says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from distance import faraway
from measuring import BrokenContestantError
from transfer.ground import noise
from webserver import started, through_python

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

RELAY = str(Path(__file__).resolve().parents[2] / "bench" / "relay.py")
DATA = noise(3_000_000)

pytestmark = pytest.mark.skipif(not hasattr(os, "sendfile"), reason="the bench is not for this system")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "file").write_bytes(DATA)
    return folder


@contextmanager
def connection(port: int) -> Iterator[HTTPConnection]:
    made = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        yield made
    finally:
        made.close()


def relay(*arguments: str) -> AbstractContextManager[int]:
    return started([sys.executable, RELAY, *arguments])


def get(made: HTTPConnection, path: str = "/file", **headers: str) -> tuple[int, bytes, dict[str, str]]:
    made.request("GET", path, headers={name.replace("_", "-"): text for name, text in headers.items()})
    answer = made.getresponse()
    return answer.status, answer.read(), {name.lower(): text for name, text in answer.getheaders()}


def test_the_server_gives_whole_files_and_ranges_of_the_state_that_was_asked_for(root: Path) -> None:
    with through_python(root) as port, connection(port) as made:
        code, body, headers = get(made)
        assert (code, body) == (200, DATA)
        assert get(made, Range="bytes=10-19")[:2] == (206, DATA[10:20])
        code, body, about = get(made, Range="bytes=2999990-", If_Range=headers["etag"])
        assert (code, body, about["content-range"]) == (206, DATA[-10:], "bytes 2999990-2999999/3000000")
        assert get(made, Range="bytes=10-19", If_Range='"another"')[:2] == (200, DATA)
        assert get(made, "/missing")[0] == 404
        assert get(made, "/../root/file")[0] == 404


def test_a_connection_gets_no_more_than_its_rate_however_many_ranges_it_asks_for(root: Path) -> None:
    with through_python(root, rate=2_000_000) as port, connection(port) as made:
        began = time.monotonic()
        for start in range(0, 3_000_000, 250_000):
            assert get(made, Range=f"bytes={start}-{start + 249_999}")[0] == 206
        # 1.5 s, less what a connection may make up for.
        assert time.monotonic() - began > 1.3


def test_the_relay_holds_everything_back_and_changes_nothing(root: Path) -> None:
    with (
        through_python(root) as near,
        started([sys.executable, RELAY, str(near), "0.1"]) as far,
        connection(far) as made,
    ):
        began = time.monotonic()
        assert get(made, Range="bytes=0-9")[1] == DATA[:10]
        first = time.monotonic() - began
        began = time.monotonic()
        assert get(made)[1] == DATA
        second = time.monotonic() - began
    assert first > 0.39, "a handshake and a request are two round trips"
    assert second > 0.19, "a request on an open connection is one"


def test_a_server_that_does_not_start_is_named() -> None:
    with (
        pytest.raises(BrokenContestantError, match=r"relay\.py did not start"),
        started([sys.executable, RELAY, "x", "y"]),
    ):
        pass


def test_where_there_is_no_network_namespace_a_relay_stands_in_and_the_reason_is_told(
    root: Path, tmp_path: Path
) -> None:
    with faraway(root, round_trip=0.2, tools={}, folder=tmp_path / "server") as server:
        assert server.how == "a relay, as: ip or tc not found"
        assert server.inside == ()
        with connection(server.port) as made:
            began = time.monotonic()
            assert get(made)[1] == DATA
            assert time.monotonic() - began > 0.39


def namespaces() -> str:
    return subprocess.run(["ip", "netns", "list"], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def fake_tc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for a kernel's traffic control: whether it works is the test's to say."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a network namespace needs Linux and root")
    if subprocess.run(["sh", "-c", "ip netns list"], check=False, capture_output=True).returncode:
        pytest.skip("no ip here, or no network namespaces")
    program = tmp_path / "bin" / "tc"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    return program


def test_a_network_of_its_own_is_reached_only_from_inside_and_does_not_outlive_the_bench(
    root: Path, tmp_path: Path, fake_tc: Path
) -> None:
    look = "import sys, urllib.request as u; sys.stdout.buffer.write(u.urlopen(sys.argv[1], timeout=5).read())"
    with faraway(root, round_trip=0.2, tools={"ip": "", "tc": ""}, folder=tmp_path / "server") as server:
        if server.how != "netem":
            pytest.skip(f"this machine makes no network namespace for us: {server.how}")
        call = [sys.executable, "-c", look, f"http://127.0.0.1:{server.port}/file"]
        inside = subprocess.run([*server.inside, *call], check=True, capture_output=True)
        assert inside.stdout == DATA
        assert subprocess.run(call, check=False, capture_output=True).returncode != 0
        assert server.inside[-1] in namespaces()
    assert server.inside[-1] not in namespaces()


def test_a_kernel_without_netem_leaves_no_namespace_behind(root: Path, tmp_path: Path, fake_tc: Path) -> None:
    fake_tc.write_text("#!/bin/sh\necho Error: Specified qdisc kind is unknown. >&2; exit 2\n")
    before = namespaces()
    with faraway(root, round_trip=0.02, tools={"ip": "", "tc": ""}, folder=tmp_path / "server") as server:
        assert server.how.startswith("a relay, as: ")
        with connection(server.port) as made:
            assert get(made)[1] == DATA
    assert namespaces() == before
