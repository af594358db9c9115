"""Every rule about signed documents: one broken repository for each, and the finding that it must lead to."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from forge import AT, EARLIER, LATER, PAYLOAD, Forge, Key, envelope, evidence, meta_entry, role, target
from lockstick.metadata.canonical import canonical
from lockstick.metadata.uptane import UPTANE
from lockstick.trust.evidence import Anchors, Evidence, RepositoryEvidence
from lockstick.trust.findings import Verdict, verdict_of
from lockstick.trust.judge import Judgement, judge
from lockstick.trust.rules import RULES

Scenario = Callable[[], tuple[Evidence, Anchors]]
SCENARIOS: list[tuple[str, str, Scenario]] = []
PAYLOAD_RULES = {
    "package-missing",
    "package-length",
    "package-hash",
    "package-unreadable",
    "payload-not-checked",
    *(rule.id for rule in RULES.values() if rule.group in ("Applications", "Operating systems")),
    "file-unlisted",
    "document-unreadable",
    "superseded",  # what was verified before: test_memory.py
    "listing-vanished",
}


def scenario(rule: str) -> Callable[[Scenario], Scenario]:
    def register(function: Scenario) -> Scenario:
        SCENARIOS.append((rule, function.__name__, function))
        return function

    return register


def judged(found: tuple[Evidence, Anchors]) -> Judgement:
    return judge(found[0], found[1], AT)


def change_file(repository: str, name: str, change: Callable[[bytes], bytes]) -> tuple[Evidence, Anchors]:
    """A sound lockbox with the bytes of one file changed."""
    forge = Forge()
    found = forge.evidence()
    files = {"director": dict(found.director.files), "image-repo": dict(found.image_repo.files)}
    files[repository][name] = change(files[repository][name])
    return evidence(files["director"], files["image-repo"]), forge.anchors()


def test_a_sound_lockbox_is_verified_without_any_finding() -> None:
    forge = Forge()
    judgement = judged((forge.evidence(), forge.anchors()))
    assert judgement.findings == ()
    assert verdict_of(judgement.findings) is Verdict.VERIFIED
    assert judgement.lockbox is not None
    assert (judgement.lockbox.name, judgement.lockbox.version) == ("box", 3)
    assert [package.target for package in judgement.packages] == ["fw.bin"]


# --- reading -----------------------------------------------------------------------------------


@scenario("json-syntax")
def a_truncated_document() -> tuple[Evidence, Anchors]:
    return change_file("director", "box.json", lambda raw: raw[:-1])


@scenario("json-syntax")
def a_comment_before_the_document() -> tuple[Evidence, Anchors]:
    return change_file("director", "box.json", lambda raw: b"/* x */" + raw)


@scenario("json-syntax")
def a_list_in_place_of_a_document() -> tuple[Evidence, Anchors]:
    return change_file("director", "box.json", lambda raw: b"[" + raw + b"]")


@scenario("json-trailing-data")
def something_after_the_document() -> tuple[Evidence, Anchors]:
    return change_file("image-repo", "targets.json", lambda raw: raw + b"{}")


@scenario("json-duplicate-member")
def a_member_named_twice() -> tuple[Evidence, Anchors]:
    return change_file("director", "box.json", lambda raw: raw.replace(b'"version":3', b'"version":3,"version":3'))


@scenario("json-duplicate-member")
def a_hash_named_twice_in_two_spellings() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.lockbox_targets["fw.bin"]["hashes"]["SHA256"] = "0" * 64
    return forge.evidence(), forge.anchors()


@scenario("json-byte-order-mark")
def a_byte_order_mark() -> tuple[Evidence, Anchors]:
    return change_file("director", "offline-snapshot.json", lambda raw: b"\xef\xbb\xbf" + raw)


@scenario("json-depth")
def a_document_nested_deeply() -> tuple[Evidence, Anchors]:
    return change_file("director", "box.json", lambda _: b'{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}")


@scenario("json-number")
def a_number_with_a_fraction() -> tuple[Evidence, Anchors]:
    return change_file("director", "box.json", lambda raw: raw.replace(b'"version":3', b'"version":3.0'))


@scenario("json-number")
def a_number_that_doubles_cannot_hold() -> tuple[Evidence, Anchors]:
    return change_file("director", "box.json", lambda raw: raw.replace(b'"version":3', b'"version":9007199254740992'))


@scenario("json-number")
def a_number_of_very_many_digits() -> tuple[Evidence, Anchors]:
    return change_file("director", "box.json", lambda raw: raw.replace(b'"version":3', b'"version":' + b"9" * 50_000))


@scenario("json-number")
def a_negative_zero() -> tuple[Evidence, Anchors]:
    return change_file("director", "box.json", lambda raw: raw.replace(b'"version":3', b'"version":-0'))


@scenario("json-number")
def not_a_number() -> tuple[Evidence, Anchors]:
    return change_file("director", "box.json", lambda raw: raw.replace(b'"version":3', b'"version":NaN'))


@scenario("json-escape")
def a_plain_letter_written_as_an_escape() -> tuple[Evidence, Anchors]:
    return change_file("director", "box.json", lambda raw: raw.replace(b'"fw.bin"', b'"\\u0066w.bin"'))


@scenario("json-escape")
def a_slash_written_as_an_escape() -> tuple[Evidence, Anchors]:
    return change_file("image-repo", "targets.json", lambda raw: raw.replace(b'"BINARY"', b'"BIN\\/RY"'))


@scenario("non-ascii")
def raw_text_outside_ascii() -> tuple[Evidence, Anchors]:
    return change_file("director", "box.json", lambda raw: raw.replace(b"fw.bin", "fẃ.bin".encode()))


@scenario("non-ascii")
def escaped_text_outside_ascii() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.lockbox["targets"] = {"f\u00fc.bin": target()}
    return forge.evidence(), forge.anchors()


@scenario("non-ascii")
def a_delete_character() -> tuple[Evidence, Anchors]:
    return change_file("director", "box.json", lambda raw: raw.replace(b"fw.bin", b"fw\x7fbin"))


@scenario("shape")
def targets_as_a_list() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.lockbox["targets"] = []
    return forge.evidence(), forge.anchors()


@scenario("shape")
def a_length_that_is_a_truth_value() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.lockbox_targets["fw.bin"]["length"] = True
    return forge.evidence(), forge.anchors()


@scenario("shape")
def a_digest_of_the_wrong_length() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.lockbox_targets["fw.bin"]["hashes"]["sha256"] = "ab"
    return forge.evidence(), forge.anchors()


@scenario("type-unexpected")
def a_lockbox_that_says_it_is_targets() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.lockbox["_type"] = "Targets"
    return forge.evidence(), forge.anchors()


@scenario("type-unexpected")
def a_type_in_lower_case() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.offline_snapshot["_type"] = "offline-snapshot"
    return forge.evidence(), forge.anchors()


@scenario("type-unexpected")
def a_delegation_that_says_it_is_a_snapshot() -> tuple[Evidence, Anchors]:
    return delegating(body={"_type": "Snapshot"})


@scenario("version-invalid")
def a_version_of_zero() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.lockbox["version"] = 0
    return forge.evidence(), forge.anchors()


@scenario("version-invalid")
def a_version_as_text() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.snapshot["version"] = "9"
    return forge.evidence(), forge.anchors()


@scenario("version-invalid")
def a_version_beyond_32_bits() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.lockbox["version"] = 2**31
    return forge.evidence(), forge.anchors()


@pytest.mark.parametrize(
    "text",
    [
        "2027-06-01T00:00:00.000Z",
        "2027-06-01T00:00:00+00:00",
        "2027-02-30T00:00:00Z",
        "9999-99-99T99:99:99Z",
        "2027-06-01 00:00:00Z",
        "",
    ],
)
def test_a_time_of_another_shape_is_refused(text: str) -> None:
    forge = Forge()
    forge.lockbox["expires"] = text
    assert "time-invalid" in {finding.rule for finding in judged((forge.evidence(), forge.anchors())).findings}


@scenario("time-invalid")
def a_time_with_a_fraction() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.lockbox["expires"] = "2027-06-01T00:00:00.000Z"
    return forge.evidence(), forge.anchors()


def without(repository: str, name: str) -> tuple[Evidence, Anchors]:
    forge = Forge()
    director, image_repo = forge.documents()
    {"director": director, "image-repo": image_repo}[repository].pop(name)
    return evidence(director, image_repo), forge.anchors()


@scenario("document-too-large")
def a_lockbox_of_more_than_64_kib() -> tuple[Evidence, Anchors]:
    return change_file("director", "box.json", lambda raw: raw + b" " * 65_536)


@scenario("document-too-large")
def targets_of_more_than_8_mib() -> tuple[Evidence, Anchors]:
    return change_file("image-repo", "targets.json", lambda raw: raw + b" " * 8_388_608)


@scenario("document-missing")
def no_offline_snapshot() -> tuple[Evidence, Anchors]:
    return without("director", "offline-snapshot.json")


@scenario("document-missing")
def no_snapshot() -> tuple[Evidence, Anchors]:
    return without("image-repo", "snapshot.json")


@scenario("document-missing")
def no_targets() -> tuple[Evidence, Anchors]:
    return without("image-repo", "targets.json")


@scenario("document-missing")
def no_delegation() -> tuple[Evidence, Anchors]:
    found, anchors = delegating()
    files = {name: raw for name, raw in found.image_repo.files.items() if name != "tdx-feed.json"}
    return Evidence(director=found.director, image_repo=RepositoryEvidence(files=files)), anchors


# --- keys, signatures, thresholds --------------------------------------------------------------


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


# --- roots -------------------------------------------------------------------------------------


@scenario("anchor-missing")
def no_anchor_for_the_director() -> tuple[Evidence, Anchors]:
    forge = Forge()
    return forge.evidence(), Anchors(
        director=None, image_repo=forge.anchors().image_repo, source="file", dialect=UPTANE
    )


@scenario("anchor-missing")
def no_anchor_and_no_root_at_all() -> tuple[Evidence, Anchors]:
    return evidence({}, {}), Anchors(director=None, image_repo=None, source="none", dialect=UPTANE)


@scenario("anchor-unknown")
def an_account_that_this_machine_does_not_know() -> tuple[Evidence, Anchors]:
    return Forge().evidence(), Anchors(director=None, image_repo=None, source="store", dialect=UPTANE)


@scenario("clock-behind")
def a_clock_from_before_the_package_was_made() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.image_targets["fw.bin"]["custom"]["createdAt"] = "2026-06-02T00:00:00Z"
    return forge.evidence(), forge.anchors()


@scenario("clock-behind")
def a_clock_from_before_the_package_was_changed() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.image_targets["fw.bin"]["custom"] |= {
        "createdAt": "2020-01-01T00:00:00Z",
        "updatedAt": "2026-06-01T00:11:00.5+00:00",
    }
    return forge.evidence(), forge.anchors()


@pytest.mark.parametrize("date", ["2026-06-01T00:09:00Z", "2026-06-09", "soon", 5, None])
def test_a_date_that_says_nothing_about_the_clock_is_no_finding(date: Any) -> None:
    forge = Forge()
    forge.image_targets["fw.bin"]["custom"]["updatedAt"] = date
    assert judged((forge.evidence(), forge.anchors())).findings == ()


@scenario("anchor-first-use")
def anchors_from_the_medium() -> tuple[Evidence, Anchors]:
    forge = Forge()
    anchors = forge.anchors()
    return forge.evidence(), Anchors(
        director=anchors.director, image_repo=anchors.image_repo, source="first-use", dialect=UPTANE
    )


@scenario("anchor-invalid")
def an_anchor_that_others_have_signed() -> tuple[Evidence, Anchors]:
    forge = Forge()
    raw = canonical(envelope(forge.director_roots[0], forge.other_key))
    return forge.evidence(), Anchors(director=raw, image_repo=forge.anchors().image_repo, source="file", dialect=UPTANE)


@scenario("anchor-invalid")
def an_anchor_that_is_no_root() -> tuple[Evidence, Anchors]:
    forge = Forge()
    found = forge.evidence()
    return found, Anchors(
        director=found.director.files["box.json"], image_repo=forge.anchors().image_repo, source="file", dialect=UPTANE
    )


@scenario("root-version-mismatch")
def a_root_under_another_number() -> tuple[Evidence, Anchors]:
    forge = Forge()
    director, image_repo = forge.documents()
    director["2.root.json"] = director["1.root.json"]
    return evidence(director, image_repo), forge.anchors()


@scenario("root-gap")
def a_missing_root_in_the_middle() -> tuple[Evidence, Anchors]:
    forge = Forge()
    director, image_repo = forge.documents()
    director["4.root.json"] = envelope({**forge.director_roots[-1], "version": 4}, forge.root_key)
    return evidence(director, image_repo), forge.anchors()


@scenario("root-fork")
def another_root_of_the_anchors_version() -> tuple[Evidence, Anchors]:
    forge = Forge()
    director, image_repo = forge.documents()
    director["1.root.json"] = envelope({**forge.director_roots[0], "expires": "2030-01-01T00:00:00Z"}, forge.root_key)
    return evidence(director, image_repo), forge.anchors()


@scenario("root-unreachable")
def a_root_behind_a_refused_one() -> tuple[Evidence, Anchors]:
    forge = Forge()
    director, image_repo = forge.documents()
    director["2.root.json"] = envelope(forge.director_roots[1], forge.other_key)
    director["3.root.json"] = envelope({**forge.director_roots[1], "version": 3}, forge.root_key)
    return evidence(director, image_repo), forge.anchors()


def rotated(*signers: Key) -> Judgement:
    """A chain whose second root moves the root role from key 1 to key 6, signed by the given keys."""
    forge = Forge()
    body = forge.director_roots[1]
    body["keys"][forge.other_key.keyid] = forge.other_key.public
    body["roles"]["root"] = role(forge.other_key)
    director, image_repo = forge.documents()
    director["2.root.json"] = envelope(body, *signers)
    return judged((evidence(director, image_repo), forge.anchors()))


def test_a_root_signed_by_old_and_new_keys_is_adopted() -> None:
    assert rotated(Key(seed=1), Key(seed=6)).findings == ()


@pytest.mark.parametrize("signers", [(), (Key(seed=1),), (Key(seed=6),), (Key(seed=2), Key(seed=6))])
def test_a_root_not_signed_by_both_old_and_new_keys_is_refused(signers: tuple[Key, ...]) -> None:
    judgement = rotated(*signers)
    assert "threshold-unmet" in {finding.rule for finding in judgement.findings}
    assert verdict_of(judgement.findings) is Verdict.REJECTED


def test_an_expired_root_in_the_middle_of_the_chain_is_fine() -> None:
    forge = Forge()
    forge.director_roots[0]["expires"] = EARLIER
    assert judged((forge.evidence(), forge.anchors())).findings == ()


def test_a_changed_root_below_the_anchor_is_noticed() -> None:
    forge = Forge()
    director, image_repo = forge.documents()
    anchors = Anchors(
        director=canonical(director["2.root.json"]),
        image_repo=forge.anchors().image_repo,
        source="file",
        dialect=UPTANE,
    )
    assert judged((evidence(director, image_repo), anchors)).findings == ()
    director["1.root.json"]["signed"]["expires"] = "2030-01-01T00:00:00Z"
    assert "signature-invalid" in {
        finding.rule for finding in judged((evidence(director, image_repo), anchors)).findings
    }


def test_a_root_below_the_anchor_must_lead_to_the_next_one() -> None:
    forge = Forge()
    director, image_repo = forge.documents()
    anchors = Anchors(
        director=canonical(director["2.root.json"]),
        image_repo=forge.anchors().image_repo,
        source="file",
        dialect=UPTANE,
    )
    # A first root of another account, signed by its own key alone.
    foreign = {**forge.director_roots[0], "keys": {forge.other_key.keyid: forge.other_key.public}}
    foreign["roles"] = {"root": role(forge.other_key)}
    director["1.root.json"] = envelope(foreign, forge.other_key)
    assert "threshold-unmet" in {finding.rule for finding in judged((evidence(director, image_repo), anchors)).findings}


@scenario("root-copy-differs")
def a_copy_of_another_root() -> tuple[Evidence, Anchors]:
    forge = Forge()
    director, image_repo = forge.documents()
    image_repo["root.json"] = image_repo["1.root.json"]
    return evidence(director, image_repo), forge.anchors()


@scenario("root-behind-snapshot")
def a_snapshot_made_with_a_newer_root() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.snapshot["meta"]["root.json"] = {"version": 3}
    return forge.evidence(), forge.anchors()


@scenario("root-chain-incomplete")
def a_medium_without_the_first_root() -> tuple[Evidence, Anchors]:
    return without("image-repo", "1.root.json")


@scenario("root-chain-of-one")
def a_repository_that_never_renewed_its_root() -> tuple[Evidence, Anchors]:
    forge = Forge()
    del forge.image_roots[1]
    return forge.evidence(), forge.anchors()


# --- snapshots ---------------------------------------------------------------------------------


@scenario("listing-missing")
def a_lockbox_that_the_snapshot_does_not_list() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.offline_snapshot["meta"] = {"box.json": {"version": 3}}
    forge.documents()
    forge.offline_snapshot["meta"] = {"else.json": {"version": 3}}
    director, image_repo = forge.documents()
    director["offline-snapshot.json"] = envelope(
        {**forge.offline_snapshot, "meta": {"else.json": {"version": 3}}}, forge.offline_key
    )
    return evidence(director, image_repo), forge.anchors()


@scenario("listing-missing")
def a_delegation_that_the_snapshot_does_not_list() -> tuple[Evidence, Anchors]:
    found, anchors = delegating(listed=False)
    return found, anchors


def listed_wrongly(member: str, value: Any) -> tuple[Evidence, Anchors]:
    forge = Forge()
    lockbox = envelope(forge.lockbox, forge.offline_key)
    forge.offline_snapshot["meta"]["box.json"] = meta_entry(lockbox) | {member: value}
    return forge.evidence(), forge.anchors()


@scenario("listing-version")
def a_lockbox_of_another_version_than_listed() -> tuple[Evidence, Anchors]:
    return listed_wrongly("version", 4)


@scenario("listing-hash")
def a_lockbox_of_another_hash_than_listed() -> tuple[Evidence, Anchors]:
    return listed_wrongly("hashes", {"sha256": "0" * 64})


@scenario("listing-hash")
def a_second_hash_that_is_wrong() -> tuple[Evidence, Anchors]:
    forge = Forge()
    lockbox = envelope(forge.lockbox, forge.offline_key)
    entry = meta_entry(lockbox)
    entry["hashes"]["sha512"] = "0" * 128
    forge.offline_snapshot["meta"]["box.json"] = entry
    return forge.evidence(), forge.anchors()


@scenario("listing-length")
def a_lockbox_of_another_length_than_listed() -> tuple[Evidence, Anchors]:
    return listed_wrongly("length", 5)


@scenario("listing-without-hash")
def a_lockbox_listed_without_hash() -> tuple[Evidence, Anchors]:
    return listed_wrongly("hashes", {})


@scenario("listing-hash")
def a_snapshot_that_is_not_the_timestamps() -> tuple[Evidence, Anchors]:
    return with_timestamp({"snapshot.json": {"version": 9, "hashes": {"sha256": "0" * 64}}})


def with_timestamp(meta: dict[str, Any], expires: str = LATER) -> tuple[Evidence, Anchors]:
    forge = Forge()
    director, image_repo = forge.documents()
    body = {"_type": "Timestamp", "expires": expires, "meta": meta, "version": 1}
    image_repo["timestamp.json"] = envelope(body, forge.snapshot_key)
    return evidence(director, image_repo), forge.anchors()


@scenario("timestamp-stale")
def a_timestamp_of_yesterday() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.documents()
    return with_timestamp({"snapshot.json": meta_entry(envelope(forge.snapshot, forge.snapshot_key))}, expires=EARLIER)


# --- the lockbox -------------------------------------------------------------------------------


@scenario("lockbox-missing")
def no_lockbox() -> tuple[Evidence, Anchors]:
    return without("director", "box.json")


@scenario("lockbox-several")
def two_listed_lockboxes() -> tuple[Evidence, Anchors]:
    forge = Forge()
    second = envelope({**forge.lockbox, "version": 5}, forge.offline_key)
    forge.offline_snapshot["meta"]["another.json"] = meta_entry(second)
    director, image_repo = forge.documents()
    director["another.json"] = second
    return evidence(director, image_repo), forge.anchors()


def test_an_unlisted_document_beside_the_lockbox_does_not_take_its_place() -> None:
    forge = Forge()
    director, image_repo = forge.documents()
    director["aaa.json"] = envelope({**forge.lockbox, "targets": {}}, forge.other_key)
    judgement = judged((evidence(director, image_repo), forge.anchors()))
    assert judgement.lockbox is not None
    assert judgement.lockbox.name == "box"


@scenario("lockbox-name")
def a_lockbox_name_with_a_way_out() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.offline_snapshot["meta"]["../image-repo/targets.json"] = {"version": 1}
    return forge.evidence(), forge.anchors()


@scenario("lockbox-name-reserved")
def a_lockbox_named_like_a_role() -> tuple[Evidence, Anchors]:
    forge = Forge(name="Targets")
    return forge.evidence(), forge.anchors()


@scenario("lockbox-name")
def a_listed_name_without_its_extension() -> tuple[Evidence, Anchors]:
    """A device cuts the last extension of the key, so it would open aaa.json first."""
    forge = Forge()
    other = envelope({**forge.lockbox, "version": 5}, forge.offline_key)
    forge.offline_snapshot["meta"]["aaa"] = meta_entry(other)
    director, image_repo = forge.documents()
    director["aaa.json"] = other
    return evidence(director, image_repo), forge.anchors()


@scenario("document-name-case")
def another_listed_lockbox_in_capitals() -> tuple[Evidence, Anchors]:
    """On a stick, the device looks for aaa.json and finds AAA.JSON."""
    forge = Forge()
    other = envelope({**forge.lockbox, "version": 5}, forge.offline_key)
    forge.offline_snapshot["meta"]["aaa.json"] = meta_entry(other)
    director, image_repo = forge.documents()
    director["AAA.JSON"] = other
    return evidence(director, image_repo), forge.anchors()


@pytest.mark.parametrize("repository", ["director", "image-repo"])
@pytest.mark.parametrize("name", ["3.ROOT.json", "3.root.JSON", "03.root.json", "Root.json", "\u0663.root.json"])
def test_a_root_under_a_name_that_only_a_stick_takes_for_one_is_refused(repository: str, name: str) -> None:
    forge = Forge()
    director, image_repo = forge.documents()
    files = {"director": director, "image-repo": image_repo}
    files[repository][name] = files[repository]["2.root.json"]
    judgement = judged((evidence(director, image_repo), forge.anchors()))
    assert [finding.rule for finding in judgement.findings] == ["document-name-case"]


@scenario("lockbox-delegates")
def a_lockbox_with_an_empty_list_of_delegations() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.lockbox["delegations"] = {"keys": {}, "roles": []}
    return forge.evidence(), forge.anchors()


@scenario("lockbox-empty")
def a_revoked_lockbox() -> tuple[Evidence, Anchors]:
    forge = Forge(lockbox_targets={})
    return forge.evidence(), forge.anchors()


@scenario("hardware-id-twice")
def two_targets_for_one_board() -> tuple[Evidence, Anchors]:
    forge = Forge()
    for targets in (forge.lockbox_targets, forge.image_targets):
        targets["second.bin"] = target(b"other bytes")
    return forge.evidence(), forge.anchors()


@pytest.mark.parametrize(
    ("repository", "document"),
    [
        ("director", "2.root.json"),
        ("director", "offline-snapshot.json"),
        ("director", "box.json"),
        ("image-repo", "2.root.json"),
        ("image-repo", "snapshot.json"),
        ("image-repo", "targets.json"),
        ("image-repo", "tdx-feed.json"),
    ],
)
def test_each_document_that_has_expired_is_found(repository: str, document: str) -> None:
    forge = delegating_forge()
    bodies = {
        ("director", "2.root.json"): forge.director_roots[1],
        ("director", "offline-snapshot.json"): forge.offline_snapshot,
        ("director", "box.json"): forge.lockbox,
        ("image-repo", "2.root.json"): forge.image_roots[1],
        ("image-repo", "snapshot.json"): forge.snapshot,
        ("image-repo", "targets.json"): forge.targets,
        ("image-repo", "tdx-feed.json"): forge.delegated["tdx-feed"]["signed"],
    }
    bodies[repository, document]["expires"] = EARLIER
    forge.delegated["tdx-feed"] = envelope(forge.delegated["tdx-feed"]["signed"], forge.other_key)
    judgement = judged((forge.evidence(), forge.anchors()))
    assert [(finding.rule, finding.subject) for finding in judgement.findings] == [
        ("expired", f"{repository}/{document}")
    ]
    assert verdict_of(judgement.findings) is Verdict.EXPIRED
    assert judgement.weakest is not None
    assert judgement.weakest.role == f"{repository}/{document}"


@scenario("expired")
def an_expired_lockbox() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.lockbox["expires"] = EARLIER
    return forge.evidence(), forge.anchors()


def test_the_last_second_of_a_document_is_still_valid() -> None:
    forge = Forge()
    forge.lockbox["expires"] = "2026-06-01T00:00:00Z"
    assert judged((forge.evidence(), forge.anchors())).findings == ()


# --- delegations and targets -------------------------------------------------------------------


def delegating_forge(**changes: Any) -> Forge:
    """The lockbox's target lies in the delegated role tdx-feed, signed by key 6."""
    forge = Forge(image_targets={})
    body = {
        "_type": "Targets",
        "expires": LATER,
        "targets": {"fw.bin": target(name="fw", targetFormat="BINARY")},
        "version": 2,
    } | changes.pop("body", {})
    name = changes.pop("name", "tdx-feed")
    forge.delegated[name] = envelope(body, *changes.pop("signers", (forge.other_key,)))
    entry = {"name": name, "paths": ["fw*"], "terminating": False} | role(forge.other_key) | changes.pop("entry", {})
    forge.targets["delegations"] = {
        "keys": {forge.other_key.keyid: forge.other_key.public},
        "roles": [entry, *changes.pop("more", [])],
    }
    if not changes.pop("listed", True):
        forge.snapshot["meta"][f"{name}.json"] = None
        forge.documents()
        del forge.snapshot["meta"][f"{name}.json"]
    return forge


