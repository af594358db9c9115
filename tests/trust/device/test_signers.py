"""Who counts as a signer, and how numbers, texts and depths are judged on the way there."""

from __future__ import annotations

from typing import Any

import pytest

from forge import AT, Forge, Key, envelope, role, target
from lockstick.metadata.canonical import canonical
from lockstick.trust.device.jsonnumbers import integer
from lockstick.trust.device.keys import DeviceKey, read_key, signature_bytes
from lockstick.trust.device.lenientjson import parse
from lockstick.trust.device.limits import DEFAULT_CLIENT
from lockstick.trust.device.refusal import RefusedError
from lockstick.trust.device.signatures import KeyRing
from lockstick.trust.device.values import as_integer, as_text, items, member
from trust.device.ground import device, medium, say, told

SHAPE = "a document is not made as the client expects"
SIGNER = Key(seed=6)


def signed_by(forge: Forge, *keys: Key) -> str:
    result = medium(forge)
    result.director["box.json"] = canonical(envelope(forge.lockbox, *keys))
    return say(device(forge), result).reason


def test_a_known_key_counts_for_its_own_roles_only() -> None:
    forge = Forge()
    assert signed_by(forge, forge.offline_key) == ""
    assert signed_by(forge, forge.root_key) == "the only signature is not a good one (offline-updates)"
    assert signed_by(forge, forge.offline_key, forge.root_key) == ""


@pytest.mark.parametrize(
    ("threshold", "reason"),
    [
        (0, "the root in force gives a role no usable threshold (offline-updates)"),
        (1, ""),
        (2, "fewer good signatures than the threshold demands (offline-updates)"),
        (1000, "fewer good signatures than the threshold demands (offline-updates)"),
        (1001, "the root in force gives a role no usable threshold (offline-updates)"),
        (None, "the root in force gives a role no usable threshold (offline-updates)"),
        ("1", f"{SHAPE} (a threshold is not a number)"),
        (2**63, f"{SHAPE} (a threshold is too large)"),
        (-(2**63) - 1, f"{SHAPE} (a threshold is too large)"),
        (2**63 - 1, "the root in force gives a role no usable threshold (offline-updates)"),
        (-(2**63), "the root in force gives a role no usable threshold (offline-updates)"),
    ],
)
def test_a_threshold_is_a_number_from_1_to_1000(threshold: Any, reason: str) -> None:
    ring = KeyRing(DEFAULT_CLIENT)
    keyids = role(SIGNER)["keyids"]
    if reason == "" or reason.startswith("fewer"):
        ring.add_role("offline-updates", {"keyids": keyids, "threshold": threshold})
        assert ring.thresholds == {"offline-updates": threshold}
        ring.add_keys({SIGNER.keyid: SIGNER.public})
        document = parse(canonical(envelope({"_type": "Offline-Updates"}, SIGNER, Key(seed=9))), 1000)
        if reason == "":
            ring.check("offline-updates", document)
            return
        with pytest.raises(RefusedError) as caught:
            ring.check("offline-updates", document)
    else:
        with pytest.raises(RefusedError) as caught:
            ring.add_role("offline-updates", {"keyids": keyids, "threshold": threshold})
    assert caught.value.text == reason


def delegating(**changes: Any) -> Forge:
    forge = Forge(image_targets={})
    entry = {"name": "a", "paths": ["*"], "terminating": False} | role(SIGNER) | changes
    forge.targets["delegations"] = {"keys": {SIGNER.keyid: SIGNER.public}, "roles": [entry]}
    body = {"_type": "Targets", "expires": forge.targets["expires"], "targets": {"fw.bin": target()}, "version": 1}
    forge.delegated["a"] = envelope(body, SIGNER, SIGNER) if "twice" in changes else envelope(body, SIGNER)
    return forge


def test_a_delegation_is_told_by_its_name() -> None:
    assert told(delegating())[0] == "PASS"
    assert told(delegating(threshold=0))[2] == "the root in force gives a role no usable threshold (a)"
    assert told(delegating(threshold=2))[2] == "fewer good signatures than the threshold demands (a)"
    assert told(delegating(twice=True))[2] == "a key signed the same document twice (a)"


# --- values ---


def test_whatever_is_no_object_has_no_members() -> None:
    assert member(None, "a") is None
    others: list[Any] = [[], "text", 1, True]
    for value in others:
        with pytest.raises(RefusedError) as caught:
            member(value, "a")
        assert caught.value.text == f"{SHAPE} (an object is expected where there is none)"


