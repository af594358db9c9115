"""Detached signatures, held against what openssl says of them."""

from __future__ import annotations

import hashlib
import subprocess
from typing import TYPE_CHECKING

import pytest

from lockstick.errors import UsageError
from lockstick.media.images.signing import Signer, needs_passphrase, read_key
from lockstick.secret import Secret
from media.images.ground import needs

if TYPE_CHECKING:
    from pathlib import Path

KINDS = {
    "rsa": ("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "rsa, older form": ("genrsa", "-traditional", "2048"),
    "ec": ("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
}


def openssl(*words: str | Path) -> None:
    needs("openssl")
    subprocess.run(["openssl", *words], check=True, capture_output=True)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_signed_here_is_verified_by_openssl(tmp_path: Path, kind: str) -> None:
    key, public, file = tmp_path / "key.pem", tmp_path / "public.pem", tmp_path / "file"
    file.write_bytes(b"an image" * 1000)
    options = KINDS[kind]
    if options[0] == "genrsa":
        openssl("genrsa", "-traditional", "-out", key, "2048")
    else:
        openssl(*options, "-out", key)
    openssl("pkey", "-in", key, "-pubout", "-out", public)
    signer = Signer(read_key(key), name="key.pem", passphrase=None)
    (tmp_path / "sig").write_bytes(signer.sign(hashlib.sha256(file.read_bytes()).hexdigest()))
    openssl("dgst", "-sha256", "-verify", public, "-signature", tmp_path / "sig", file)
    file.write_bytes(b"another image" * 1000)
    with pytest.raises(subprocess.CalledProcessError):
        openssl("dgst", "-sha256", "-verify", public, "-signature", tmp_path / "sig", file)


@pytest.mark.parametrize("older", [False, True])
def test_a_closed_key_is_opened_by_its_passphrase_and_by_no_other(tmp_path: Path, *, older: bool) -> None:
    key = tmp_path / "key.pem"
    openssl("genpkey", "-algorithm", "RSA", "-out", tmp_path / "open.pem", "-pkeyopt", "rsa_keygen_bits:2048")
    form = ("-traditional",) if older else ()
    openssl("rsa", *form, "-aes256", "-passout", "pass:open sesame", "-in", tmp_path / "open.pem", "-out", key)
    pem = read_key(key)
    assert needs_passphrase(pem)
    assert not needs_passphrase(read_key(tmp_path / "open.pem"))
    assert Signer(pem, name="key.pem", passphrase=Secret("open sesame")).sign("00" * 32)
    with pytest.raises(UsageError) as caught:
        Signer(pem, name="key.pem", passphrase=Secret("wrong"))
    assert "wrong" in caught.value.why
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("genpkey", "-algorithm", "ED25519"), "RSA and ECDSA keys only"),
        (("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"), "weak"),
    ],
)
def test_keys_that_the_automounter_could_not_check_are_refused(
    tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    openssl(*options, "-out", tmp_path / "key.pem")
    with pytest.raises(UsageError) as caught:
        Signer(read_key(tmp_path / "key.pem"), name="key.pem", passphrase=None)
    assert words in caught.value.why


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be used to sign"):
        Signer(b"hello", name="key.pem", passphrase=None)
