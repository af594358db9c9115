"""The key for receipts: private on disk, unseen in text, and checked by plain openssl as well."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from lockstick.errors import LockstickError, NotAllowedError, UsageError
from lockstick.media.records.signing import (
    is_protected,
    load_key,
    load_public,
    make_key,
    read_private,
    read_public,
    store_key,
)
from lockstick.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

WORD = Secret("correct horse ü")
needs_posix = pytest.mark.skipif(os.name != "posix", reason="about modes of POSIX")
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "receipts" / "key.pem"


@pytest.mark.parametrize("passphrase", [None, WORD])
def test_a_key_that_was_stored_signs_as_before(place: Path, passphrase: Secret | None) -> None:
    key = make_key()
    store_key(place, key, passphrase)
    assert is_protected(place) == (passphrase is not None)
    found, public = load_key(place, passphrase), load_public(place)
    assert found is not None
    assert public is not None
    assert found.public.id == key.public.id == public.id
    assert public.signed(found.sign(b"data"), b"data")


def test_another_key_or_another_text_does_not_verify() -> None:
    key = make_key()
    signature = key.sign(b"data")
    assert key.public.signed(signature, b"data")
    assert not key.public.signed(signature, b"Data")
    assert not key.public.signed(signature[:-1], b"data")
    assert not key.public.signed(b"", b"data")
    assert not make_key().public.signed(signature, b"data")


@needs_posix
def test_nobody_else_may_read_it(place: Path) -> None:
    mask = os.umask(0)
    try:
        store_key(place, make_key())
    finally:
        os.umask(mask)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


@needs_posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_not_used(place: Path, mode: int) -> None:
    store_key(place, make_key())
    place.chmod(mode)
    with pytest.raises(NotAllowedError) as refused:
        load_key(place)
    assert "chmod 600" in refused.value.remedy


def test_a_key_is_never_replaced(place: Path) -> None:
    store_key(place, make_key())
    before = place.read_bytes(), place.with_suffix(".pub").read_bytes()
    with pytest.raises(UsageError, match="already"):
        store_key(place, make_key())
    assert (place.read_bytes(), place.with_suffix(".pub").read_bytes()) == before


@needs_posix
def test_not_even_a_link_that_leads_nowhere_is_replaced(place: Path, tmp_path: Path) -> None:
    place.parent.mkdir()
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="already"):
        store_key(place, make_key())
    assert not (tmp_path / "elsewhere").exists()


def test_without_a_key_there_is_none(place: Path) -> None:
    assert load_key(place) is None
    assert load_public(place) is None
    assert not is_protected(place)


@pytest.mark.parametrize("word", [None, Secret("wrong")])
def test_a_protected_key_needs_its_passphrase_and_its_public_half_needs_none(place: Path, word: Secret | None) -> None:
    store_key(place, make_key(), WORD)
    assert b"ENCRYPTED" in place.read_bytes()
    with pytest.raises(NotAllowedError) as refused:
        load_key(place, word)
    assert "LOCKSTICK_RECEIPTS_PASSPHRASE" in refused.value.remedy
    assert "wrong" not in str(refused.value)
    assert load_public(place) is not None


def test_a_key_does_not_print() -> None:
    key = make_key()
    assert str(key) == repr(key) == "ReceiptKey()"


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"\x00" * 20_000]
)
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    for read in (read_private, read_public):
        with pytest.raises(LockstickError) as refused:
            read(path)
        assert refused.value.exit_code in (2, 6)


@needs_openssl
def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    private, public = tmp_path / "private", tmp_path / "public"
    subprocess.run(["openssl", "genpkey", "-algorithm", "x25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    with pytest.raises(UsageError, match="Ed25519"):
        read_private(private)
    with pytest.raises(UsageError, match="Ed25519"):
        read_public(public)


@needs_openssl
def test_openssl_checks_what_was_signed_here_and_makes_keys_for_it(tmp_path: Path) -> None:
    private, data, mark, public = (tmp_path / name for name in ("private", "data", "mark", "public"))
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True)
    key = read_private(private)
    data.write_bytes(b"a receipt")
    mark.write_bytes(key.sign(b"a receipt"))
    public.write_bytes(key.public.pem)
    command: list[str | Path] = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        public,
        "-rawin",
        "-in",
        data,
        "-sigfile",
        mark,
    ]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    data.write_bytes(b"A receipt")
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
