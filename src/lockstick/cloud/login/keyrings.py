"""The platform's keyring, through the library ``keyring``, where both are there: an extra (``lockstick[keyring]``).

1. Only what the platform itself offers counts as a keyring: Secret Service, KWallet, the macOS keychain, the Windows
   credential manager. Whatever else the library may be set to use (nothing at all, plain files, a chain) does not.
2. No call may take longer than a limit. A keyring may wait for somebody to unlock it at a screen that nobody sees; the
   thread that waits is left behind then, and ends with the program.
3. Of an error of the library only its kind is told: its text is not ours to vouch for.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from lockstick.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Keyring", "KeyringTrouble", "LateKeyringError", "NoKeyringError", "system_keyring"]

_SERVICE = "lockstick"
_PLATFORM = {
    "keyring.backends.SecretService": "the desktop's keyring",
    "keyring.backends.libsecret": "the desktop's keyring",
    "keyring.backends.kwallet": "KWallet",
    "keyring.backends.macOS": "the macOS keychain",
    "keyring.backends.Windows": "the Windows credential manager",
}

_Value = TypeVar("_Value")


class KeyringTrouble(Exception):  # noqa: N818 - it is not (yet) an error; another place may do
    """There is no keyring, or it does not do what it is asked.

    Args:
        reason: A clause for people.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NoKeyringError(KeyringTrouble):
    """There is none that could be asked."""


class LateKeyringError(KeyringTrouble):
    """The keyring did not answer in time, and may yet do what it was asked."""


class Keyring(Protocol):
    """Keeps texts under names. All methods raise KeyringTrouble."""

    @property
    def called(self) -> str:
        """What people call it."""

    def get(self, name: str) -> Secret | None:
        """Give a text, or None if there is none under the name."""

    def put(self, name: str, text: Secret) -> None:
        """Keep a text; one that was there is replaced in one step."""

    def forget(self, name: str) -> None:
        """Keep no text under the name any more; there may have been none."""


class _SystemKeyring:
    """A keyring of the platform.

    Args:
        backend: The library's object.
        seconds: How long a call may take.
    """

    def __init__(self, backend: Any, seconds: float) -> None:  # noqa: ANN401 - the library is an extra
        self._backend = backend
        self._seconds = seconds
        self.called = _PLATFORM[type(backend).__module__]

    def get(self, name: str) -> Secret | None:
        found = _within(self._seconds, lambda: self._backend.get_password(_SERVICE, name), self.called)
        return Secret(found) if isinstance(found, str) else None

    def put(self, name: str, text: Secret) -> None:
        _within(self._seconds, lambda: self._backend.set_password(_SERVICE, name, text.reveal()), self.called)
        if self.get(name) != text:
            raise KeyringTrouble(f"{self.called} does not keep what it is given")

    def forget(self, name: str) -> None:
        if self.get(name) is not None:
            _within(self._seconds, lambda: self._backend.delete_password(_SERVICE, name), self.called)


def system_keyring(seconds: float) -> Keyring:
    """Find the platform's keyring.

    Args:
        seconds: How long finding it, and each call of it, may take.

    Raises:
        KeyringTrouble: There is none, or it does not answer.
    """
    backend = _within(seconds, _find, "the system's keyring")
    if backend is None:
        raise NoKeyringError("this system offers no keyring to this session")
    return _SystemKeyring(backend, seconds)


def _find() -> Any:  # noqa: ANN401 - the library is an extra
    try:
        import keyring  # noqa: PLC0415 - an extra, and slow: it asks the desktop
    except ImportError:
        told = "support for keyrings is not installed (in a clone of Lockstick: pip install '.[keyring]')"
        raise NoKeyringError(told) from None
    chosen: Any = keyring.get_keyring()
    # The library puts several into a chain; each link is looked at, as a chain may end in a plain file.
    for one in (chosen, *getattr(chosen, "backends", ())):
        if type(one).__module__ in _PLATFORM:
            return one
    return None


def _within(seconds: float, call: Callable[[], _Value], called: str) -> _Value:
    """Make a call that may hang.

    Raises:
        KeyringTrouble: It failed, or did not come back in time.
    """
    answers: queue.SimpleQueue[tuple[_Value | None, KeyringTrouble | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put((call(), None))
        except KeyringTrouble as trouble:
            answers.put((None, trouble))
        except BaseException as error:  # noqa: BLE001 - libraries of desktops raise whatever they like
            answers.put((None, KeyringTrouble(f"{called} refused ({type(error).__name__})")))

    threading.Thread(target=run, name="keyring", daemon=True).start()
    try:
        value, trouble = answers.get(timeout=seconds)
    except queue.Empty:
        raise LateKeyringError(f"{called} did not answer within {seconds:g} s; it may be locked") from None
    if trouble is not None:
        raise trouble
    return value  # type: ignore[return-value]  # without trouble it is what the call gave
