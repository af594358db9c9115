"""Profiles on the disk and in a keyring: private, whole, and for one user."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from cloud.login.ground import SECRET, FakeKeyring, no_keyring, profile
from lockstick.cloud.login import KeyringTrouble, Profile, Profiles
from lockstick.disk.lock import try_lock
from lockstick.errors import LockstickError, NotAllowedError, UsageError
from lockstick.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

needs_posix = pytest.mark.skipif(os.name != "posix", reason="about modes of POSIX")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "profiles"


@pytest.fixture
def files(folder: Path) -> Profiles:
    return Profiles(folder, no_keyring)


@pytest.fixture
def ring() -> FakeKeyring:
    return FakeKeyring()


@pytest.fixture
def ringed(folder: Path, ring: FakeKeyring) -> Profiles:
    return Profiles(folder, ring)


def secret_of(profiles: Profiles, name: str = "plant") -> str:
    kept = profiles.get(name)
    assert kept is not None
    return kept.profile.oauth.client_secret.reveal()


# --- files -------------------------------------------------------------------------------------


def test_a_profile_is_kept_and_given_back(files: Profiles, folder: Path) -> None:
    assert files.names() == ()
    assert files.get("plant") is None
    assert not folder.exists()
    kept = files.put("plant", profile())
    assert (kept.kept_in, kept.remark, kept.file) == ("file", "", folder / "plant.json")
    again = files.get("plant")
    assert again == kept
    assert files.names() == ("plant",)
    assert SECRET not in repr(again)
    assert files.forget("plant") == ""
    assert files.names() == ()
    assert not list(folder.glob("plant*"))


@needs_posix
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_nobody_else_can_read_it_whatever_the_mask(files: Profiles, folder: Path, mask: int) -> None:
    old = os.umask(mask)
    try:
        files.put("plant", profile())
    finally:
        os.umask(old)
    assert stat.S_IMODE((folder / "plant.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@needs_posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o602])
def test_a_file_that_others_may_use_is_refused_with_the_remedy(files: Profiles, folder: Path, mode: int) -> None:
    files.put("plant", profile())
    (folder / "plant.json").chmod(mode)
    with pytest.raises(NotAllowedError) as refused:
        files.get("plant")
    assert f"chmod 600 '{folder / 'plant.json'}'" in refused.value.remedy
    (folder / "plant.json").chmod(0o600)
    assert secret_of(files) == SECRET
    (folder / "plant.json").chmod(mode)
    files.put("plant", profile("another"))
    assert secret_of(files) == "another"


@needs_posix
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_may_write_to_is_refused(files: Profiles, folder: Path, mode: int) -> None:
    files.put("plant", profile())
    folder.chmod(mode)
    for use in (lambda: files.get("plant"), lambda: files.put("plant", profile()), lambda: files.forget("plant")):
        with pytest.raises(NotAllowedError) as refused:
            use()
        assert f"chmod 700 '{folder}'" in refused.value.remedy
    folder.chmod(0o755)  # that there are profiles is no secret
    assert secret_of(files) == SECRET


@needs_posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root, to give files away")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_belongs_to_somebody_else_is_refused(files: Profiles, folder: Path, what: str) -> None:
    files.put("plant", profile())
    os.chown(folder / "plant.json" if what == "file" else folder, 12345, 12345)
    with pytest.raises(NotAllowedError, match="somebody else"):
        files.get("plant")


@needs_posix
def test_a_planted_link_is_neither_read_nor_written_through(files: Profiles, folder: Path, tmp_path: Path) -> None:
    files.put("plant", profile("theirs"))
    elsewhere = tmp_path / "elsewhere.json"
    (folder / "plant.json").rename(elsewhere)
    before = elsewhere.read_bytes()
    for name in ("plant.json", "plant.json.new"):
        (folder / name).symlink_to(elsewhere)
    with pytest.raises(NotAllowedError, match="plain file"):
        files.get("plant")
    files.put("plant", profile())
    assert elsewhere.read_bytes() == before
    assert not (folder / "plant.json").is_symlink()
    assert secret_of(files) == SECRET


@needs_posix
def test_a_link_to_nowhere_is_written_over_and_forgotten(files: Profiles, folder: Path, tmp_path: Path) -> None:
    files.put("other", profile())
    (folder / "plant.json").symlink_to(tmp_path / "nowhere")
    files.forget("plant")
    (folder / "plant.json").symlink_to(tmp_path / "nowhere")
    files.put("plant", profile())
    assert not (tmp_path / "nowhere").exists()


@needs_posix
def test_a_folder_that_is_a_link_is_refused(files: Profiles, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    folder.parent.mkdir()
    folder.symlink_to(tmp_path / "theirs")
    with pytest.raises(NotAllowedError, match="folder of its own"):
        files.put("plant", profile())
    assert not list((tmp_path / "theirs").iterdir())


@needs_posix
def test_nobody_waits_for_a_pipe(files: Profiles, folder: Path) -> None:
    files.put("other", profile())
    os.mkfifo(folder / "plant.json", 0o600)
    with pytest.raises(NotAllowedError, match="plain file"):
        files.get("plant")
    files.put("plant", profile())
    assert secret_of(files) == SECRET


@needs_posix
def test_nothing_is_written_where_modes_are_not_kept(
    files: Profiles, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def as_on_fat(path: Path, flags: int, mode: int = 0o777) -> int:
        descriptor = opened(path, flags, mode)
        if str(path).endswith(".new"):
            os.fchmod(descriptor, 0o755)
        return descriptor

    monkeypatch.setattr(os, "open", as_on_fat)
    with pytest.raises(NotAllowedError, match="kept from others"):
        files.put("plant", profile())
    assert [path.name for path in folder.iterdir()] == [".lock"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"format": 1}',
        b'{"format": 2, "entry": "plant"}',
        b'{"format": 1, "entry": 1}',
        b'{"format": 1, "entry": "plant", "profile": []}',
        b'{"format": 1, "entry": "plant", "profile": {"client_secret": "canary-secret"}}',
        b'{"format":1,"entry":"a","profile":{"api_url":"http://a.test/v2","client_id":"a","client_secret":"canary"}}',
        b"[" * 60_000,
        b"x" * 70_000,
    ],
)
def test_a_damaged_file_is_named_not_quoted_and_replaced_or_forgotten(
    files: Profiles, folder: Path, content: bytes
) -> None:
    files.put("plant", profile())
    (folder / "plant.json").write_bytes(content)
    with pytest.raises(NotAllowedError) as refused:
        files.get("plant")
    assert "canary" not in f"{refused.value} {refused.value.remedy}"
    files.put("plant", profile())
    assert secret_of(files) == SECRET
    (folder / "plant.json").write_bytes(content)
    files.forget("plant")
    assert files.names() == ()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "-a", "x" * 65, "nul", "a b", "ü", "a\n", "x."])
def test_a_name_that_is_no_plain_name_is_refused(files: Profiles, name: str) -> None:
    for use in (files.get, files.forget, lambda one: files.put(one, profile())):
        with pytest.raises(UsageError):
            use(name)


def test_names_that_differ_in_case_alone_are_refused(files: Profiles) -> None:
    files.put("plant", profile())
    with pytest.raises(UsageError, match="'plant' already"):
        files.put("Plant", profile())
    files.put("plant", profile("another"))


def test_who_is_not_there_cannot_be_forgotten(files: Profiles, folder: Path) -> None:
    with pytest.raises(NotAllowedError, match="no profile"):
        files.forget("plant")
    assert not folder.exists()


def test_a_profile_is_one_text_and_back() -> None:
    assert Profile.of(profile().text()) == profile()
    assert SECRET not in f"{profile().text()!r} {profile()!r}"
    for broken in ("", "{}", "null", "\ud800", json.dumps({"api_url": 1})):
        assert Profile.of(Secret(broken)) is None


# --- several at once ---------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from cloud.login.ground import no_keyring, profile
from lockstick.cloud.login import Profiles
profiles = Profiles(Path(sys.argv[1]), no_keyring)
print("ready", flush=True)
for turn in range(int(sys.argv[3])):
    profiles.put(sys.argv[2], profile(f"secret-of-{sys.argv[2]}-{turn}" * 20, client_id=f"id-{sys.argv[2]}-{turn}"))
"""


