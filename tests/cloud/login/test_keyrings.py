"""Which keyrings count, and what happens with one that hangs, refuses or forgets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from cloud.login.ground import SECRET, Backend, backend_of
from lockstick.cloud.login import KeyringTrouble, system_keyring
from lockstick.cloud.login.keyrings import LateKeyringError, NoKeyringError
from lockstick.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

keyring = pytest.importorskip("keyring")

PLATFORM = ["SecretService", "libsecret", "kwallet", "macOS", "Windows"]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    return lambda backend: monkeypatch.setattr(keyring, "get_keyring", lambda: backend)


@pytest.mark.parametrize("name", PLATFORM)
def test_those_of_a_platform_are_used(name: str, use: Callable[[object], None]) -> None:
    backend = backend_of(f"keyring.backends.{name}")
    use(backend)
    found = system_keyring(5)
    assert found.get("plant") is None
    found.put("plant", Secret(SECRET))
    assert backend.entries == {("lockstick", "plant"): SECRET}
    assert found.get("plant") == Secret(SECRET)
    found.forget("plant")
    found.forget("plant")
    assert not backend.entries


@pytest.mark.parametrize(
    "module", ["keyring.backends.null", "keyring.backends.fail", "keyrings.alt.file", "keyring.backends.chainer", "x"]
)
def test_plain_files_and_nothing_at_all_are_no_keyrings(module: str, use: Callable[[object], None]) -> None:
    use(backend_of(module))
    with pytest.raises(NoKeyringError):
        system_keyring(5)


def test_in_a_chain_the_platforms_own_is_taken(use: Callable[[object], None]) -> None:
    chain, plain, own = (
        backend_of(name) for name in ("keyring.backends.chainer", "keyrings.alt.file", "keyring.backends.SecretService")
    )
    chain.backends = [plain, own]  # type: ignore[attr-defined]
    use(chain)
    system_keyring(5).put("plant", Secret(SECRET))
    assert own.entries
    assert not plain.entries


def test_the_library_itself_finds_none_where_there_is_none() -> None:
    with pytest.raises(NoKeyringError):
        system_keyring(20)


def test_one_that_hangs_is_left_in_time(use: Callable[[object], None]) -> None:
    backend = backend_of("keyring.backends.SecretService")
    use(backend)
    found = system_keyring(0.2)
    backend.hang = threading.Event()
    started = time.monotonic()
    with pytest.raises(LateKeyringError, match="locked"):
        found.get("plant")
    with pytest.raises(LateKeyringError):
        found.put("plant", Secret(SECRET))
    assert time.monotonic() - started < 5
    backend.hang.set()


def test_finding_one_may_hang_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(keyring, "get_keyring", lambda: over.wait(30))
    with pytest.raises(LateKeyringError):
        system_keyring(0.2)
    over.set()


def test_the_program_ends_though_a_keyring_hangs() -> None:
    program = """
import keyring, time
from lockstick.cloud.login import KeyringTrouble, system_keyring
keyring.get_keyring = lambda: time.sleep(60)
try:
    system_keyring(0.1)
except KeyringTrouble:
    print("given up")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout == "given up\n"


@pytest.mark.skipif(sys.platform != "linux", reason="about D-Bus")
def test_a_desktop_that_never_answers_is_left_in_time(tmp_path: Path) -> None:
    """With the library as it is, on a bus that takes the connection and says nothing."""
    program = """
from lockstick.cloud.login import KeyringTrouble, system_keyring
try:
    system_keyring(1)
except KeyringTrouble as trouble:
    print(trouble.reason)
"""
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(tmp_path / "bus"))
        bus.listen()
        environment = os.environ | {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path / 'bus'}"}
        del environment["PYTHON_KEYRING_BACKEND"]
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            env=environment,
        )
    assert "did not answer within 1 s" in done.stdout, done


@pytest.mark.parametrize("kind", [RuntimeError, OSError, KeyboardInterrupt, SystemExit])
def test_of_an_error_only_its_kind_is_told(kind: type[BaseException], use: Callable[[object], None]) -> None:
    backend = backend_of("keyring.backends.kwallet")
    use(backend)
    found = system_keyring(5)
    backend.error = kind(SECRET)
    with pytest.raises(KeyringTrouble) as caught:
        found.put("plant", Secret(SECRET))
    assert kind.__name__ in caught.value.reason
    assert SECRET not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"


def test_one_that_does_not_keep_what_it_is_given_is_noticed(use: Callable[[object], None]) -> None:
    backend = backend_of("keyring.backends.SecretService")
    backend.is_forgetful = True
    use(backend)
    with pytest.raises(KeyringTrouble, match="does not keep"):
        system_keyring(5).put("plant", Secret(SECRET))


def test_without_the_library_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(NoKeyringError, match=r"in a clone of Lockstick: pip install '\.\[keyring\]'"):
        system_keyring(5)


def test_a_backend_of_ours_is_what_the_library_would_call() -> None:
    wanted = {"get_password", "set_password", "delete_password"}
    assert wanted <= set(vars(keyring.backend.KeyringBackend)) & set(vars(Backend))
