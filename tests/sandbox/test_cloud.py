from __future__ import annotations

import gc
import json
import os
import socket
import stat
import sys
import threading
import time
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from lockstick.errors import UsageError
from lockstick.sandbox import CANARY, Sandbox, SandboxOptions
from lockstick.sandbox.publisher import CLIENT_ID
from sandbox.caller import Caller

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from sandbox.conftest import Clock


def test_the_credentials_have_the_members_of_real_ones(cloud: Sandbox) -> None:
    with zipfile.ZipFile(cloud.credentials_path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert set(members) == {
        "treehub.json",
        "tufrepo.url",
        "provision.json",
        "root.json",
        "director.root.json",
        "targets.pub",
        "targets.sec",
    }
    treehub = json.loads(members["treehub.json"])
    assert treehub["oauth2"]["server"] == f"{cloud.api_url}/oauth2"
    assert treehub["oauth2"]["client_id"] == CLIENT_ID
    assert treehub["oauth2"]["client_secret"] == cloud.client_secret()
    assert treehub["ostree"]["server"].startswith(cloud.api_url)
    assert members["tufrepo.url"].decode().strip() == f"{cloud.api_url}/repo"
    assert CANARY.encode() in members["targets.sec"]
    assert CANARY.encode() in members["provision.json"]


def test_the_credentials_hold_the_first_root_of_each_repository(cloud: Sandbox, caller: Caller) -> None:
    with zipfile.ZipFile(cloud.credentials_path) as archive:
        assert json.loads(archive.read("root.json")) == caller.images("1.root.json")
        assert json.loads(archive.read("director.root.json")) == caller.director("1.root.json")


@pytest.mark.skipif(os.name != "posix", reason="file modes are a POSIX thing")
def test_nobody_else_may_read_the_credentials(cloud: Sandbox) -> None:
    for path in (cloud.credentials_path, cloud.api_client_path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_opened_again_it_is_the_same_cloud_at_another_address(
    tmp_path: Path, clock: Clock, tls: ssl.SSLContext
) -> None:
    with Sandbox.start(tmp_path, now=clock) as first:
        first.define_lockbox("kiosk")
        before = first.director.root(), first.images.document("2.root.json"), first.packages()
        url = first.store_url
    with Sandbox.start(tmp_path, now=clock) as second:
        assert before == (second.director.root(), second.images.document("2.root.json"), second.packages())
        second.define_lockbox("kiosk")
        talking = Caller(second, tls)
        assert talking.director("offline-updates/kiosk.json")["signed"]["version"] == 2
        uri = talking.images("targets.json")["signed"]["targets"]["maps-2026.09.bin"]["custom"]["uri"]
        assert uri.startswith(second.store_url)
        assert url != second.store_url
        assert talking.http.get(uri).status_code == 200
        talking.close()


def test_a_revoked_client_stays_revoked(tmp_path: Path, clock: Clock, tls: ssl.SSLContext) -> None:
    with Sandbox.start(tmp_path, now=clock) as first:
        first.revoke_client()
    with Sandbox.start(tmp_path, now=clock) as second:
        talking = Caller(second, tls)
        assert talking.ask_token().status_code == 400
        talking.close()


def test_it_can_be_served_at_the_same_ports_again_at_once(tmp_path: Path, clock: Clock) -> None:
    with Sandbox.start(tmp_path, now=clock) as first:
        urls = first.api_url, first.store_url
        ports = (httpx.URL(url).port or 0 for url in urls)
        options = SandboxOptions(port=next(ports), store_port=next(ports))
        httpx.get(first.api_url, trust_env=False)
    with Sandbox.start(tmp_path, now=clock, options=options) as second:
        assert urls == (second.api_url, second.store_url)


def test_a_port_in_use_is_a_usage_error_that_says_which(tmp_path: Path, clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=str(port)):
            Sandbox.start(tmp_path, now=clock, options=SandboxOptions(store_port=port))


def test_stopping_leaves_no_thread_and_no_listener(tmp_path: Path, clock: Clock) -> None:
    before = threading.active_count()
    with Sandbox.start(tmp_path, now=clock) as cloud:
        url = cloud.api_url
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


def test_stopping_twice_is_stopping_once(tmp_path: Path, clock: Clock) -> None:
    with Sandbox.start(tmp_path, now=clock) as cloud:
        cloud.stop()
    assert not cloud.requests.all()


def test_sizes_and_numbers_of_packages_are_options(tmp_path: Path, clock: Clock) -> None:
    options = SandboxOptions(package_size=1000, bulk_count=30, bulk_size=(1 << 20) + 5)
    with Sandbox.start(tmp_path, now=clock, options=options) as cloud:
        packages = cloud.packages()
        cloud.define_lockbox("all")
    assert [package.length for package in packages] == [1000] * 4 + [(1 << 20) + 5] * 30
    assert len({package.sha256 for package in packages}) == 34
    assert len({hardware_id for package in packages for hardware_id in package.hardware_ids}) == 34


def test_the_bytes_of_a_package_are_the_same_in_every_cloud(tmp_path: Path, clock: Clock, cloud: Sandbox) -> None:
    with Sandbox.start(tmp_path / "other", now=clock) as other:
        assert [package.sha256 for package in other.packages()] == [p.sha256 for p in cloud.packages()]
        assert other.client_secret() != cloud.client_secret()


def test_without_a_clock_of_its_own_it_goes_by_the_real_one(tmp_path: Path) -> None:
    with Sandbox.start(tmp_path, options=SandboxOptions(token_lifetime=timedelta(minutes=1))) as cloud:
        lockbox = cloud.define_lockbox("kiosk")
    assert isinstance(lockbox["signed"], dict)
    assert str(lockbox["signed"]["expires"]) > "2026"


def test_a_cloud_that_stops_while_clients_connect_leaves_no_connection_open(tmp_path: Path) -> None:
    """Closing a listening server between taking a connection and bringing it to life would leak its socket."""
    leaks: list[str] = []
    hook, sys.unraisablehook = sys.unraisablehook, lambda caught: leaks.append(repr(caught.exc_value))
    try:
        for round_number in range(3):
            cloud = Sandbox.start(tmp_path / f"cloud-{round_number}")
            address = ("127.0.0.1", int(cloud.api_url.rsplit(":", 1)[1]))
            over = threading.Event()
            clients = [threading.Thread(target=_connect_until, args=(address, over)) for _ in range(3)]
            for client in clients:
                client.start()
            time.sleep(0.02)
            cloud.stop()
            over.set()
            for client in clients:
                client.join()
            del cloud
            gc.collect()
    finally:
        sys.unraisablehook = hook
    assert leaks == []


def _connect_until(address: tuple[str, int], over: threading.Event) -> None:
    while not over.is_set():
        try:
            socket.create_connection(address, 0.2).close()
        except OSError:
            time.sleep(0.001)
