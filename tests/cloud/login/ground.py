"""Keyrings for the tests: one that works, and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.cloud.api import Endpoint, api_client
from lockstick.cloud.login import KeyringTrouble, Profile
from lockstick.cloud.login.keyrings import LateKeyringError, NoKeyringError
from lockstick.secret import Secret

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from lockstick.cloud.login import Keyring

SECRET = "canary-Zq9+&%2B\"'ü"


def profile(secret: str = SECRET, client_id: str = "tzn_api_1") -> Profile:
    oauth = api_client(client_id, Secret(secret), token_url="https://login.test/token")
    return Profile(oauth=oauth, endpoint=Endpoint.of("https://api.test/v2"))


class FakeKeyring:
    """Implements Keyring in memory; ``trouble`` maps a method to what it raises."""

    called = "the test's keyring"

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}
        self.trouble: dict[str, KeyringTrouble] = {}
        self.is_late = False

    def __call__(self) -> Keyring:
        self._raise("find")
        return self

    def get(self, name: str) -> Secret | None:
        self._raise("get")
        return Secret(self.entries[name]) if name in self.entries else None

    def put(self, name: str, text: Secret) -> None:
        if self.is_late:
            self.entries[name] = text.reveal()
            raise LateKeyringError("it did not answer")
        self._raise("put")
        self.entries[name] = text.reveal()

    def forget(self, name: str) -> None:
        self._raise("forget")
        self.entries.pop(name, None)

    def _raise(self, what: str) -> None:
        if what in self.trouble:
            raise self.trouble[what]


def no_keyring() -> Keyring:
    raise NoKeyringError("there is none")


class Backend:
    """A back end as the library ``keyring`` has them; a class of it is given the module that it pretends to be of."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        self.hang: threading.Event | None = None
        self.error: BaseException | None = None
        self.is_forgetful = False

    def _meet(self) -> None:
        if self.hang is not None:
            self.hang.wait(30)
        if self.error is not None:
            raise self.error

    def get_password(self, service: str, name: str) -> str | None:
        self._meet()
        return self.entries.get((service, name))

    def set_password(self, service: str, name: str, password: str) -> None:
        self._meet()
        if not self.is_forgetful:
            self.entries[service, name] = password

    def delete_password(self, service: str, name: str) -> None:
        self._meet()
        del self.entries[service, name]


def backend_of(module: str) -> Backend:
    """A back end that pretends to be of a module of the library."""
    kind: Callable[[], Backend] = type("Keyring", (Backend,), {"__module__": module})
    return kind()