def test_items_come_in_the_order_of_their_bytes() -> None:
    value: dict[str, Any] = {"\U00010000": 1, "\uffff": 2, "b": 3, "B": 4, "\ud800": 5}
    assert items(value) == [("B", 4), ("b", 3), ("\ud800", 5), ("\uffff", 2), ("\U00010000", 1)]
    assert items(["x", "y"]) == [("0", "x"), ("1", "y")]
    assert items("text") == items(None) == []


def test_texts_of_what_is_no_text() -> None:
    assert [as_text(value) for value in (None, True, False, 7, 1.5, "a")] == ["", "true", "false", "7", "1.5", "a"]


def test_a_number_of_32_bits() -> None:
    assert (as_integer(2**31 - 1), as_integer(-(2**31)), as_integer(1.9)) == (2**31 - 1, -(2**31), 1)
    for value in (2**31, -(2**31) - 1, 2**31 - 0.5):
        with pytest.raises(RefusedError):
            as_integer(value)


@pytest.mark.parametrize(
    ("digits", "number"),
    [
        ("1" * 21, float("1" * 21)),
        ("9" * 20, 1e20),
        (str(2**64 - 1), 2**64 - 1),
        (str(2**64), float(2**64)),
        (str(-(2**63)), -(2**63)),
        (str(-(2**63) - 1), float(-(2**63))),
    ],
)
def test_whole_numbers_stay_whole_up_to_64_bits(digits: str, number: float) -> None:
    for found in (integer(digits), parse(f"[{digits}]".encode(), 10).value[0]):  # type: ignore[index]  # an array
        assert found == number
        assert type(found) is type(number)


def test_depth_is_counted() -> None:
    for depth in (0, 1, 10):
        assert parse(b"[" * (depth + 1) + b"]" * (depth + 1), depth).value is not None
        assert parse(b'{"a":' * (depth + 1) + b"1" + b"}" * (depth + 1), depth).value is not None
        for raw in (b"[" * (depth + 2) + b"]" * (depth + 2), b'{"a":' * (depth + 2) + b"1" + b"}" * (depth + 2)):
            with pytest.raises(RefusedError) as caught:
                parse(raw, depth)
            assert (caught.value.code, caught.value.detail) == ("json", "nested too deeply")


@pytest.mark.parametrize(
    ("raw", "commented"),
    [
        (b'{"signed":{}} /* c */', True),
        (b'{"signed":{}}\n // c', True),
        (b'{"signed":{}} c', False),
        (b'{"signed":{}}\x0c// c', False),
    ],
)
def test_a_comment_behind_the_document_hangs_on_it(raw: bytes, *, commented: bool) -> None:
    parsed = parse(raw, 1000)
    assert (parsed.commented, parsed.signed_commented) == (commented, False)


# --- keys ---


def test_a_key_that_cannot_be_used_is_empty() -> None:
    assert read_key({"keytype": "RSA", "keyval": {"public": []}}, DEFAULT_CLIENT) == DeviceKey("", "")
    assert read_key({"keytype": "RSA", "keyval": {"public": "x"}}, DEFAULT_CLIENT) == DeviceKey("", "x")
    assert read_key({"keytype": "ED25519", "keyval": {"public": "x"}}, DEFAULT_CLIENT) == DeviceKey("ed25519", "x")


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("QUJD", b"ABC"),
        ("QUI=", b"AB"),
        ("QUI", b"AB"),
        ("QUI=QUI=", b"AB"),
        ("=QUI", b""),
        ("Q", b""),
        ("+/+/", b"\xfb\xff\xbf"),
        ("AAAB", b"\0\0\x01"),
    ],
)
def test_base64_ends_at_the_first_padding(text: str, raw: bytes) -> None:
    assert signature_bytes(text) == raw


def test_other_characters_than_base64s_are_told() -> None:
    with pytest.raises(RefusedError) as caught:
        signature_bytes("QU-D")
    assert caught.value.text == f"{SHAPE} (a signature is not written in base64)"


# --- the clock ---


def test_the_second_of_the_expiry_is_still_good() -> None:
    for text, verdict in (
        (AT.strftime("%Y-%m-%dT%H:%M:%SZ"), "PASS"),
        ("2026-05-31T23:59:59Z", "FAIL"),
        # The client compares texts.
        (AT.strftime("%Y-%m-%dT%H:%M:%S")[:-1] + "/Z", "FAIL"),
    ):
        forge = Forge()
        forge.lockbox["expires"] = text
        assert told(forge)[0] == verdict