def delegating(*, listed: bool = True, **changes: Any) -> tuple[Evidence, Anchors]:
    forge = delegating_forge(**changes)
    director, image_repo = forge.documents()
    if not listed:
        del forge.snapshot["meta"]["tdx-feed.json"]
        image_repo["snapshot.json"] = envelope(forge.snapshot, forge.snapshot_key)
    return evidence(director, image_repo), forge.anchors()


def test_a_delegated_target_is_found() -> None:
    judgement = judged(delegating())
    assert judgement.findings == ()
    assert [package.agreed for package in judgement.packages] == [True]


@scenario("threshold-unmet")
def a_delegation_signed_by_others() -> tuple[Evidence, Anchors]:
    return delegating(signers=(Key(seed=5),))


@scenario("delegation-name")
def a_delegation_with_a_slash_in_its_name() -> tuple[Evidence, Anchors]:
    return delegating(name="../x")


@scenario("delegation-name")
def a_delegation_named_like_a_numbered_root() -> tuple[Evidence, Anchors]:
    return delegating(name="9.Root")


@scenario("delegation-name")
def a_delegation_named_like_a_role() -> tuple[Evidence, Anchors]:
    return delegating(name="Snapshot")


@scenario("delegation-name")
def a_delegation_with_a_reserved_name_that_no_search_leads_to() -> tuple[Evidence, Anchors]:
    forge = delegating_forge(name="Root", entry={"paths": ["nothing"]})
    forge.targets["targets"] = {"fw.bin": target(targetFormat="BINARY")}
    return forge.evidence(), forge.anchors()