def writer(folder: Path, name: str, turns: int) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", WRITER, str(folder), name, str(turns)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment)


def consistent(files: Profiles, name: str) -> None:
    kept = files.get(name)
    assert kept is not None
    _, who, turn = kept.profile.oauth.client_id.rsplit("-", 2)
    assert kept.profile.oauth.client_secret.reveal() == f"secret-of-{who}-{turn}" * 20


@pytest.mark.parametrize("names", [("one", "two"), ("same", "same")])
def test_logins_at_once_all_count_and_none_is_mixed(files: Profiles, folder: Path, names: tuple[str, str]) -> None:
    with writer(folder, names[0], 40) as first, writer(folder, names[1], 40) as second:
        while first.poll() is None or second.poll() is None:
            for name in set(files.names()):
                consistent(files, name)
        assert (first.wait(), second.wait()) == (0, 0)
    assert set(files.names()) == set(names)
    for name in names:
        kept = files.get(name)
        assert kept is not None
        assert kept.profile.oauth.client_id == f"id-{name}-39"


@needs_posix
def test_a_login_that_is_killed_leaves_the_old_profile_or_the_new_one(files: Profiles, folder: Path) -> None:
    for turn in range(12):
        with writer(folder, "same", 10_000) as killed:
            assert killed.stdout is not None
            killed.stdout.readline()
            time.sleep(0.02 + turn * 0.005)
            killed.send_signal(signal.SIGKILL)
        if files.names():
            consistent(files, "same")
    (folder / "gone.json.new").write_bytes(b"a secret that a killed run left")
    files.put("other", profile())
    assert not list(folder.glob("*.new"))


