"""Keeps profiles: the secret in the platform's keyring where there is one, else in a file that only the user may read.

1. Each profile has a file of its own, also where its secret is in the keyring: nothing is in a keyring of which no file
   says so. It is written before the keyring is, and removed after it.
2. What is in the keyring is a whole profile, under a name that stays: it is replaced in one step, and no half of an
   old one meets half of a new one.
3. Those who write exclude each other, over all processes of the user. Readers need not wait.
4. A file that others may read, or that is reached through a link, is not used (:mod:`lockstick.disk.private`).
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from lockstick.cloud.login.keyrings import KeyringTrouble, LateKeyringError, NoKeyringError
from lockstick.cloud.login.profile import Profile, check_profile_name
from lockstick.cloud.loosejson import loose_object
from lockstick.disk.lock import try_lock
from lockstick.disk.private import prepare_private_folder, read_private, write_private
from lockstick.disk.trouble import media_error
from lockstick.errors import LockstickError, NotAllowedError, UsageError
from lockstick.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lockstick.cloud.login.keyrings import Keyring

__all__ = ["Keeping", "KeptProfile", "Profiles"]

Keeping = Literal["auto", "keyring", "file"]
"""Where to keep a secret; ``auto`` is the keyring if there is one, else a file."""

_FORMAT = 1
_MAX_FILE = 64 << 10
_SUFFIX = ".json"
_ASIDE = ".json.new"
_LOCK = ".lock"
_PATIENCE = 30.0
_PAUSE = 0.05


@dataclass(frozen=True, kw_only=True)
class KeptProfile:
    """A profile, and where it is kept.

    Attributes:
        name: Its name.
        profile: The credentials.
        kept_in: What its secret is in.
        place: The same for people.
        file: The file, if it is in one.
        remark: Why the keyring was not used though there is one; else empty.
    """

    name: str
    profile: Profile
    kept_in: Literal["keyring", "file"]
    place: str
    file: Path | None = None
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class _Note:
    """What a profile's file says.

    Attributes:
        entry: The profile's name in the keyring; never changes.
        text: The profile, unless it is in the keyring.
        is_stray: Whether the keyring may hold an entry nevertheless.
    """

    entry: str
    text: Secret | None = None
    is_stray: bool = False

    def write(self) -> bytes:
        members: dict[str, object] = {"format": _FORMAT, "entry": self.entry, "is_stray": self.is_stray}
        if self.text is not None:
            members["profile"] = json.loads(self.text.reveal())
        return json.dumps(members, indent=2).encode()

    @staticmethod
    def read(raw: bytes) -> _Note | None:
        members = loose_object(raw) or {}
        entry, profile = members.get("entry"), members.get("profile")
        if members.get("format") != _FORMAT or not isinstance(entry, str) or not isinstance(profile, dict | None):
            return None
        text = None if profile is None else Secret(json.dumps(profile))
        return _Note(entry=entry, text=text, is_stray=members.get("is_stray") is True)


class Profiles:
    """The profiles of this user.

    Args:
        folder: Where their files are; made when the first is kept.
        keyring: Finds the platform's keyring, or raises KeyringTrouble. Called only where it is needed.
        sleep: Waits so many seconds, while another process writes.
    """

    def __init__(
        self, folder: Path, keyring: Callable[[], Keyring], *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._folder = folder
        self._keyring = keyring
        self._sleep = sleep

    def names(self) -> tuple[str, ...]:
        """Give the names of all profiles, usable or not."""
        try:
            entries = sorted(entry.name for entry in self._folder.iterdir()) if self._folder.is_dir() else []
        except OSError as error:
            raise media_error(error, self._folder, "read") from error
        return tuple(name.removesuffix(_SUFFIX) for name in entries if name.endswith(_SUFFIX) and name != _SUFFIX)

    def get(self, name: str) -> KeptProfile | None:
        """Give a profile; None if there is none of that name.

        Raises:
            NotAllowedError: It cannot be used: it is damaged, or others may read it; or the keyring does not give it.
            MediaError: It cannot be read.
        """
        place = self._place(name)
        if os.path.lexists(place):
            # Who may write to the folder may put their own profile into it.
            prepare_private_folder(self._folder)
        try:
            note = _Note.read(read_private(place, _MAX_FILE))
        except FileNotFoundError:
            return None
        if note is None:
            raise _damaged(name, f"{place} is damaged or not one of this program's files")
        if note.text is not None:
            return self._kept(name, _require(name, note.text, str(place)), "file")
        keyring, text = self._from_keyring(name, note)
        return self._kept(name, _require(name, text, f"the entry {note.entry!r}"), "keyring", called=keyring.called)

    def put(self, name: str, profile: Profile, keeping: Keeping = "auto") -> KeptProfile:
        """Keep a profile; one of the same name is replaced.

        Args:
            name: Its name.
            profile: The credentials.
            keeping: Where to keep the secret.

        Returns:
            The profile as it is kept.

        Raises:
            UsageError: The name cannot be one, or differs from another one in its case alone; or another process is
                writing and does not come to an end.
            NotAllowedError: It was to be kept in the keyring, and there is none that does; what was there stays. Or no
                file can be kept from others.
            MediaError: The disk refused.
        """
        place = self._place(name)
        with self._writing():
            other = next((one for one in self.names() if one.casefold() == name.casefold() and one != name), None)
            if other is not None:
                raise UsageError(
                    f"there is a profile named {other!r} already",
                    why="on some file systems the two would be one",
                    remedy="Write it the same way, or choose another name.",
                )
            before, raw = self._before(place)
            note = before or _Note(entry=self._entry(name))
            if keeping == "file":
                return self._keep_in_file(name, profile, note)
            try:
                called = self._keep_in_keyring(place, profile, note)
            except KeyringTrouble as trouble:
                is_late = isinstance(trouble, LateKeyringError)
                if keeping == "auto":
                    # That there is no keyring is no news; that one does not work is.
                    remark = "" if isinstance(trouble, NoKeyringError) else trouble.reason
                    return self._keep_in_file(name, profile, note, remark=remark, is_late=is_late)
                self._restore(place, raw, before, is_late=is_late)
                raise NotAllowedError(
                    f"the profile {name!r} was not kept",
                    why=trouble.reason,
                    remedy="Unlock the keyring, or keep the profile in a file that only you can read: --keep-in file",
                ) from None
            return self._kept(name, profile, "keyring", called=called)

    def forget(self, name: str) -> str:
        """Forget a profile, usable or not.

        Returns:
            What else is to be said of it; may be empty.

        Raises:
            NotAllowedError: There is none; or the keyring does not forget it, and then it stays as it was.
            MediaError: Its file cannot be removed.
        """
        place, remark = self._place(name), ""
        if not os.path.lexists(place):
            raise NotAllowedError(f"there is no profile {name!r}", why=self.known(), remedy="Nothing is to be done.")
        with self._writing():
            note, _ = self._before(place)
            if note is None or note.text is None or note.is_stray:
                entry = self._entry(name) if note is None else note.entry
                by_hand = f"Remove the entry 'lockstick', {entry!r} there yourself"
                try:
                    self._keyring().forget(entry)
                except KeyringTrouble as trouble:
                    if note is not None and note.text is None:
                        raise NotAllowedError(
                            f"the profile {name!r} is not forgotten",
                            why=f"its secret is in the keyring, and {trouble.reason}",
                            remedy=f"Unlock the keyring and run the same command again. Or: {by_hand}, then {place}.",
                        ) from None
                    remark = f"The keyring may still hold its secret ({trouble.reason}). {by_hand}, if there is one."
            try:
                place.unlink(missing_ok=True)
            except OSError as error:
                raise media_error(error, place, "removed") from error
        return remark

    def known(self) -> str:
        """Say in words which profiles there are."""
        names = self.names()
        return f"known are: {', '.join(names)}" if names else "there are no profiles on this machine"

    # --- writing --------------------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[None]:
        prepare_private_folder(self._folder)
        lock, waited = try_lock(self._folder / _LOCK), 0.0
        while lock is None:
            if waited >= _PATIENCE:
                raise UsageError("another run is changing the profiles", remedy="Wait until it has ended.")
            self._sleep(_PAUSE)
            waited += _PAUSE
            lock = try_lock(self._folder / _LOCK)
        try:
            # A run that was killed may have left its half-written file, with a secret in it.
            for left in self._folder.glob(f"*{_ASIDE}"):
                with suppress(OSError):
                    left.unlink()
            yield
        finally:
            os.close(lock)

    def _before(self, place: Path) -> tuple[_Note | None, bytes | None]:
        """What the file says now; nothing where it cannot be used, whatever the reason."""
        try:
            raw = read_private(place, _MAX_FILE)
        except (LockstickError, FileNotFoundError):
            return None, None
        return _Note.read(raw), raw

    def _keep_in_keyring(self, place: Path, profile: Profile, note: _Note) -> str:
        keyring = self._keyring()
        write_private(place, _Note(entry=note.entry).write())
        keyring.put(note.entry, profile.text())
        return keyring.called

    def _keep_in_file(
        self, name: str, profile: Profile, note: _Note, *, remark: str = "", is_late: bool = False
    ) -> KeptProfile:
        place = self._place(name)
        was_in_keyring = note.text is None and os.path.lexists(place)
        kept = replace(note, text=profile.text(), is_stray=note.is_stray or was_in_keyring or is_late)
        write_private(place, kept.write())
        if kept.is_stray and not is_late:
            with suppress(KeyringTrouble):
                self._keyring().forget(kept.entry)
                write_private(place, replace(kept, is_stray=False).write())
        return replace(self._kept(name, profile, "file"), remark=remark)

    @staticmethod
    def _restore(place: Path, raw: bytes | None, before: _Note | None, *, is_late: bool) -> None:
        """Put back what was there before the keyring was asked in vain."""
        if before is not None and is_late:
            write_private(place, replace(before, is_stray=True).write())
        elif raw is not None:
            write_private(place, raw)
        elif not is_late:
            place.unlink(missing_ok=True)
        # What was not there before, and may yet be in the keyring, keeps the file that says so.

    def _entry(self, name: str) -> str:
        """The name of a new profile in the keyring: the same again should its file be damaged."""
        return f"{name} {hashlib.sha256(os.fsencode(self._folder.absolute())).hexdigest()[:16]}"

    # --- reading --------------------------------------------------------------------------------

    def _from_keyring(self, name: str, note: _Note) -> tuple[Keyring, Secret]:
        try:
            keyring = self._keyring()
            text = keyring.get(note.entry)
        except KeyringTrouble as trouble:
            raise NotAllowedError(
                f"the profile {name!r} cannot be had",
                why=f"its secret is in the keyring, and {trouble.reason}",
                remedy=f"Unlock the keyring, or log in again: lockstick login --profile {name} --keep-in file",
            ) from None
        if text is None:
            raise _damaged(name, f"{keyring.called} has no entry {note.entry!r}")
        return keyring, text

    def _kept(
        self, name: str, profile: Profile, kept_in: Literal["keyring", "file"], *, called: str = ""
    ) -> KeptProfile:
        if kept_in == "keyring":
            return KeptProfile(name=name, profile=profile, kept_in=kept_in, place=called)
        place = "a file that only you can read"
        return KeptProfile(name=name, profile=profile, kept_in=kept_in, place=place, file=self._place(name))

    def _place(self, name: str) -> Path:
        return self._folder / f"{check_profile_name(name)}{_SUFFIX}"


def _require(name: str, text: Secret, where: str) -> Profile:
    profile = Profile.of(text)
    if profile is None:
        raise _damaged(name, f"{where} is damaged")
    return profile


def _damaged(name: str, why: str) -> NotAllowedError:
    return NotAllowedError(
        f"the profile {name!r} cannot be used", why=why, remedy=f"Log in again: lockstick login --profile {name}"
    )