@scenario("delegation-name")
def two_delegations_whose_names_differ_in_case() -> tuple[Evidence, Anchors]:
    other = {"name": "TDX-feed", "paths": ["nothing"], "terminating": False} | role(Key(seed=6))
    return delegating(more=[other])


@scenario("delegation-pattern")
def a_pattern_with_a_character_class() -> tuple[Evidence, Anchors]:
    return delegating(entry={"paths": ["[[:alpha:]]w.bin", "fw*"]})


@scenario("delegation-pattern")
def a_pattern_of_many_characters() -> tuple[Evidence, Anchors]:
    return delegating(entry={"paths": ["fw*", "x" * 513]})


@pytest.mark.parametrize("entry", [1, {}, {"length": "5", "hashes": {}}, {"length": True, "hashes": {}}, {"length": 5}])
def test_a_misshapen_entry_that_the_lockbox_does_not_need_spoils_the_targets(entry: Any) -> None:
    forge = Forge()
    forge.image_targets["other.bin"] = entry
    assert "shape" in {finding.rule for finding in judged((forge.evidence(), forge.anchors())).findings}


@scenario("target-unknown")
def a_delegation_whose_patterns_do_not_fit() -> tuple[Evidence, Anchors]:
    return delegating(entry={"paths": ["else*"]})


