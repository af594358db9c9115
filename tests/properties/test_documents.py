"""Properties of the judgement of signed documents, each named after the sentence that it proves."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from forge import AT, Key
from ground import (
    HASHED,
    LISTED,
    Place,
    at,
    bodies,
    essence,
    in_order,
    judged,
    keys,
    laid_out,
    objects,
    raw,
    rsa,
    same,
    signed,
    signers,
    sound,
    verdict,
)
from lockstick.instant import format_instant
from lockstick.metadata.canonical import canonical
from lockstick.metadata.document import read_document
from lockstick.metadata.strictjson import parse_object
from lockstick.metadata.uptane import UPTANE
from lockstick.trust.findings import Verdict, verdict_of

PLACES = sorted(sound())
places = st.sampled_from(PLACES)
blanks = st.sampled_from(["", "", "", " ", "\n", "\t", "\r\n  "])
names = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)
plain = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | names
json_values = st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3))


def test_the_ground_is_sound() -> None:
    judgement = judged(sound())
    assert judgement.findings == ()
    assert [package.agreed for package in judgement.packages] == [True, True]


# --- "The signed bytes are the canonical form of the value of `signed`" (lockbox-format 2.1) -------


@st.composite
def edits(draw: st.DrawFn) -> tuple[Place, bytes]:
    """A file of the sound lockbox with some of its bytes changed, left out, put in or cut off."""
    place = draw(places)
    data = bytearray(sound()[place])
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["flip", "set", "insert", "delete", "cut", "repeat"])):
            case "flip" if start < len(data):
                data[start] ^= 1 << draw(st.integers(0, 7))
            case "set" if start < len(data):
                data[start] = draw(st.integers(0, 255))
            case "insert":
                data[start:start] = draw(st.binary(min_size=1, max_size=6) | st.sampled_from([b'"a":1,', b" ", b"0"]))
            case "delete":
                del data[start : start + draw(st.integers(1, 8))]
            case "cut":
                del data[start:]
            case "repeat":
                data[start:start] = data[start : start + draw(st.integers(1, 40))]
            case _:
                pass
    return place, bytes(data)


@given(edits())
@example((("director", "box.json"), sound()["director", "box.json"].replace(b'"fw.bin"', b'"Fw.bin"')))
def test_no_change_of_any_byte_of_any_signed_document_verifies(edit: tuple[Place, bytes]) -> None:
    place, data = edit
    before = sound()[place]
    assume(data != before)
    found = verdict(sound() | {place: data})
    assert (found is Verdict.VERIFIED) == same(place, before, data)


@given(places, st.data())
def test_no_change_of_any_value_of_any_signed_document_verifies(place: Place, data: st.DataObject) -> None:
    document = json.loads(sound()[place])
    before = copy.deepcopy(document)
    member = at(document["signed"], data.draw(st.sampled_from(list(objects(document["signed"])))))
    assume(member)
    key = data.draw(st.sampled_from(sorted(member)))
    if data.draw(st.booleans()):
        del member[key]
    else:
        member[key] = data.draw(json_values)
    assume(document != before)
    assert verdict(sound() | {place: canonical(document)}) is not Verdict.VERIFIED


@given(places, places)
def test_no_document_verifies_in_place_of_another(place: Place, other: Place) -> None:
    assume(place != other)
    assert verdict(sound() | {place: sound()[other]}) is not Verdict.VERIFIED


@given(places)
def test_no_document_may_be_missing_but_the_timestamp(place: Place) -> None:
    files = sound()
    del files[place]
    found = judged(files).findings
    if place == ("image-repo", "timestamp.json"):
        assert found == ()
    elif place == ("director", "2.root.json"):
        # Nothing on the medium says that there is a newer root; devices are in the same position.
        assert [finding.rule for finding in found] == ["root-chain-of-one"]
    elif place[1] == "1.root.json":
        # Devices that are further behind need it; this one has it as its anchor.
        assert [finding.rule for finding in found] == ["root-chain-incomplete"]
    else:
        assert verdict_of(found) is not Verdict.VERIFIED


# --- "pretty-printing (harmless)" (lockbox-format 2.7) ---------------------------------------------


@given(places, st.data())
def test_order_of_members_and_white_space_change_no_verdict(place: Place, data: st.DataObject) -> None:
    text = laid_out(json.loads(sound()[place]), data.draw, blanks, st.permutations)
    assert judged(sound() | {place: text.encode()}).findings == ()


@given(places, places, st.data())
def test_order_and_white_space_hide_no_finding(broken: Place, place: Place, data: st.DataObject) -> None:
    documents = {where: json.loads(content) for where, content in sound().items()}
    documents[broken]["signed"]["version"] += 1
    files = raw(documents)
    text = laid_out(documents[place], data.draw, blanks, st.permutations)
    before, after = judged(files), judged(files | {place: text.encode()})
    assert before.findings != ()
    assert set(after.findings) == set(before.findings)


# --- "Signatures by unknown keys are skipped" (lockbox-format 2.4) ----------------------------------

strangers = st.lists(st.integers(1000, 1010).map(lambda seed: Key(seed=seed)), max_size=4, unique_by=lambda k: k.keyid)


@given(st.sampled_from([place for place in PLACES if place not in HASHED]), strangers)
def test_signatures_by_unknown_keys_do_no_harm_where_nobody_counts_them(place: Place, unknown: list[Key]) -> None:
    document = json.loads(sound()[place])
    document["signatures"] += [key.signature(document["signed"]) for key in unknown]
    assert judged(sound() | {place: canonical(document)}).findings == ()


@given(places, st.data(), strangers.filter(bool))
def test_signatures_by_unknown_keys_never_help(place: Place, data: st.DataObject, unknown: list[Key]) -> None:
    left_out = data.draw(st.integers(0, len(signers()[place]) - 1))
    lent = data.draw(st.booleans())

    def change(where: Place, document: dict[str, Any]) -> dict[str, Any]:
        if where != place:
            return document
        gone = document["signatures"].pop(left_out)
        added = [key.signature(document["signed"]) for key in unknown]
        if lent:
            added[0]["keyid"] = gone["keyid"]
        return {**document, "signatures": document["signatures"] + added}

    files = raw(signed(in_order(bodies()), change))
    assert verdict_of(judged(files).findings) is Verdict.REJECTED


# --- "otherwise too few: UnmetThreshold" (lockbox-format 2.5) ---------------------------------------


@given(places, st.data())
def test_a_chain_with_one_threshold_unmet_never_verifies(place: Place, data: st.DataObject) -> None:
    """One signature short, and everything that lists the document lists it as it is."""
    left_out = data.draw(st.integers(0, len(signers()[place]) - 1))

    def change(where: Place, document: dict[str, Any]) -> dict[str, Any]:
        if where == place:
            del document["signatures"][left_out]
        return document

    files = raw(signed(in_order(bodies()), change))
    assert files != sound()
    findings = judged(files).findings
    # The anchor itself is given: its copy on the medium is held against it, not judged alone.
    expected = "root-fork" if place[1] == "1.root.json" else "threshold-unmet"
    assert expected in {finding.rule for finding in findings}
    assert verdict_of(findings) is Verdict.REJECTED


@given(places, st.data())
def test_one_key_counts_once_under_however_many_ids(place: Place, data: st.DataObject) -> None:
    """The role lists one key a second time under another id, in place of the second key that it needs."""
    role_of = {
        "offline-snapshot.json": ("director", "offline-snapshot"),
        "box.json": ("director", "offline-updates"),
        "snapshot.json": ("image-repo", "snapshot"),
        "targets.json": ("image-repo", "targets"),
        "timestamp.json": ("image-repo", "timestamp"),
    }
    assume(place[1] in role_of)
    repository, role_name = role_of[place[1]]
    doubled = signers()[place][data.draw(st.integers(0, 1))]
    alias = data.draw(st.sampled_from(["f" * 64, doubled.keyid.upper(), "x"]))
    before = in_order(bodies())
    body = before[repository, "2.root.json"]
    body["keys"][alias] = doubled.public
    body["roles"][role_name]["keyids"] = [doubled.keyid, alias]

    def change(where: Place, document: dict[str, Any]) -> dict[str, Any]:
        if where != place:
            return document
        entry = doubled.signature(document["signed"])
        return {**document, "signatures": [entry, {**entry, "keyid": alias}]}

    findings = judged(raw(signed(before, change))).findings
    assert {"threshold-unmet", "key-duplicate"} <= {finding.rule for finding in findings}


# --- "Unknown members anywhere are tolerated" (lockbox-format 2.1) ----------------------------------

MAPS = {"keys", "roles", "meta", "targets", "hashes"}
"""Objects whose members are names rather than fields; a member more of those means something."""


def fields(document: Any) -> list[tuple[Any, ...]]:
    return [
        path
        for path in objects(document)
        if not path or path[-1] not in MAPS or (path[-1] == "targets" and path[-2] == "roles")
    ]


@st.composite
def unknown_members(draw: st.DrawFn) -> tuple[Place, tuple[Any, ...], str, Any]:
    place = draw(places)
    path = draw(st.sampled_from(fields(json.loads(sound()[place]))))
    return place, path, "x-" + draw(names), draw(json_values)


@given(unknown_members())
def test_unknown_members_change_no_verdict_when_they_are_signed(
    member: tuple[Place, tuple[Any, ...], str, Any],
) -> None:
    place, path, name, value = member
    before = in_order(bodies())
    anchors = None
    if path[:1] == ("signed",):
        # What is listed is filled in while signing, so the member goes where it already is.
        body = before[place]
        assume("meta" not in path or place not in LISTED)
        at(body, path[1:])[name] = value

    def change(where: Place, document: dict[str, Any]) -> dict[str, Any]:
        if where == place and path[:1] != ("signed",):
            at(document, path)[name] = value
        return document

    files = raw(signed(before, change))
    if place[1] == "1.root.json":
        anchors = files
    assert judged(files, anchors=anchors).findings == ()


@given(unknown_members())
def test_an_unknown_member_that_is_put_in_after_signing_is_noticed(
    member: tuple[Place, tuple[Any, ...], str, Any],
) -> None:
    place, path, name, value = member
    document = json.loads(sound()[place])
    at(document, path)[name] = value
    found = verdict(sound() | {place: canonical(document)})
    outside = place not in HASHED and path[:1] != ("signed",)
    assert (found is Verdict.VERIFIED) == outside


@given(unknown_members(), st.data())
def test_reading_keeps_the_received_bytes_and_every_unknown_member(
    member: tuple[Place, tuple[Any, ...], str, Any], data: st.DataObject
) -> None:
    place, path, name, value = member
    document = json.loads(sound()[place])
    at(document, path)[name] = value
    text = laid_out(document, data.draw, blanks, st.permutations).encode()
    found = read_document(text, place[1], UPTANE)
    assert found.raw is text
    assert found.envelope == document
    assert found.signed == document["signed"]
    assert found.listed_bytes == canonical(document)
    assert parse_object(found.listed_bytes, "again") == document


# --- "Expired iff `expires < now` (equal second = valid)" (lockbox-format 2.8) ----------------------


@given(
    st.sampled_from([place for place in PLACES if place[1] not in ("1.root.json", "timestamp.json")]),
    st.integers(-3, 3),
)
def test_a_document_has_expired_if_its_last_second_is_before_now(place: Place, seconds: int) -> None:
    before = in_order(bodies())
    moment = AT + timedelta(seconds=seconds)
    before[place]["expires"] = format_instant(moment)
    judgement = judged(raw(signed(before)))
    expired = [("expired", f"{place[0]}/{place[1]}")] if seconds < 0 else []
    assert [(finding.rule, finding.subject) for finding in judgement.findings] == expired
    assert verdict_of(judgement.findings) is (Verdict.EXPIRED if expired else Verdict.VERIFIED)
    assert judgement.weakest is not None
    assert (judgement.weakest.role, judgement.weakest.expires) == (f"{place[0]}/{place[1]}", moment)


# --- root chains: "signed by the threshold of the root before it and by its own" --------------------


@given(st.sampled_from(["director", "image-repo"]), st.data())
def test_a_new_root_needs_the_old_threshold_and_its_own(repository: str, data: st.DataObject) -> None:
    candidates = [keys()["one"], keys()["two"], keys()["three"], rsa()]
    chosen = data.draw(st.sets(st.sampled_from(range(4)), min_size=1))
    group = tuple(candidates[index] for index in sorted(chosen))
    place = (repository, "2.root.json")

    def change(where: Place, document: dict[str, Any]) -> dict[str, Any]:
        if where != place:
            return document
        return {**document, "signatures": [key.signature(document["signed"]) for key in group]}

    by_both = {0, 1, 3} <= chosen
    judgement = judged(raw(signed(in_order(bodies()), change)))
    assert (verdict_of(judgement.findings) is Verdict.VERIFIED) == by_both
    if not by_both:
        assert "threshold-unmet" in {finding.rule for finding in judgement.findings}


# --- the yardstick itself -----------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES, ids="/".join)
def test_the_yardstick_knows_a_document_by_heart(place: Place) -> None:
    before = sound()[place]
    assert essence(before) is not None
    assert same(place, before, before + b"\n")
    assert not same(place, before, before.replace(b'"version":', b'"version":1'))
    assert not same(place, before, before[:-1])
