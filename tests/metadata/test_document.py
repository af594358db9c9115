"""The envelope of a signed document: read once, kept as received."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from forge import Key, envelope
from lockstick.metadata.canonical import canonical
from lockstick.metadata.document import Document, read_document
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.uptane import UPTANE

KEY = Key(seed=1)
BODY: dict[str, Any] = {"_type": "Snapshot", "expires": "2027-06-01T00:00:00Z", "meta": {}, "version": 3}


def read(value: Any) -> Document:
    return read_document(json.dumps(value, indent=1).encode(), "s.json", UPTANE)


def refused(value: Any) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        read(value)
    return caught.value


def test_a_document_is_read() -> None:
    raw = json.dumps(envelope(BODY, KEY), indent=2).encode()
    found = read_document(raw, "s.json", UPTANE)
    assert (found.name, found.role, found.version) == ("s.json", "snapshot", 3)
    assert found.expires == datetime(2027, 6, 1, tzinfo=UTC)
    assert found.raw is raw
    assert found.signed == BODY
    assert found.dialect is UPTANE
    (signature,) = found.signatures
    assert (signature.keyid, signature.method) == (KEY.keyid, "ed25519")
    assert found.signature_problems == ()


@pytest.mark.parametrize("extra", [{}, {"a": 1}, {"zz": [1, {"b": 2, "a": 1}]}, {"signatures2": None, "Signed": ""}])
def test_what_is_signed_is_the_body_and_what_is_listed_is_the_whole(extra: dict[str, Any]) -> None:
    whole = envelope(BODY, KEY) | extra
    found = read(whole)
    assert found.signed_bytes == canonical(BODY)
    assert found.listed_bytes == canonical(whole)
    assert found.listed_length == len(canonical(whole))
    for algorithm in ("sha256", "sha512"):
        assert found.listed_hash(algorithm) == hashlib.new(algorithm, canonical(whole)).hexdigest()
    assert found.digest == hashlib.sha256(canonical(whole)).hexdigest()


def test_a_dialect_may_list_the_bytes_as_served() -> None:
    raw = json.dumps(envelope(BODY, KEY), indent=2).encode()
    found = read_document(raw, "s.json", dataclasses.replace(UPTANE, hashes_raw_bytes=True))
    assert found.listed_bytes == raw
    assert found.listed_length == len(raw)
    assert found.signed_bytes == canonical(BODY)


def test_signatures_that_cannot_be_read_are_kept_as_problems_in_order() -> None:
    good = KEY.signature(BODY)
    found = read({"signed": BODY, "signatures": [5, good, good | {"method": "x"}, good]})
    assert len(found.signatures) == 2
    assert [problem.what for problem in found.signature_problems] == [
        "signature 1 of s.json is not an object",
        "signature 3 of s.json has the method 'x', which devices refuse",
    ]


def test_more_signatures_than_any_threshold_asks_for_are_not_looked_at() -> None:
    assert len(read({"signed": BODY, "signatures": [5] * 100}).signature_problems) == 100
    error = refused({"signed": BODY, "signatures": [5] * 101})
    assert (error.rule, error.what) == ("shape", "s.json carries 101 signatures; 100 are read")


@pytest.mark.parametrize(
    ("value", "rule", "words"),
    [
        ({"signatures": []}, "shape", "signed of s.json is not an object"),
        ({"signed": BODY}, "shape", "signatures of s.json is not an array"),
        ({"signed": BODY, "signatures": {}}, "shape", "signatures of s.json is not an array"),
        ({"signed": {}, "signatures": []}, "shape", "_type of s.json is not a string"),
        (
            {"signed": BODY | {"_type": "Snapshots"}, "signatures": []},
            "type-unexpected",
            "s.json has the _type 'Snapshots', which is none of this dialect's",
        ),
        (
            {"signed": BODY | {"_type": "x" * 90}, "signatures": []},
            "type-unexpected",
            f"s.json has the _type '{'x' * 40}', which is none of this dialect's",
        ),
        (
            {"signed": BODY | {"version": 0}, "signatures": []},
            "version-invalid",
            "version of s.json is not a whole number from 1 to 2147483647",
        ),
        ({"signed": BODY | {"expires": None}, "signatures": []}, "shape", "expires of s.json is not a string"),
    ],
)
def test_a_document_of_another_shape_is_refused(value: Any, rule: str, words: str) -> None:
    error = refused(value)
    assert (error.rule, error.what) == (rule, words)


def test_bytes_that_are_no_document_are_refused_by_name() -> None:
    with pytest.raises(MalformedError, match=r"^s\.json is not a JSON object$"):
        read_document(b"[]", "s.json", UPTANE)