@scenario("target-unknown")
def a_terminating_delegation_without_the_target_ends_the_search() -> tuple[Evidence, Anchors]:
    forge = delegating_forge(body={"targets": {}}, entry={"terminating": True})
    add_second_feed(forge)
    return forge.evidence(), forge.anchors()


def test_the_search_goes_on_behind_a_delegation_that_does_not_terminate() -> None:
    forge = delegating_forge(body={"targets": {}})
    add_second_feed(forge)
    assert judged((forge.evidence(), forge.anchors())).findings == ()


@scenario("target-length")
def the_first_entry_of_a_name_is_final() -> tuple[Evidence, Anchors]:
    forge = delegating_forge()
    forge.targets["targets"] = {"fw.bin": target(b"other")}
    return forge.evidence(), forge.anchors()


@scenario("delegation-cycle")
def a_role_that_delegates_to_itself() -> tuple[Evidence, Anchors]:
    other = Key(seed=6)
    again = {"name": "tdx-feed", "paths": ["*"], "terminating": False} | role(other)
    forge = delegating_forge(
        body={"targets": {}, "delegations": {"keys": {other.keyid: other.public}, "roles": [again]}}
    )
    add_second_feed(forge)
    return forge.evidence(), forge.anchors()


def add_second_feed(forge: Forge) -> None:
    """Another delegation, after the first, that has the target."""
    body = {"_type": "Targets", "expires": LATER, "targets": {"fw.bin": target(targetFormat="BINARY")}, "version": 1}
    forge.delegated["tdx-second"] = envelope(body, forge.other_key)
    entry = {"name": "tdx-second", "paths": ["*"], "terminating": False} | role(forge.other_key)
    forge.targets["delegations"]["roles"].append(entry)