def test_who_holds_the_lock_is_waited_for_and_not_for_ever(folder: Path) -> None:
    waited: list[float] = []
    files = Profiles(folder, no_keyring, sleep=waited.append)
    files.put("plant", profile())
    lock = try_lock(folder / ".lock")
    assert lock is not None
    with pytest.raises(UsageError, match="another run"):
        files.put("plant", profile("another"))
    assert 20 < sum(waited) < 60
    assert secret_of(files) == SECRET
    threading.Timer(0.2, lambda: os.close(lock)).start()
    Profiles(folder, no_keyring).put("plant", profile("another"))
    assert secret_of(files) == "another"


# --- in a keyring ------------------------------------------------------------------------------


def test_where_there_is_a_keyring_the_file_holds_no_secret(ringed: Profiles, ring: FakeKeyring, folder: Path) -> None:
    kept = ringed.put("plant", profile())
    assert (kept.kept_in, kept.place, kept.file) == ("keyring", "the test's keyring", None)
    assert secret_of(ringed) == SECRET
    text = (folder / "plant.json").read_text()
    assert "canary" not in text
    assert "tzn_api" not in text
    ringed.put("plant", profile("another"))
    assert len(ring.entries) == 1
    assert secret_of(ringed) == "another"
    ringed.forget("plant")
    assert not ring.entries
    assert ringed.names() == ()


def test_two_folders_do_not_share_an_entry(ring: FakeKeyring, tmp_path: Path) -> None:
    one, two = (Profiles(tmp_path / name, ring) for name in ("one", "two"))
    one.put("plant", profile("of one"))
    two.put("plant", profile("of two"))
    assert (secret_of(one), secret_of(two)) == ("of one", "of two")


def test_a_file_can_be_had_though_there_is_a_keyring(ringed: Profiles, ring: FakeKeyring) -> None:
    ringed.put("plant", profile())
    assert ringed.put("plant", profile("another"), "file").kept_in == "file"
    assert not ring.entries, "what is in the file only is not in the keyring any more"
    assert secret_of(ringed) == "another"


