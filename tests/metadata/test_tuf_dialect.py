"""Keys, signatures and delegations as TUF 1.0 writes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lockstick.metadata.document import read_document
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.targets import read_targets
from lockstick.metadata.tuf import TUF
from lockstick.metadata.uptane import UPTANE

if TYPE_CHECKING:
    from lockstick.metadata.dialect import Dialect


def pem(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


P256 = pem(ec.generate_private_key(ec.SECP256R1()))
P384 = pem(ec.generate_private_key(ec.SECP384R1()))
ED25519 = pem(ed25519.Ed25519PrivateKey.generate())
TOO_SHORT = 1024
RSA = pem(rsa.generate_private_key(65537, 2048))


def key(keytype: str, scheme: str, public: Any) -> dict[str, Any]:
    return {"keytype": keytype, "scheme": scheme, "keyval": {"public": public}}


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (key("ed25519", "ed25519", "00" * 31), "key-malformed"),
        (key("ed25519", "ed25519", "00" * 33), "key-malformed"),
        (key("ed25519", "ed25519", ED25519), "key-malformed"),
        (key("ed25519", "ed25519", " " + "00" * 32), "key-malformed"),
        (key("ecdsa", "ecdsa-sha2-nistp256", P384), "key-malformed"),
        (key("ecdsa", "ecdsa-sha2-nistp384", P256), "key-malformed"),
        (key("ecdsa", "ecdsa-sha2-nistp384", "04" + "11" * 96), "key-malformed"),
        (key("ecdsa", "ecdsa-sha2-nistp521", P384), "key-type-unsupported"),
        (key("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", P384), "key-type-unsupported"),
        (key("ecdsa", "ecdsa-sha2-nistp256", RSA), "key-malformed"),
        (key("ecdsa", "ecdsa-sha2-nistp256", "04" + "11" * 64), "key-malformed"),
        (key("ecdsa", "ed25519", P256), "key-type-unsupported"),
        (key("ED25519", "ed25519", "00" * 32), "key-type-unsupported"),
        (key("rsa", "rsassa-pss-sha256", P256), "key-malformed"),
        (key("rsa", "rsassa-pss-sha256", "ü"), "key-malformed"),
        (key("rsa", "rsa-pkcs1v15-sha256", P256), "key-malformed"),
        (key("rsa", "rsa-pkcs1v15-sha1", RSA), "key-type-unsupported"),
        (key("rsa", "rsassa-pss-sha512", RSA), "key-type-unsupported"),
        (key("rsa", "rsassa-pss-sha256", pem(rsa.generate_private_key(65537, TOO_SHORT))), "key-size-unsupported"),
        (key("rsa", "rsassa-pss-sha256", None), "shape"),
        ({"keytype": "rsa", "keyval": {"public": RSA}}, "shape"),
        (None, "shape"),
    ],
)
def test_a_key_that_is_not_what_it_says_cannot_be_used(value: Any, rule: str) -> None:
    with pytest.raises(MalformedError) as caught:
        TUF.parse_key("id", value, "key")
    assert caught.value.rule == rule


def test_one_key_has_one_identity_in_every_spelling() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()
    spellings = [
        key("ecdsa", "ecdsa-sha2-nistp256", pem(private)),
        key("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", pem(private) + "\n"),
        key("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", point.upper()),
    ]
    assert len({TUF.parse_key(str(index), value, "key").identity for index, value in enumerate(spellings)}) == 1


def test_one_rsa_key_is_one_key_whatever_it_signs_by() -> None:
    schemes = ("rsassa-pss-sha256", "rsa-pkcs1v15-sha256")
    assert len({TUF.parse_key(scheme, key("rsa", scheme, RSA), "key").identity for scheme in schemes}) == 1


@pytest.mark.parametrize("text", ["", "0", "zz", "a b0", "AAECAw==", "00\n"])
def test_a_garbled_signature_keeps_its_place_but_has_no_bytes(text: str) -> None:
    signature = TUF.parse_signature({"keyid": "id", "sig": text, "method": "ed25519"}, "signature")
    assert (signature.keyid, signature.method, signature.value) == ("id", "", b"")


def delegating(**members: Any) -> Any:
    role = {"name": "role", "keyids": [], "threshold": 1, "terminating": False, **members}
    signed = {
        "_type": "targets",
        "spec_version": "1.0.31",
        "version": 1,
        "expires": "2030-01-01T00:00:00Z",
        "targets": {},
        "delegations": {"keys": {}, "roles": [role]},
    }
    raw = json.dumps({"signatures": [], "signed": signed}).encode()
    return read_targets(read_document(raw, "targets.json", TUF)).delegations[0]


def test_a_delegation_speaks_by_paths_or_by_hashes_but_not_by_both() -> None:
    assert delegating(paths=["a"]).hash_prefixes == ()
    assert delegating(path_hash_prefixes=["ab"]).paths == ()
    with pytest.raises(MalformedError) as caught:
        delegating(paths=["a"], path_hash_prefixes=["ab"])
    assert caught.value.rule == "shape"
    assert caught.value.what.endswith(" speaks both by paths and by the hashes of paths")
    with pytest.raises(MalformedError) as caught:
        delegating(path_hash_prefixes="ab")
    assert caught.value.what.startswith("prefixes of ")


def test_lockboxes_know_no_hashes_of_paths() -> None:
    body = {"keys": {}, "roles": [{"name": "role", "keyids": [], "paths": ["a"], "path_hash_prefixes": ["ab"]}]}
    signed = {"_type": "Targets", "version": 1, "expires": "2030-01-01T00:00:00Z", "targets": {}, "delegations": body}
    raw = json.dumps({"signatures": [], "signed": signed}).encode()
    (delegation,) = read_targets(read_document(raw, "targets.json", UPTANE)).delegations
    assert (delegation.paths, delegation.hash_prefixes) == (("a",), ())


def test_a_delegation_that_names_a_key_id_twice_is_refused() -> None:
    with pytest.raises(MalformedError, match="twice"):
        delegating(keyids=["a", "b", "a"])


def test_an_absent_terminating_means_that_the_search_goes_on() -> None:
    assert delegating().terminating is False


@pytest.mark.parametrize("version", ["2.0", "0.9.1", "1", "1.0.0.0", "1.0.0-" + "x" * 40])
def test_another_version_of_the_specification_is_refused_and_named_in_short(version: str) -> None:
    signed = {"_type": "targets", "version": 1, "expires": "2030-01-01T00:00:00Z", "spec_version": version}
    with pytest.raises(MalformedError) as caught:
        read_document(json.dumps({"signatures": [], "signed": signed}).encode(), "t.json", TUF)
    assert caught.value.rule == "shape"
    assert caught.value.what == f"the spec_version of t.json is {version[:20]!r}, not 1.x"


@pytest.mark.parametrize(("dialect", "still_good"), [(TUF, False), (UPTANE, True)], ids=["tuf", "uptane"])
def test_the_dialects_disagree_about_the_last_second(dialect: Dialect, *, still_good: bool) -> None:
    signed = {"_type": dialect.types["targets"], "version": 1, "expires": "2030-01-01T00:00:00Z", "spec_version": "1.0"}
    document = read_document(json.dumps({"signatures": [], "signed": signed}).encode(), "document", dialect)
    last = datetime(2030, 1, 1, tzinfo=UTC)
    assert not document.expired_at(last - timedelta(microseconds=1))
    assert document.expired_at(last) is not still_good
    assert document.expired_at(last + timedelta(microseconds=1))