def chained(levels: int) -> tuple[Evidence, Anchors]:
    """A target that lies so many delegations below the top."""
    forge = Forge(image_targets={})
    key = forge.other_key
    for level in range(levels, 0, -1):
        body: dict[str, Any] = {"_type": "Targets", "expires": LATER, "targets": {}, "version": 1}
        if level == levels:
            body["targets"] = {"fw.bin": target(targetFormat="BINARY")}
        else:
            body["delegations"] = below(key, f"level-{level + 1}")
        forge.delegated[f"level-{level}"] = envelope(body, key)
    forge.targets["delegations"] = below(key, "level-1")
    return forge.evidence(), forge.anchors()


def below(key: Key, name: str) -> dict[str, Any]:
    return {
        "keys": {key.keyid: key.public},
        "roles": [{"name": name, "paths": ["*"], "terminating": True} | role(key)],
    }


def test_five_levels_of_delegation_are_followed() -> None:
    assert judged(chained(5)).findings == ()


@scenario("delegation-depth")
def six_levels_of_delegation() -> tuple[Evidence, Anchors]:
    return chained(6)


def test_a_delegation_is_judged_anew_for_every_delegator() -> None:
    """Two roles delegate to a third, one of them to keys that have not signed it."""
    forge = Forge(image_targets={})
    good, bad = Key(seed=6), Key(seed=7)
    names = {"a.bin": "board-a", "b.bin": "board-b"}
    forge.lockbox["targets"] = {name: target(name.encode(), (board,)) for name, board in names.items()}
    shared = {
        "_type": "Targets",
        "expires": LATER,
        "targets": {name: target(name.encode(), (board,), targetFormat="BINARY") for name, board in names.items()},
        "version": 1,
    }
    forge.delegated["shared"] = envelope(shared, good)
    for role_name, key, pattern in (("first", good, "a*"), ("second", bad, "b*")):
        body = {"_type": "Targets", "expires": LATER, "targets": {}, "version": 1}
        body["delegations"] = {
            "keys": {key.keyid: key.public},
            "roles": [{"name": "shared", "paths": [pattern], "terminating": True} | role(key)],
        }
        forge.delegated[role_name] = envelope(body, good)
    forge.targets["delegations"] = {
        "keys": {good.keyid: good.public},
        "roles": [
            {"name": "first", "paths": ["a*"], "terminating": True} | role(good),
            {"name": "second", "paths": ["b*"], "terminating": True} | role(good),
        ],
    }
    judgement = judged((forge.evidence(), forge.anchors()))
    assert [(finding.rule, finding.subject) for finding in judgement.findings] == [
        ("threshold-unmet", "image-repo/shared.json"),
        ("target-unknown", "b.bin"),
    ]


