"""The server of the engine's rows: nginx, or where it is missing a plain one in Python, each in its own processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import BrokenContestantError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Certificate", "make_certificate", "started", "through_python", "web_server"]

_HERE = Path(__file__).parent
_PATIENCE = 10.0
_CONFIGURATION = """\
daemon off;
{user}
worker_processes auto;
pid {folder}/pid;
error_log {folder}/errors warn;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 600s;
    keepalive_requests 1000000;
    open_file_cache max=4096 inactive=600s;
    open_file_cache_valid 600s;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port}{mode};
        {tls}
        root "{root}";
    }}
}}
"""


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate for 127.0.0.1 that signs itself, and its key."""

    certificate: Path
    key: Path


def make_certificate(folder: Path) -> Certificate:
    """Make one with openssl; for a day."""
    made = Certificate(certificate=folder / "certificate.pem", key=folder / "key.pem")
    made_how = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=127.0.0.1"
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(made.key), "-out", str(made.certificate)]
    subprocess.run(["openssl", *made_how.split(), *files], check=True, capture_output=True)
    return made


@contextmanager
def web_server(
    root: Path,
    *,
    has_nginx: bool,
    folder: Path,
    inside: Sequence[str] = (),
    certificate: Certificate | None = None,
) -> Iterator[int]:
    """Serve a folder on loopback while the block runs, and give the port.

    Args:
        root: What is served.
        has_nginx: Whether nginx is there.
        folder: For its own files; must not exist.
        inside: Words in front of its command, if it runs in a network of its own.
        certificate: Speak TLS and HTTP/2 with this; nginx only.
    """
    if not has_nginx:
        with through_python(root, inside=inside) as port:
            yield port
        return
    folder.mkdir()
    process, port = _start_nginx(root, folder, inside, certificate)
    try:
        yield port
    finally:
        process.terminate()
        process.wait()


@contextmanager
def through_python(root: Path, *, rate: int = 0, inside: Sequence[str] = ()) -> Iterator[int]:
    """Serve a folder with ``fileserver.py``; ``rate`` is bytes a second for each connection, 0 for no limit."""
    with started([*inside, sys.executable, str(_HERE / "fileserver.py"), str(root), str(rate)]) as port:
        yield port


@contextmanager
def started(command: Sequence[str]) -> Iterator[int]:
    """Run a server that prints its port first, while the block runs."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout is not None else ""
            if not line.strip().isdecimal():
                raise BrokenContestantError(f"{Path(command[-3]).name} did not start")
            yield int(line)
        finally:
            process.terminate()


def _start_nginx(
    root: Path, folder: Path, inside: Sequence[str], certificate: Certificate | None
) -> tuple[subprocess.Popen[bytes], int]:
    configuration = folder / "nginx.conf"
    tls = f"ssl_certificate {certificate.certificate}; ssl_certificate_key {certificate.key};" if certificate else ""
    # Somebody else may take the port between our look and nginx's start.
    for _ in range(3):
        port = _free_port()
        configuration.write_text(
            _CONFIGURATION.format(
                # Its workers would not be let into a folder of ours otherwise.
                user="user root;" if os.geteuid() == 0 else "",
                folder=folder,
                port=port,
                mode=" ssl http2" if certificate else "",
                tls=tls,
                root=root,
            )
        )
        process = subprocess.Popen(
            [*inside, "nginx", "-p", str(folder), "-c", str(configuration), "-e", str(folder / "errors")]
        )
        until = time.monotonic() + _PATIENCE
        while process.poll() is None and time.monotonic() < until:
            # It writes this once it listens; looking at the port itself would not work from another network.
            if (folder / "pid").is_file() and (folder / "pid").read_text().strip():
                return process, port
            time.sleep(0.01)
        process.kill()
        process.wait()
    raise BrokenContestantError(f"nginx did not start: {(folder / 'errors').read_text().strip()[-500:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