@pytest.mark.parametrize("what", ["find", "put"])
def test_a_keyring_that_refuses_makes_room_for_a_file_and_that_is_said(
    ringed: Profiles, ring: FakeKeyring, what: str
) -> None:
    ring.trouble[what] = KeyringTrouble("it is locked")
    kept = ringed.put("plant", profile())
    assert (kept.kept_in, kept.remark) == ("file", "it is locked")
    assert secret_of(ringed) == SECRET


@pytest.mark.parametrize("keeping", ["keyring", "file", None])
def test_who_insists_on_the_keyring_gets_an_error_and_keeps_what_was_there(
    ringed: Profiles, ring: FakeKeyring, folder: Path, keeping: str | None
) -> None:
    if keeping is not None:
        ringed.put("plant", profile("before"), keeping)  # type: ignore[arg-type]
    ring.trouble["put"] = KeyringTrouble("it is locked")
    with pytest.raises(NotAllowedError, match="not kept") as refused:
        ringed.put("plant", profile(), "keyring")
    assert "--keep-in file" in refused.value.remedy
    if keeping is None:
        assert ringed.names() == ()
    else:
        assert secret_of(ringed) == "before"


def test_a_keyring_that_answers_too_late_is_cleared_when_the_profile_is_forgotten(
    ringed: Profiles, ring: FakeKeyring
) -> None:
    ring.is_late = True
    assert ringed.put("plant", profile()).kept_in == "file"
    assert ring.entries
    assert ringed.forget("plant") == ""
    assert not ring.entries


def test_what_the_keyring_does_not_give_is_an_error_that_says_what_to_do(ringed: Profiles, ring: FakeKeyring) -> None:
    ringed.put("plant", profile())
    ring.trouble["find"] = KeyringTrouble("it did not answer")
    with pytest.raises(NotAllowedError, match="did not answer") as refused:
        ringed.get("plant")
    assert "lockstick login --profile plant" in refused.value.remedy
    ring.trouble.clear()
    ring.entries.clear()
    with pytest.raises(NotAllowedError, match="no entry"):
        ringed.get("plant")
    ringed.put("other", profile())
    ring.entries = dict.fromkeys(ring.entries, "nonsense")
    with pytest.raises(NotAllowedError, match="damaged"):
        ringed.get("other")


def test_nothing_is_forgotten_while_the_keyring_keeps_it(ringed: Profiles, ring: FakeKeyring) -> None:
    ringed.put("plant", profile())
    ring.trouble["forget"] = KeyringTrouble("it is locked")
    with pytest.raises(NotAllowedError, match="not forgotten") as refused:
        ringed.forget("plant")
    assert "plant.json" in refused.value.remedy
    assert ringed.names() == ("plant",)
    ring.trouble.clear()
    ringed.forget("plant")
    assert not ring.entries


def test_a_damaged_file_is_forgotten_together_with_its_entry(ringed: Profiles, ring: FakeKeyring, folder: Path) -> None:
    ringed.put("plant", profile())
    (folder / "plant.json").write_bytes(b"{")
    assert ringed.forget("plant") == ""
    assert not ring.entries
    ringed.put("plant", profile())
    (folder / "plant.json").write_bytes(b"{")
    ring.trouble["find"] = KeyringTrouble("it is locked")
    assert "may still hold" in ringed.forget("plant")


@pytest.mark.parametrize("moment", ["find", "put"])
def test_a_run_that_is_killed_at_the_keyring_leaves_nothing_that_no_file_tells_of(
    ringed: Profiles, ring: FakeKeyring, folder: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        if moment == "put":
            FakeKeyring.put(ring, *_)  # type: ignore[arg-type]
        raise Killed

    monkeypatch.setattr(ring, "put", kill)
    with pytest.raises(Killed):
        ringed.put("plant", profile())
    assert ringed.names() == ("plant",)
    if moment == "put":
        assert secret_of(ringed) == SECRET
    else:
        with pytest.raises(LockstickError, match="cannot be used"):
            ringed.get("plant")
    ringed.forget("plant")
    assert not ring.entries