def test_a_changed_delegation_that_no_target_needs_is_noticed_but_may_have_expired() -> None:
    forge = delegating_forge(body={"expires": EARLIER})
    forge.targets["targets"] = {"fw.bin": target(targetFormat="BINARY")}
    found = forge.evidence()
    assert judged((found, forge.anchors())).findings == ()
    files = dict(found.image_repo.files)
    files["tdx-feed.json"] = files["tdx-feed.json"].replace(b'"version":2', b'"version":3')
    changed = Evidence(director=found.director, image_repo=RepositoryEvidence(files=files))
    assert "signature-invalid" in {finding.rule for finding in judged((changed, forge.anchors())).findings}


@scenario("target-unknown")
def a_target_that_the_image_repository_does_not_list() -> tuple[Evidence, Anchors]:
    forge = Forge(image_targets={})
    return forge.evidence(), forge.anchors()


def mismatched(change: Callable[[dict[str, Any]], None]) -> tuple[Evidence, Anchors]:
    forge = Forge()
    change(forge.image_targets["fw.bin"])
    return forge.evidence(), forge.anchors()


@scenario("target-length")
def another_length_in_the_image_repository() -> tuple[Evidence, Anchors]:
    return mismatched(lambda entry: entry.update(length=len(PAYLOAD) + 1))


