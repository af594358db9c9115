"""A network that is far away: a namespace of its own whose loopback is slow, or a relay that holds bytes back.

The namespace needs Linux, root, and a kernel with netem. Plain http is only for loopback, so its own loopback is slowed
down, and the server runs inside together with everybody who fetches.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from webserver import started, web_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from webserver import Certificate

__all__ = ["Faraway", "faraway"]

_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Faraway:
    """A server at a distance.

    Attributes:
        port: Where it is reached on loopback.
        inside: Words in front of the command of everybody who wants to reach it.
        how: What makes it far, for the table.
    """

    port: int
    inside: tuple[str, ...]
    how: str


@contextmanager
def faraway(
    root: Path, *, round_trip: float, tools: Mapping[str, str], folder: Path, certificate: Certificate | None = None
) -> Iterator[Faraway]:
    """Serve a folder from far away while the block runs.

    Args:
        root: What is served.
        round_trip: Seconds.
        tools: Which programs there are.
        folder: For the server's own files; must not exist.
        certificate: Speak TLS and HTTP/2 with this.
    """
    has_nginx = "nginx" in tools
    with ExitStack() as stack:
        why_not = "ip or tc not found" if {"ip", "tc"} - tools.keys() else ""
        if not why_not and (sys.platform != "linux" or os.geteuid() != 0):
            why_not = "not root"
        inside: tuple[str, ...] = ()
        if not why_not:
            name = f"lockstick-bench-{os.getpid()}"
            why_not = stack.enter_context(_namespace(name, round_trip))
            inside = ("ip", "netns", "exec", name)
        if not why_not:
            server = web_server(root, has_nginx=has_nginx, folder=folder, inside=inside, certificate=certificate)
            yield Faraway(port=stack.enter_context(server), inside=inside, how="netem")
            return
        near = stack.enter_context(web_server(root, has_nginx=has_nginx, folder=folder, certificate=certificate))
        relay = [sys.executable, str(_HERE / "relay.py"), str(near), str(round_trip / 2)]
        yield Faraway(port=stack.enter_context(started(relay)), inside=(), how=f"a relay, as: {why_not}")


@contextmanager
def _namespace(name: str, round_trip: float) -> Iterator[str]:
    """Make a network namespace with a slow loopback, and give what went wrong, or nothing; always taken away again."""
    delay = f"{round_trip * 500:g}ms"
    run = ["ip", "netns", "exec", name]
    try:
        yield next(
            filter(
                None,
                (
                    _complaint(["ip", "netns", "add", name]),
                    _complaint([*run, "ip", "link", "set", "lo", "up"]),
                    # The line holds many packets at once; its default room of 1000 would drop some.
                    _complaint(
                        [*run, "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", delay, "limit", "100000"]
                    ),
                ),
            ),
            "",
        )
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def _complaint(command: list[str]) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if not done.returncode:
        return ""
    return " ".join((done.stderr or done.stdout).split())[:100] or f"{command[-1]} failed"
