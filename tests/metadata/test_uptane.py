"""Keys and signatures of the dialect (lockbox-format 2.3 and 2.4)."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from forge import Key
from lockstick.metadata.canonical import canonical
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.uptane import UPTANE

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.metadata.keys import PublicKey

ED = Key(seed=1)
SPKI = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@cache
def big() -> Key:
    """An RSA key, made when the first test needs one: that takes a while."""
    return Key("rsa2048")


def made(kind: str) -> Key:
    return ED if kind == "ed25519" else big()


def key_of(key: Key, keyid: str = "", **changes: Any) -> PublicKey:
    return UPTANE.parse_key(keyid or key.keyid, key.public | changes, "it")


def refused(value: Any) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        UPTANE.parse_key("id", value, "it")
    return caught.value


def with_public(key: Key, public: str) -> dict[str, Any]:
    return key.public | {"keyval": {"public": public}}


@pytest.mark.parametrize("kind", ["ED25519", "ed25519", "Ed25519"])
def test_the_key_type_is_read_in_any_case(kind: str) -> None:
    assert key_of(ED, keytype=kind).kind == "ed25519"


def test_a_key_knows_its_identity_its_ids_and_its_methods() -> None:
    ed, rsa_key = key_of(ED), key_of(big(), "chosen")
    assert (ed.keyid, ed.identity, ed.kind) == (ED.keyid, ED.keyid, "ed25519")
    assert ed.methods == {"ed25519"}
    assert (rsa_key.keyid, rsa_key.identity, rsa_key.kind) == ("chosen", big().keyid, "rsa")
    assert rsa_key.methods == {"rsassa-pss", "rsassa-pss-sha256"}


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_ids_by_the_three_known_rules_are_expected(kind: str) -> None:
    key = made(kind)
    public = key.public["keyval"]["public"]
    assert key_of(key).expected_keyids == {
        key.keyid,
        hashlib.sha256(json.dumps(public.rstrip("\n")).encode()).hexdigest(),
        hashlib.sha256(canonical(key.public)).hexdigest(),
    }


def test_an_id_in_the_way_of_the_client_is_that_of_its_own_tools() -> None:
    """The formula of lockbox-format 2.3, on a key whose result was computed by hand."""
    literal = '"' + big().public["keyval"]["public"].rstrip("\n").replace("\n", "\\n") + '"'
    assert hashlib.sha256(literal.encode()).hexdigest() in key_of(big()).expected_keyids


def test_hex_of_a_key_is_read_in_either_case() -> None:
    upper = UPTANE.parse_key("id", with_public(ED, ED.public["keyval"]["public"].upper()), "it")
    assert upper.identity == ED.keyid
    assert upper.signed(ED.sign(b"data"), b"data")


def test_the_line_end_behind_a_pem_key_may_be_missing() -> None:
    found = UPTANE.parse_key("id", with_public(big(), big().public["keyval"]["public"].rstrip("\n")), "it")
    assert found.identity == big().keyid
    assert found.signed(big().sign(b"data"), b"data")


@pytest.mark.parametrize(
    "public",
    ["", "ab" * 31, "ab" * 33, "zz" * 32, "ab " * 21 + "a", " ".join(["ab"] * 32), "\u00e9" * 64],
)
def test_an_ed25519_key_is_64_hexadecimal_digits(public: str) -> None:
    error = refused(with_public(ED, public))
    assert error.rule == "key-malformed"
    assert error.what == "it is not an Ed25519 public key of 64 hexadecimal digits"


def pem(bits: int) -> str:
    return rsa.generate_private_key(65537, bits).public_key().public_bytes(*SPKI).decode()


def pkcs1() -> str:
    key = load_pem_public_key(big().public["keyval"]["public"].encode())
    pem_bytes: bytes = key.public_bytes(Encoding.PEM, PublicFormat.PKCS1)
    return pem_bytes.decode()


def curve() -> str:
    return ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(*SPKI).decode()


def damaged() -> str:
    public: str = big().public["keyval"]["public"]
    lines = public.splitlines()
    return "\n".join([lines[0], "AAAA" + lines[1][4:], *lines[2:]])


def indented() -> str:
    public: str = big().public["keyval"]["public"]
    return " " + public


@pytest.mark.parametrize("public", [str, pkcs1, curve, damaged, indented])
def test_an_rsa_key_is_subject_public_key_info_in_pem(public: Callable[[], str]) -> None:
    error = refused(with_public(big(), public()))
    assert error.rule == "key-malformed"
    assert error.what == "it is not an RSA public key in PEM form (SubjectPublicKeyInfo)"


def test_an_rsa_key_of_another_size_is_one_that_devices_refuse() -> None:
    error = refused(with_public(big(), pem(1024)))
    assert error.rule == "key-size-unsupported"
    assert error.what == "it is an RSA key of 1024 bit; devices take 2048, 3072 and 4096"


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_the_sizes_that_devices_take(bits: int) -> None:
    assert UPTANE.parse_key("id", with_public(big(), pem(bits)), "it").kind == "rsa"


@pytest.mark.parametrize(
    ("value", "rule", "words"),
    [
        ([], "shape", "it is not an object"),
        ({}, "shape", "it.keytype is not a string"),
        ({"keytype": "RSA"}, "shape", "it.keyval is not an object"),
        ({"keytype": "RSA", "keyval": {}}, "shape", "it.keyval.public is not a string"),
        (
            {"keytype": "ECPRIME256V1", "keyval": {"public": ""}},
            "key-type-unsupported",
            "it has the key type 'ecprime256v1', which devices refuse",
        ),
    ],
)
def test_a_key_of_another_shape_is_refused(value: Any, rule: str, words: str) -> None:
    error = refused(value)
    assert (error.rule, error.what) == (rule, words)


# --- signatures --------------------------------------------------------------------------------


def signature(**changes: Any) -> dict[str, Any]:
    return {"keyid": "k", "method": "ed25519", "sig": "AAEC"} | changes


@pytest.mark.parametrize("method", ["ed25519", "ED25519", "rsassa-pss", "RSASSA-PSS-SHA256"])
def test_a_signature_is_read(method: str) -> None:
    found = UPTANE.parse_signature(signature(method=method), "it")
    assert (found.keyid, found.method, found.value) == ("k", method.lower(), b"\0\1\2")


@pytest.mark.parametrize(
    ("value", "rule", "words"),
    [
        ("x", "shape", "it is not an object"),
        ({}, "shape", "it.keyid is not a string"),
        ({"keyid": "k"}, "shape", "it.method is not a string"),
        ({"keyid": "k", "method": "ed25519"}, "shape", "it.sig is not a string"),
        (
            signature(method="Rsassa-Pkcs1"),
            "signature-method-unknown",
            "it has the method 'rsassa-pkcs1', which devices refuse",
        ),
        (signature(sig="AAE"), "signature-malformed", "it.sig is not base64"),
        (signature(sig="AAEC\n"), "signature-malformed", "it.sig is not base64"),
        (signature(sig="AA-_"), "signature-malformed", "it.sig is not base64"),
        (signature(sig="\u00e9"), "signature-malformed", "it.sig is not base64"),
        (signature(sig="AB=="), "signature-malformed", "it.sig is not base64 in its one standard form"),
    ],
)
def test_a_signature_of_another_shape_is_refused(value: Any, rule: str, words: str) -> None:
    with pytest.raises(MalformedError) as caught:
        UPTANE.parse_signature(value, "it")
    assert (caught.value.rule, caught.value.what) == (rule, words)


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_a_signature_is_good_for_its_key_and_its_bytes_alone(kind: str) -> None:
    key = key_of(made(kind))
    good = made(kind).sign(b"data")
    assert key.signed(good, b"data")
    assert not key.signed(good, b"dat")
    assert not key.signed(good + b"\0", b"data")
    assert not key.signed(good[:-1], b"data")
    assert not key.signed(b"", b"data")
    other = Key("rsa2048") if kind == "rsa" else Key(seed=2)
    assert not key_of(other).signed(good, b"data")


def test_only_pss_with_sha256_and_a_salt_of_32_bytes_counts() -> None:
    private = big()._private
    assert isinstance(private, rsa.RSAPrivateKey)
    key = key_of(big())
    assert key.signed(private.sign(b"data", padding.PSS(padding.MGF1(SHA256()), 32), SHA256()), b"data")
    assert not key.signed(private.sign(b"data", padding.PKCS1v15(), SHA256()), b"data")
    assert not key.signed(private.sign(b"data", padding.PSS(padding.MGF1(SHA512()), 32), SHA512()), b"data")


def test_the_dialect_spells_types_and_defaults_as_the_server_does() -> None:
    assert UPTANE.name == "uptane"
    assert UPTANE.types == {
        "root": "Root",
        "timestamp": "Timestamp",
        "snapshot": "Snapshot",
        "targets": "Targets",
        "offline-snapshot": "Offline-Snapshot",
        "offline-updates": "Offline-Updates",
    }
    assert UPTANE.default_terminating
    assert not UPTANE.hashes_raw_bytes


def test_base64_of_any_bytes_is_read_back() -> None:
    value = bytes(range(256))
    entry = signature(sig=base64.b64encode(value).decode())
    assert UPTANE.parse_signature(entry, "it").value == value