@scenario("target-hash")
def another_hash_in_the_image_repository() -> tuple[Evidence, Anchors]:
    return mismatched(lambda entry: entry.update(hashes={"sha256": "0" * 64}))


@scenario("target-hash")
def a_second_hash_that_differs() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.lockbox_targets["fw.bin"]["hashes"]["sha512"] = "0" * 128
    forge.image_targets["fw.bin"]["hashes"]["sha512"] = "1" * 128
    return forge.evidence(), forge.anchors()


@scenario("target-without-hash")
def only_hashes_that_nobody_knows() -> tuple[Evidence, Anchors]:
    forge = Forge()
    for targets in (forge.lockbox_targets, forge.image_targets):
        targets["fw.bin"]["hashes"] = {"md5": "0" * 32}
    return forge.evidence(), forge.anchors()


@scenario("target-hardware-id")
def a_hardware_id_that_the_image_repository_does_not_list() -> tuple[Evidence, Anchors]:
    forge = Forge(lockbox_targets={"fw.bin": target(hardware_ids=("board", "other-board"))})
    return forge.evidence(), forge.anchors()


@scenario("target-without-hardware-id")
def a_target_for_nobody() -> tuple[Evidence, Anchors]:
    forge = Forge(lockbox_targets={"fw.bin": target(hardware_ids=())})
    return forge.evidence(), forge.anchors()


def empty(**custom: Any) -> tuple[Evidence, Anchors]:
    forge = Forge(lockbox_targets={"fw.bin": target(b"")}, image_targets={"fw.bin": target(b"", **custom)})
    return forge.evidence(), forge.anchors()


