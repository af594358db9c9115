"""Rules about reading a document: one broken repository for each, and the finding that it must lead to."""

from __future__ import annotations

import pytest

from forge import Forge, target
from lockstick.trust.evidence import Anchors, Evidence, RepositoryEvidence
from trust.rules.scenarios import Scenarios, change_file, delegating, judged, without

scenario = Scenarios()


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
