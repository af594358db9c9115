"""Keys and signatures as the client takes them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from forge import Forge, Key, envelope, role, root
from lockstick.metadata.canonical import canonical
from lockstick.trust.device.keys import signature_bytes
from lockstick.trust.device.refusal import RefusedError
from trust.device.ground import Medium, device, medium, say, summary


def with_lockbox(forge: Forge, **changes: Any) -> Medium:
    """A medium whose lockbox has other signatures."""
    result = medium(forge)
    document = json.loads(result.director["box.json"]) | changes
    result.director["box.json"] = canonical(document)
    return result


def outcome(forge: Forge, medium_: Medium) -> tuple[str, str | None, str]:
    return summary(say(device(forge), medium_))


def entries(forge: Forge, *more: dict[str, Any]) -> list[dict[str, Any]]:
    return [forge.offline_key.signature(forge.lockbox), *more]


def test_one_bad_signature_is_a_bad_key_and_several_are_an_unmet_threshold() -> None:
    forge = Forge()
    bad = forge.offline_key.signature(forge.lockbox | {"version": 99})
    assert outcome(forge, with_lockbox(forge, signatures=[bad]))[2].startswith("the only signature")
    other = forge.other_key.signature(forge.lockbox)
    assert outcome(forge, with_lockbox(forge, signatures=[bad, other]))[2].startswith("fewer good signatures")
    assert outcome(forge, with_lockbox(forge, signatures=[]))[2].startswith("fewer good signatures")


def test_a_foreign_method_refuses_even_beside_a_good_signature() -> None:
    forge = Forge()
    foreign = forge.other_key.signature(forge.lockbox, method="ecdsa")
    verdict, stage, reason = outcome(forge, with_lockbox(forge, signatures=entries(forge, foreign)))
    assert (verdict, stage) == ("FAIL", "metadata")
    assert "ecdsa" in reason


def test_a_signature_by_an_unknown_key_is_passed_over() -> None:
    forge = Forge()
    assert outcome(forge, with_lockbox(forge, signatures=entries(forge, Key(seed=9).signature({}))))[0] == "PASS"


def test_a_key_that_signs_twice_refuses_even_if_it_is_unknown() -> None:
    forge = Forge()
    for key in (forge.offline_key, Key(seed=9)):
        twice = [key.signature(forge.lockbox)] * 2
        extra = [] if key is forge.offline_key else entries(forge)
        assert "twice" in outcome(forge, with_lockbox(forge, signatures=[*extra, *twice]))[2]


@pytest.mark.parametrize("method", ["RSASSA-PSS", "rsassa-pss-sha256", "ED25519"])
def test_the_method_is_compared_without_case_and_says_nothing_about_the_key(method: str) -> None:
    forge = Forge()
    signature = forge.offline_key.signature(forge.lockbox, method=method)
    assert outcome(forge, with_lockbox(forge, signatures=[signature]))[0] == "PASS"


def test_bytes_behind_an_ed25519_signature_are_ignored() -> None:
    forge = Forge()
    raw = forge.offline_key.sign(canonical(forge.lockbox)) + b"more"
    signature = forge.offline_key.signature(forge.lockbox, sig=base64.b64encode(raw).decode())
    assert outcome(forge, with_lockbox(forge, signatures=[signature]))[0] == "PASS"


def test_a_signature_in_hexadecimal_is_a_bad_one() -> None:
    forge = Forge()
    raw = forge.offline_key.sign(canonical(forge.lockbox))
    signature = forge.offline_key.signature(forge.lockbox, sig=raw.hex())
    assert outcome(forge, with_lockbox(forge, signatures=[signature]))[2].startswith("the only signature")


def test_base64_is_read_with_line_breaks_and_refused_with_foreign_characters() -> None:
    assert signature_bytes("QUJD\nRA==") == b"ABCD"
    assert signature_bytes("QUJDRA==junk!") == b"ABCD"
    assert signature_bytes("") == b""
    with pytest.raises(RefusedError):
        signature_bytes("QU-D")


def test_key_ids_are_opaque() -> None:
    forge = Forge()
    for key in (forge.root_key, forge.offline_key):
        key.keyid = f"any text for {key.keyid[:3]}"
    forge.__post_init__()
    assert outcome(forge, medium(forge))[0] == "PASS"


def test_a_key_of_a_foreign_type_refuses_the_document_even_if_nobody_uses_it() -> None:
    forge = Forge()
    forge.director_roots[1]["keys"]["unused"] = {"keytype": "ECPRIME256V1", "keyval": {"public": ""}}
    assert "ecprime256v1" in outcome(forge, medium(forge))[2]


@pytest.mark.parametrize("kind", ["rsa2048", "rsa3072"])
def test_rsa_keys_of_the_usual_sizes_are_good(kind: str) -> None:
    forge = Forge(offline_key=Key(kind))
    assert outcome(forge, medium(forge))[0] == "PASS"


def test_an_rsa_key_of_another_size_never_verifies_but_is_no_fault() -> None:
    forge = Forge(offline_key=Key("rsa1024"))
    assert outcome(forge, medium(forge))[2].startswith("the only signature")


def test_an_rsa_key_in_the_older_form_never_verifies() -> None:
    forge = Forge(offline_key=Key("rsa2048"))
    key = load_pem_public_key(forge.offline_key.public["keyval"]["public"].encode())
    older = key.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
    forge.offline_key.public["keyval"]["public"] = older
    forge.__post_init__()
    assert outcome(forge, medium(forge))[2].startswith("the only signature")


@pytest.mark.parametrize("threshold", [0, -1, 1001])
def test_a_threshold_out_of_range_refuses_the_root(threshold: int) -> None:
    forge = Forge()
    forge.director_roots[1]["roles"]["snapshot"] = role(forge.other_key, threshold=threshold)
    assert "no usable threshold" in outcome(forge, medium(forge))[2]


def test_a_key_listed_twice_in_a_role_counts_once() -> None:
    forge = Forge()
    for body in forge.director_roots:
        body["roles"]["offline-updates"] = role(forge.offline_key, forge.offline_key, threshold=2)
    assert outcome(forge, medium(forge))[2].startswith("fewer good signatures")


def test_the_type_of_a_root_may_be_written_in_any_case_and_no_others() -> None:
    forge = Forge()
    forge.director_roots[1]["_type"] = "ROOT"
    assert outcome(forge, medium(forge))[0] == "PASS"
    forge.lockbox["_type"] = "offline-updates"
    assert "type" in outcome(forge, medium(forge))[2]


def test_a_comment_in_the_signed_part_breaks_the_signature_and_elsewhere_does_not() -> None:
    forge = Forge()
    result = medium(forge)
    raw = result.director["box.json"]
    result.director["box.json"] = b"// hello\n" + raw
    assert outcome(forge, result)[0] == "PASS"
    result.director["box.json"] = raw.replace(b'"version"', b'/* hello */"version"')
    assert outcome(forge, result)[2].startswith("the only signature")


def test_a_root_needs_both_thresholds() -> None:
    forge = Forge()
    new = Key(seed=20)
    roles = {"root": (new,), "offline-snapshot": (forge.offline_key,), "offline-updates": (forge.offline_key,)}
    third = root(3, roles)
    for signers, good in (((new,), False), ((forge.root_key,), False), ((forge.root_key, new), True)):
        result = medium(forge)
        result.director["3.root.json"] = canonical(envelope(third, *signers))
        assert (outcome(forge, result)[0] == "PASS") is good
