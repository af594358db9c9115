"""Rules about keys, signatures and thresholds."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from forge import Forge, Key, envelope, evidence, meta_entry, role
from lockstick.trust.findings import Verdict, verdict_of
from trust.rules.scenarios import Scenarios, change_file, judged

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.trust.evidence import Anchors, Evidence

scenario = Scenarios()


def with_root_change(
    change: Callable[[dict[str, Any]], None], *, repository: str = "director"
) -> tuple[Evidence, Anchors]:
    """Change the body of the newest root before it is signed."""
    forge = Forge()
    change((forge.director_roots if repository == "director" else forge.image_roots)[-1])
    return forge.evidence(), forge.anchors()


@scenario("key-type-unsupported")
def an_elliptic_curve_key_that_nobody_uses() -> tuple[Evidence, Anchors]:
    def change(body: dict[str, Any]) -> None:
        body["keys"]["x" * 64] = {"keytype": "ECPRIME256V1", "keyval": {"public": "00"}}

    return with_root_change(change)


@scenario("key-size-unsupported")
def a_short_rsa_key() -> tuple[Evidence, Anchors]:
    key = Key("rsa1024")
    return with_root_change(lambda body: body["keys"].update({key.keyid: key.public}))


@scenario("key-malformed")
def an_ed25519_key_of_31_bytes() -> tuple[Evidence, Anchors]:
    return with_root_change(
        lambda body: body["keys"].update({"k": {"keytype": "ED25519", "keyval": {"public": "00" * 31}}})
    )


@scenario("key-malformed")
def an_rsa_key_that_is_no_pem() -> tuple[Evidence, Anchors]:
    return with_root_change(lambda body: body["keys"].update({"k": {"keytype": "RSA", "keyval": {"public": "AAAA"}}}))


@scenario("key-duplicate")
def one_key_under_two_ids_reaching_a_threshold_of_two() -> tuple[Evidence, Anchors]:
    forge = Forge()
    body = forge.director_roots[-1]
    body["keys"]["alias"] = forge.offline_key.public
    body["roles"]["offline-updates"] = {"keyids": [forge.offline_key.keyid, "alias"], "threshold": 2}
    director, image_repo = forge.documents()
    signature = forge.offline_key.signature(forge.lockbox)
    director["box.json"]["signatures"] = [signature, signature | {"keyid": "alias"}]
    return evidence(director, image_repo), forge.anchors()


@scenario("threshold-invalid")
def a_threshold_of_zero() -> tuple[Evidence, Anchors]:
    return with_root_change(lambda body: body["roles"]["offline-updates"].update(threshold=0))


@scenario("threshold-invalid")
def a_threshold_of_1001() -> tuple[Evidence, Anchors]:
    return with_root_change(lambda body: body["roles"]["targets"].update(threshold=1001), repository="image-repo")


def resigned(repository: str, name: str, *keys: Key) -> tuple[Evidence, Anchors]:
    """A sound lockbox in which one document is signed by other keys, and listed truly."""
    forge = Forge()
    bodies = {
        "box.json": forge.lockbox,
        "offline-snapshot.json": forge.offline_snapshot,
        "snapshot.json": forge.snapshot,
        "targets.json": forge.targets,
    }
    director, image_repo = forge.documents()
    document = envelope(bodies[name], *keys)
    if name == "box.json":
        forge.offline_snapshot["meta"]["box.json"] = meta_entry(document)
    if name == "targets.json":
        forge.snapshot["meta"]["targets.json"] = meta_entry(document)
    director, image_repo = forge.documents()
    {"director": director, "image-repo": image_repo}[repository][name] = document
    return evidence(director, image_repo), forge.anchors()


@pytest.mark.parametrize(
    ("repository", "name"),
    [
        ("director", "box.json"),
        ("director", "offline-snapshot.json"),
        ("image-repo", "snapshot.json"),
        ("image-repo", "targets.json"),
    ],
)
@pytest.mark.parametrize("signers", [(), (Key(seed=6),), (Key(seed=1),), (Key(seed=3),)])
def test_a_document_that_its_role_has_not_signed_is_rejected(
    repository: str, name: str, signers: tuple[Key, ...]
) -> None:
    judgement = judged(resigned(repository, name, *signers))
    assert [finding.rule for finding in judgement.findings] == ["threshold-unmet"]
    assert judgement.findings[0].subject == f"{repository}/{name}"


@scenario("threshold-unmet")
def one_of_two_signatures() -> tuple[Evidence, Anchors]:
    forge = Forge()
    body = forge.director_roots[-1]
    body["keys"][forge.other_key.keyid] = forge.other_key.public
    body["roles"]["offline-updates"] = role(forge.offline_key, forge.other_key, threshold=2)
    return forge.evidence(), forge.anchors()


@scenario("signature-invalid")
def a_body_changed_after_signing() -> tuple[Evidence, Anchors]:
    return change_file("director", "box.json", lambda raw: raw.replace(b'"version":3', b'"version":4'))


@scenario("signature-invalid")
def a_good_signature_beside_a_bad_one_of_the_role() -> tuple[Evidence, Anchors]:
    forge = Forge()
    body = forge.director_roots[-1]
    body["keys"][forge.other_key.keyid] = forge.other_key.public
    body["roles"]["offline-updates"] = role(forge.offline_key, forge.other_key)
    director, image_repo = forge.documents()
    bad = forge.other_key.signature({"something": "else"})
    director["box.json"]["signatures"].append(bad)
    forge.offline_snapshot["meta"]["box.json"] = meta_entry(director["box.json"])
    director["offline-snapshot.json"] = envelope(forge.offline_snapshot, forge.offline_key)
    return evidence(director, image_repo), forge.anchors()


@scenario("signature-invalid")
def an_ed25519_signature_with_extra_bytes() -> tuple[Evidence, Anchors]:
    return edited_signature(
        lambda entry: {**entry, "sig": base64.b64encode(base64.b64decode(entry["sig"]) + b"x").decode()}
    )


def edited_signature(edit: Callable[[dict[str, Any]], Any], *, more: bool = False) -> tuple[Evidence, Anchors]:
    """A sound lockbox in which one signature entry is edited, or an edited copy added; listed truly."""
    forge = Forge()
    director, image_repo = forge.documents()
    document = director["box.json"]
    edited = edit(document["signatures"][0])
    document["signatures"] = [*document["signatures"], edited] if more else [edited]
    forge.offline_snapshot["meta"]["box.json"] = meta_entry(document)
    director["offline-snapshot.json"] = envelope(forge.offline_snapshot, forge.offline_key)
    return evidence(director, image_repo), forge.anchors()


@scenario("signature-duplicate")
def the_same_signature_twice() -> tuple[Evidence, Anchors]:
    return edited_signature(lambda entry: entry, more=True)


@pytest.mark.parametrize("sig", ["", "!!!!", "AAA", "00ff\n", "A-_B", "AB==", "QUJD=", 5, None])
def test_a_signature_that_is_not_base64_is_refused(sig: Any) -> None:
    judgement = judged(edited_signature(lambda entry: {**entry, "sig": sig}))
    assert {finding.rule for finding in judgement.findings} & {"signature-malformed", "shape", "signature-invalid"}
    assert verdict_of(judgement.findings) is Verdict.REJECTED


@scenario("signature-malformed")
def a_signature_in_url_safe_base64() -> tuple[Evidence, Anchors]:
    return edited_signature(lambda entry: {**entry, "sig": "A-_B"}, more=True)


@scenario("signature-malformed")
def a_signature_in_a_second_spelling_of_base64() -> tuple[Evidence, Anchors]:
    # The last character of a 64 byte signature carries four bits that decoders ignore.
    def edit(entry: dict[str, Any]) -> dict[str, Any]:
        sig = entry["sig"]
        last = chr(ord(sig[-3]) + 1)
        return {**entry, "sig": sig[:-3] + last + "=="}

    return edited_signature(edit)


@scenario("signature-method-unknown")
def a_foreign_method_by_an_unknown_key() -> tuple[Evidence, Anchors]:
    return edited_signature(lambda entry: {**entry, "keyid": "f" * 64, "method": "ecdsa"}, more=True)


@scenario("signature-method-mismatch")
def an_ed25519_signature_that_calls_itself_rsa() -> tuple[Evidence, Anchors]:
    return edited_signature(lambda entry: {**entry, "method": "rsassa-pss-sha256"})


@scenario("role-missing")
def a_director_root_without_offline_roles() -> tuple[Evidence, Anchors]:
    return with_root_change(lambda body: body["roles"].pop("offline-updates"))


@scenario("role-missing")
def a_root_that_does_not_say_who_signs_roots() -> tuple[Evidence, Anchors]:
    return with_root_change(lambda body: body["roles"].pop("root"))


@scenario("key-id-unusual")
def a_key_id_that_is_any_text() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.offline_key.keyid, old = "my favourite key", forge.offline_key.keyid
    for body in forge.director_roots:
        body["keys"]["my favourite key"] = body["keys"].pop(old)
        for name in ("offline-snapshot", "offline-updates"):
            body["roles"][name]["keyids"] = ["my favourite key"]
    return forge.evidence(), forge.anchors()
