"""How the client converts values, and what it makes of odd keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from forge import Key
from lockstick.trust.device.keys import DeviceKey, read_key
from lockstick.trust.device.limits import DEFAULT_CLIENT
from lockstick.trust.device.refusal import RefusedError
from lockstick.trust.device.values import as_bool, as_integer, as_length, as_text
from lockstick.trust.device.writing import written

if TYPE_CHECKING:
    from collections.abc import Callable

PEM = Key("rsa2048").public["keyval"]["public"]


@pytest.mark.parametrize(
    ("convert", "value", "text"),
    [
        (as_bool, "true", "a document is not made as the client expects (true or false is expected where there is"),
        (as_bool, [], "a document is not made as the client expects (true or false is expected where there is"),
        (as_integer, "1", "a document is not made as the client expects (a number is expected where there is none)"),
        (as_integer, 2**31, "a document is not made as the client expects (a number is too large)"),
        (as_length, "1", "a document is not made as the client expects (a length is expected where there is none)"),
        (as_length, -1, "a document is not made as the client expects (a length is negative or too large)"),
        (as_text, [], "a document is not made as the client expects (a text is expected where there is none)"),
    ],
)
def test_what_cannot_be_converted_is_refused(convert: Callable[[Any], object], value: object, text: str) -> None:
    with pytest.raises(RefusedError) as caught:
        convert(value)
    assert caught.value.code == "shape"
    assert caught.value.text.startswith(text)
    assert caught.value.args == ("shape", caught.value.detail)


@pytest.mark.parametrize(("value", "meant"), [(None, False), (0, False), (0.0, False), (1, True), (-0.5, True)])
def test_numbers_and_null_are_truth_values_too(value: float | None, *, meant: bool) -> None:
    assert as_bool(value) is meant


@pytest.mark.parametrize(
    ("one", "text"),
    [
        ({"b": [0.1], "a": {"c": 0.1}}, b'{"a":{"c":0.10000000000000001},"b":[0.10000000000000001]}'),
        ([[1.0], {"\x7f": 0.1}], b'[[1.0],{"\x7f":0.10000000000000001}]'),
    ],
)
def test_fractions_are_written_with_17_digits_wherever_they_are(one: Any, text: bytes) -> None:
    assert written(one) == text


def key(public: str, kind: str = "RSA") -> DeviceKey:
    return read_key({"keytype": kind, "keyval": {"public": public}}, DEFAULT_CLIENT)


def test_text_before_an_rsa_key_does_no_harm_whatever_it_is() -> None:
    for before in ("", "a comment\n", "half of a pair: \ud800\n"):
        assert key(before + PEM) == DeviceKey("rsa", before + PEM)


def test_a_key_of_another_kind_in_the_place_of_an_rsa_key_is_of_no_use() -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    edwards = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    for other in (curve, edwards):
        pem = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        assert key(pem).kind == ""
        assert not DeviceKey("rsa", pem).signed("", b"")


def test_an_rsa_signature_must_be_good() -> None:
    one = Key("rsa2048")
    listed = key(one.public["keyval"]["public"])
    signed = {"a": 1}
    good = one.signature(signed)["sig"]
    assert listed.signed(good, b'{"a":1}')
    assert not listed.signed(good, b'{"a":2}')
    assert not listed.signed("", b'{"a":1}')
    assert not key(PEM).signed(good, b'{"a":1}')