@scenario("target-empty")
def a_file_without_bytes() -> tuple[Evidence, Anchors]:
    return empty(targetFormat="BINARY")


def test_a_commit_has_no_bytes_of_its_own() -> None:
    judgement = judged(empty(targetFormat="OSTREE"))
    assert judgement.findings == ()


@scenario("target-format")
def a_commit_with_a_length() -> tuple[Evidence, Anchors]:
    return mismatched(lambda entry: entry["custom"].update(targetFormat="OSTREE"))


@scenario("target-format")
def two_formats() -> tuple[Evidence, Anchors]:
    forge = Forge(lockbox_targets={"fw.bin": target(targetFormat="OTHER")})
    return forge.evidence(), forge.anchors()


@scenario("target-names-ecus")
def a_lockbox_that_names_devices() -> tuple[Evidence, Anchors]:
    forge = Forge(lockbox_targets={"fw.bin": target(ecuIdentifiers={"serial": {"hardwareId": "board"}})})
    return forge.evidence(), forge.anchors()


def named(*names: str) -> tuple[Evidence, Anchors]:
    entries = {name: target(name.encode(), (f"board-{index}",)) for index, name in enumerate(names)}
    forge = Forge(lockbox_targets=entries, image_targets=entries)
    return forge.evidence(), forge.anchors()


@scenario("target-name-unsafe")
def a_name_that_leads_out() -> tuple[Evidence, Anchors]:
    return named("../fw.bin")


@scenario("target-name-unportable")
def a_name_that_windows_reserves() -> tuple[Evidence, Anchors]:
    return named("fw/con.bin")


@scenario("target-name-collision")
def two_names_that_differ_in_case() -> tuple[Evidence, Anchors]:
    return named("fw/App.bin", "FW/app.bin")


# --- hostile sizes -----------------------------------------------------------------------------


def quickly(found: tuple[Evidence, Anchors]) -> Judgement:
    """Judge in no time: whatever lies on a stick must not keep its reader busy.

    Each of these once took from ten seconds to hours; the bound leaves room for a busy machine.
    """
    started = time.perf_counter()
    judgement = judged(found)
    assert time.perf_counter() - started < 5
    assert verdict_of(judgement.findings) is Verdict.REJECTED
    return judgement


def test_an_unterminated_string_of_escapes_takes_no_time() -> None:
    quickly(change_file("director", "box.json", lambda _: b"[" * 33 + b"]" * 33 + b'"' + b'\\"' * 30_000))
    quickly(change_file("image-repo", "targets.json", lambda _: b"[" * 33 + b"]" * 33 + b'"' + b'\\"' * 2_000_000))


def test_a_million_signatures_take_no_time() -> None:
    junk = b'{"signatures":[' + b"1," * 1_000_000 + b'1],"signed":'
    quickly(change_file("image-repo", "targets.json", lambda raw: junk + raw.split(b'"signed":')[1]))


def test_one_signature_many_times_is_verified_not_at_all() -> None:
    forge = Forge()
    forge.targets["filler"] = "x" * 4_000_000
    director, image_repo = forge.documents()
    image_repo["targets.json"]["signatures"] *= 90
    judgement = quickly((evidence(director, image_repo), forge.anchors()))
    assert "signature-duplicate" in {finding.rule for finding in judgement.findings}


def test_delegations_that_nobody_signed_are_not_followed() -> None:
    """A graph in which every role delegates to every other has more paths than anybody can walk."""
    forge = Forge(image_targets={})
    key = forge.other_key
    names = [f"r{index}" for index in range(25)]
    everybody = {
        "keys": {key.keyid: key.public},
        "roles": [{"name": name, "paths": ["*"], "terminating": False} | role(key) for name in names],
    }
    body = {"_type": "Targets", "expires": LATER, "targets": {}, "version": 1, "delegations": everybody}
    for name in names:
        forge.delegated[name] = envelope(body, key)
    forge.targets["delegations"] = everybody
    quickly((forge.evidence(), forge.anchors()))
    director, image_repo = forge.documents()
    image_repo["targets.json"] = envelope(forge.targets, key)
    quickly((evidence(director, image_repo), forge.anchors()))


# --- the table itself --------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "name", "build"), SCENARIOS, ids=[f"{rule}-{name}" for rule, name, _ in SCENARIOS])
def test_the_rule_is_found(rule: str, name: str, build: Scenario) -> None:
    judgement = judged(build())
    found = {finding.rule for finding in judgement.findings}
    assert rule in found
    if RULES[rule].severity == "error":
        assert verdict_of(judgement.findings) is not Verdict.VERIFIED
    else:
        assert {finding.rule for finding in judgement.findings if finding.severity == "error"} == set()


def test_every_rule_about_documents_has_a_scenario() -> None:
    assert {rule for rule, _, _ in SCENARIOS} == set(RULES) - PAYLOAD_RULES


def test_layout_of_a_document_changes_no_verdict() -> None:
    forge = Forge()
    found = forge.evidence()

    def relaid(files: Any) -> dict[str, bytes]:
        return {
            name: json.dumps(dict(reversed(json.loads(raw).items())), indent=3).encode() + b"\n"
            for name, raw in files.items()
        }

    again = evidence(relaid(found.director.files), relaid(found.image_repo.files))
    assert judged((again, forge.anchors())).findings == ()
