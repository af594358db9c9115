"""Details of the judgement that no single rule is about: facts that are handed out, and combinations."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from forge import AT, EARLIER, LATER, PAYLOAD, Forge, Key, envelope, evidence, meta_entry, role, root, target
from lockstick.metadata.canonical import canonical
from lockstick.metadata.uptane import UPTANE
from lockstick.trust.choosing import lockbox_names
from lockstick.trust.evidence import Anchors, Evidence, RepositoryEvidence
from lockstick.trust.findings import Finding, Ledger, Verdict, verdict_of
from lockstick.trust.freshness import Lifetime, weakest
from lockstick.trust.image_repo import MAX_DELEGATION_DEPTH
from lockstick.trust.judge import Judgement, judge
from lockstick.trust.rules import Severity

Found = tuple[Evidence, Anchors]


def judged(found: Found) -> Judgement:
    return judge(*found, AT)


def with_files(
    director: dict[str, bytes] | None = None,
    image_repo: dict[str, bytes] | None = None,
    *,
    unreadable: dict[str, dict[str, tuple[str, str]]] | None = None,
    without: tuple[str, ...] = (),
) -> Found:
    """A sound lockbox with files put in, left out, or not to be read."""
    forge = Forge()
    found = forge.evidence()
    broken = unreadable or {}
    parts = [
        RepositoryEvidence(
            files={name: raw for name, raw in {**part.files, **(more or {})}.items() if name not in without},
            unreadable=broken.get(repository, {}),
        )
        for part, more, repository in (
            (found.director, director, "director"),
            (found.image_repo, image_repo, "image-repo"),
        )
    ]
    return Evidence(director=parts[0], image_repo=parts[1]), forge.anchors()


# --- findings in words (words.json) that the rules' own scenarios do not lead to --------------------


def a_stale_timestamp_of_another_snapshot() -> Found:
    forge = Forge()
    documents = forge.documents()
    entry = meta_entry(documents[1]["snapshot.json"]) | {"version": 8, "length": 1, "hashes": {"sha256": "0" * 64}}
    body = {"_type": "Timestamp", "expires": EARLIER, "meta": {"snapshot.json": entry}, "version": 1}
    documents[1]["timestamp.json"] = envelope(body, forge.snapshot_key)
    return evidence(*documents), forge.anchors()


def a_timestamp_signed_by_others() -> Found:
    forge = Forge()
    documents = forge.documents()
    body = {"_type": "Timestamp", "expires": LATER, "meta": {}, "version": 1}
    documents[1]["timestamp.json"] = envelope(body, forge.other_key)
    return evidence(*documents), forge.anchors()


def a_timestamp_that_is_no_document() -> Found:
    return with_files(image_repo={"timestamp.json": b"[]"})


def a_snapshot_in_place_of_a_timestamp() -> Found:
    forge = Forge()
    documents = forge.documents()
    documents[1]["timestamp.json"] = documents[1]["snapshot.json"]
    return evidence(*documents), forge.anchors()


def documents_that_cannot_be_read() -> Found:
    gone = ("offline-snapshot.json", "box.json", "snapshot.json", "targets.json", "1.root.json")
    reason = ("document-unreadable", "a folder lies in its place")
    return with_files(
        unreadable={
            "director": dict.fromkeys(("offline-snapshot.json", "box.json", "1.root.json"), reason),
            "image-repo": dict.fromkeys(("snapshot.json", "targets.json", "1.root.json"), reason),
        },
        without=gone,
    )


def a_copy_of_a_root_that_is_no_document() -> Found:
    return with_files(director={"root.json": b"{}"}, image_repo={"root.json": b"x"})


def a_document_of_each_kind_that_is_no_document() -> Found:
    names = ("offline-snapshot.json", "box.json", "snapshot.json", "targets.json", "2.root.json")
    return with_files(director=dict.fromkeys((*names[:2], names[4]), b"{}"), image_repo=dict.fromkeys(names[2:], b"{}"))


def a_targets_document_in_place_of_every_other() -> Found:
    forge = Forge()
    documents = forge.documents()
    for repository in documents:
        for name in repository:
            if name != "1.root.json":
                repository[name] = documents[1]["targets.json"]
    return evidence(*documents), forge.anchors()


def delegated(body: dict[str, Any], *, entry: dict[str, Any] | None = None, name: str = "feed") -> Forge:
    forge = Forge(image_targets={})
    key = forge.other_key
    document = {"_type": "Targets", "expires": LATER, "targets": {}, "version": 1} | body
    forge.delegated[name] = envelope(document, key)
    line = {"name": name, "paths": ["*"], "terminating": False} | role(key) | (entry or {})
    forge.targets["delegations"] = {"keys": {key.keyid: key.public}, "roles": [line]}
    return forge


def taken(forge: Forge) -> Found:
    return forge.evidence(), forge.anchors()


def a_delegated_snapshot_with_another_listing() -> Found:
    forge = delegated({"_type": "Snapshot"})
    forge.snapshot["meta"]["feed.json"] = {"version": 9, "length": 5, "hashes": {"sha256": "0" * 64}}
    return taken(forge)


def a_delegated_document_that_is_no_document() -> Found:
    forge = delegated({})
    director, image_repo = forge.documents()
    image_repo["feed.json"] = b"[]"
    return evidence(director, image_repo), forge.anchors()


def a_delegated_target_that_cannot_be_read() -> Found:
    return taken(delegated({"targets": {"fw.bin": {"length": "1"}}}))


def a_delegated_document_that_cannot_be_read() -> Found:
    forge = delegated({})
    found, anchors = taken(forge)
    files = {name: raw for name, raw in found.image_repo.files.items() if name != "feed.json"}
    part = RepositoryEvidence(files=files, unreadable={"feed.json": ("document-too-large", "too large")})
    return Evidence(director=found.director, image_repo=part), anchors


def a_long_delegation_name() -> Found:
    return taken(delegated({}, name="/" * 70))


def many_missing_roots() -> Found:
    forge = Forge()
    roles = {
        "root": (forge.root_key,),
        "offline-snapshot": (forge.offline_key,),
        "offline-updates": (forge.offline_key,),
    }
    forge.director_roots = [root(version, roles) for version in (8, 9)]
    return taken(forge)


def many_lockboxes() -> Found:
    forge = Forge()
    director, image_repo = forge.documents()
    for name in ("a", "b", "c", "d"):
        forge.offline_snapshot["meta"][f"{name}.json"] = meta_entry(director["box.json"])
        director[f"{name}.json"] = director["box.json"]
    director["offline-snapshot.json"] = envelope(forge.offline_snapshot, forge.offline_key)
    return evidence(director, image_repo), forge.anchors()


def a_lockbox_that_only_lies_there() -> Found:
    forge = Forge()
    director, image_repo = forge.documents()
    director["other.json"] = director.pop("box.json")
    return evidence(director, image_repo), forge.anchors()


def targets_that_disagree_in_everything() -> Found:
    forge = Forge(
        lockbox_targets={"fw.bin": target(hardware_ids=("b", "a", "b"), targetFormat="X")},
        image_targets={"fw.bin": target(b"", hardware_ids=("c",), targetFormat="Y")},
    )
    for targets, digit in ((forge.lockbox_targets, "1"), (forge.image_targets, "2")):
        targets["fw.bin"]["hashes"] = {"sha512": digit * 128, "sha256": digit * 64}
    return taken(forge)


def three_targets_for_two_boards() -> Found:
    entries = {name: target(name.encode(), ("y", "x")) for name in ("c", "a", "b")}
    return taken(Forge(lockbox_targets=entries, image_targets=entries))


def targets_with_names_of_every_bad_kind() -> Found:
    names = ("", "x" * 254, "/a", "\\a", "C:/a", "a//b", "./a", "a/..", "a\\..\\b", "ostree/a", "A.images/a")
    more = ("a\tb", "a:b", "a.", "a ", " a", "NUL", "com1.txt", "lpt9 .x", "y" * 121)
    entries = {
        name: target(name.encode(), (f"board-{index}",)) for index, name in enumerate((*names, *more, "Ab", "aB"))
    }
    return taken(Forge(lockbox_targets=entries, image_targets=entries))


def signatures_of_every_bad_kind() -> Found:
    forge = Forge()
    director, image_repo = forge.documents()
    entry = director["box.json"]["signatures"][0]
    other = forge.other_key.signature(director["box.json"]["signed"])
    director["box.json"]["signatures"] = [
        {**entry, "method": "RSASSA-PSS"},
        {**entry, "sig": other["sig"]},
        {**entry, "sig": "?"},
        other,
        {**entry, "method": "x"},
        5,
    ]
    return evidence(director, image_repo), forge.anchors()


def a_role_with_odd_keys() -> Found:
    forge = Forge()
    body = forge.director_roots[1]
    public = forge.offline_key.public
    body["keys"] |= {"odd-key-id-of-many-characters": public, "second": Key(seed=9).public}
    body["roles"]["offline-updates"]["keyids"] += ["odd-key-id-of-many-characters", "second"]
    return taken(forge)


def a_gap_between_roots() -> Found:
    forge = Forge()
    body = forge.director_roots[1]
    body["version"] = 4
    forge.director_roots.append({**body, "version": 5})
    return taken(forge)


def a_root_of_another_number() -> Found:
    forge = Forge()
    director, image_repo = forge.documents()
    director["2.root.json"] = envelope({**forge.director_roots[1], "version": 3}, forge.root_key)
    director["3.root.json"] = director["2.root.json"]
    return evidence(director, image_repo), forge.anchors()


def older_roots_below_the_anchor() -> Found:
    """The anchor is version 3; of those below, one is of another number, one is of others' making."""
    forge = Forge()
    roles = {
        "root": (forge.root_key,),
        "offline-snapshot": (forge.offline_key,),
        "offline-updates": (forge.offline_key,),
    }
    forge.director_roots = [root(version, roles) for version in (1, 2, 3, 4)]
    director, image_repo = forge.documents()
    stranger = root(2, {"root": (forge.other_key,)})
    director["2.root.json"] = envelope(stranger, forge.other_key)
    director["1.root.json"] = envelope({**forge.director_roots[0], "version": 7}, forge.root_key)
    anchors = Anchors(
        director=canonical(director["3.root.json"]),
        image_repo=forge.anchors().image_repo,
        source="store",
        dialect=UPTANE,
    )
    return evidence(director, image_repo), anchors


def an_anchor_without_a_role_for_roots() -> Found:
    forge = Forge()
    body = root(1, {"offline-snapshot": (forge.offline_key,)})
    anchors = Anchors(
        director=canonical(envelope(body, forge.root_key)), image_repo=b"{", source="file", dialect=UPTANE
    )
    return forge.evidence(), anchors


def no_anchors_and_no_roots() -> Found:
    found, _ = with_files(without=("1.root.json", "2.root.json"))
    return found, Anchors(director=None, image_repo=None, source="none", dialect=UPTANE)


def no_anchors() -> Found:
    return Forge().evidence(), Anchors(director=None, image_repo=None, source="none", dialect=UPTANE)


def anchors_on_first_use() -> Found:
    forge = Forge()
    given = forge.anchors()
    return forge.evidence(), Anchors(
        director=given.director, image_repo=given.image_repo, source="first-use", dialect=UPTANE
    )


def a_snapshot_that_lists_the_root_wrongly() -> Found:
    forge = Forge()
    forge.snapshot["meta"]["root.json"] = {"version": 2, "length": 1, "hashes": {"sha256": "0" * 64}}
    return taken(forge)


def a_snapshot_that_lists_an_older_root() -> Found:
    forge = Forge()
    forge.snapshot["meta"]["root.json"] = {"version": 1, "length": 1, "hashes": {"sha256": "0" * 64}}
    return taken(forge)


MORE = [
    a_stale_timestamp_of_another_snapshot,
    a_timestamp_signed_by_others,
    a_timestamp_that_is_no_document,
    a_snapshot_in_place_of_a_timestamp,
    documents_that_cannot_be_read,
    a_copy_of_a_root_that_is_no_document,
    a_document_of_each_kind_that_is_no_document,
    a_targets_document_in_place_of_every_other,
    a_delegated_snapshot_with_another_listing,
    a_delegated_document_that_is_no_document,
    a_delegated_target_that_cannot_be_read,
    a_delegated_document_that_cannot_be_read,
    a_long_delegation_name,
    many_missing_roots,
    many_lockboxes,
    a_lockbox_that_only_lies_there,
    targets_that_disagree_in_everything,
    three_targets_for_two_boards,
    targets_with_names_of_every_bad_kind,
    signatures_of_every_bad_kind,
    a_role_with_odd_keys,
    a_gap_between_roots,
    a_root_of_another_number,
    older_roots_below_the_anchor,
    an_anchor_without_a_role_for_roots,
    no_anchors_and_no_roots,
    no_anchors,
    anchors_on_first_use,
    a_snapshot_that_lists_the_root_wrongly,
]


@pytest.mark.parametrize("build", MORE)
def test_nothing_of_this_passes_without_a_word(build: Any) -> None:
    assert judged(build()).findings != ()


def test_a_root_that_is_newer_than_the_snapshot_is_no_finding() -> None:
    assert judged(a_snapshot_that_lists_an_older_root()).findings == ()


# --- facts ----------------------------------------------------------------------------------------


def test_a_package_is_described_by_both_documents() -> None:
    forge = Forge(
        lockbox_targets={"a/fw.bin": target(hardware_ids=("board",))},
        image_targets={"a/fw.bin": target(hardware_ids=("more", "board"), name="n", version="v", uri="x")},
    )
    forge.lockbox_targets["a/fw.bin"]["hashes"]["sha512"] = "0" * 128
    (package,) = judged(taken(forge)).packages
    assert (package.target, package.path) == ("a/fw.bin", ("a", "fw.bin"))
    assert (package.name, package.version, package.target_format) == ("n", "v", "BINARY")
    assert (package.hardware_ids, package.length) == (("board",), len(PAYLOAD))
    assert set(package.hashes) == {"sha256", "sha512"}
    assert package.custom["uri"] == "x"
    assert package.agreed


@pytest.mark.parametrize(
    ("data", "lockbox", "image", "expected"),
    [
        (b"", None, None, "OSTREE"),
        (b"x", None, None, "BINARY"),
        (b"x", None, "other", "OTHER"),
        (b"x", "mine", "other", "MINE"),
    ],
)
def test_the_format_is_the_lockbox_s_word_then_the_repository_s_then_the_length_s(
    data: bytes, lockbox: str | None, image: str | None, expected: str
) -> None:
    entries = [target(data), target(data)]
    for entry, word in zip(entries, (lockbox, image), strict=True):
        if word:
            entry["custom"]["targetFormat"] = word
    forge = Forge(lockbox_targets={"fw.bin": entries[0]}, image_targets={"fw.bin": entries[1]})
    (package,) = judged(taken(forge)).packages
    assert package.target_format == expected


def test_a_package_that_only_the_lockbox_knows_is_described_by_it() -> None:
    forge = Forge(lockbox_targets={"fw.bin": target(name="n", version="v")}, image_targets={})
    (package,) = judged(taken(forge)).packages
    assert (package.name, package.version, package.agreed) == ("n", "v", False)


def test_a_package_with_an_unsafe_name_has_no_path() -> None:
    (package,) = judged(taken(Forge(lockbox_targets={"../x": target()}, image_targets={"../x": target()}))).packages
    assert package.path == ()


def test_lifetimes_are_those_of_the_documents_that_were_relied_on() -> None:
    forge = delegated({"targets": {"fw.bin": target(targetFormat="BINARY")}})
    judgement = judged(taken(forge))
    assert [lifetime.role for lifetime in judgement.lifetimes] == [
        "director/2.root.json",
        "director/offline-snapshot.json",
        "director/box.json",
        "image-repo/2.root.json",
        "image-repo/snapshot.json",
        "image-repo/targets.json",
        "image-repo/feed.json",
    ]
    assert judgement.weakest is not None
    assert judgement.weakest.role == min(lifetime.role for lifetime in judgement.lifetimes)


def test_the_weakest_is_the_first_to_expire_and_the_first_by_name_among_equals() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    b, a, c = (
        Lifetime(role="b", expires=early),
        Lifetime(role="a", expires=late),
        Lifetime(role="c", expires=early),
    )
    assert weakest([a, c, b]) is b
    assert weakest([]) is None


def test_the_judgement_names_its_anchors() -> None:
    forge = Forge()
    judgement = judged(taken(forge))
    roots = forge.documents()
    assert judgement.director_anchor == meta_entry(roots[0]["1.root.json"])["hashes"]["sha256"]
    assert judgement.image_anchor == meta_entry(roots[1]["1.root.json"])["hashes"]["sha256"]
    assert judgement.anchor_source == "file"
    without = judged(no_anchors())
    assert (without.director_anchor, without.image_anchor, without.anchor_source) == (None, None, "none")
    assert without.lockbox is not None
    assert judged(no_anchors_and_no_roots()).lockbox is None


def test_the_facts_of_the_lockbox_are_given_even_when_it_is_refused() -> None:
    forge = Forge()
    forge.lockbox["targets"] = []
    lockbox = judged(taken(forge)).lockbox
    assert lockbox is not None
    assert (lockbox.name, lockbox.version, lockbox.expires) == ("box", 3, datetime(2027, 6, 1, tzinfo=UTC))


def test_lockboxes_are_named_in_the_order_of_the_device_s_search() -> None:
    names = ("line.json", "line-a.json", "Zeta.json", "root.json", "offline-snapshot.json", "1.root.json", "x.txt")
    more = ("0.root.json", "1234567890.root.json", "a.root.json", "1.Root.json")
    found = lockbox_names(RepositoryEvidence(files=dict.fromkeys((*names, *more), b"")))
    assert found == ("0.root", "1.Root", "1234567890.root", "Zeta", "a.root", "line-a", "line")


def test_a_listed_lockbox_is_judged_before_one_that_only_lies_there() -> None:
    forge = Forge(name="line")
    director, image_repo = forge.documents()
    director["a.json"] = director["line.json"]
    judgement = judged((evidence(director, image_repo), forge.anchors()))
    assert judgement.lockbox is not None
    assert judgement.lockbox.name == "line"
    assert judgement.findings == ()


def test_roots_are_walked_by_number_and_not_by_name() -> None:
    forge = Forge()
    roles = {
        "root": (forge.root_key,),
        "offline-snapshot": (forge.offline_key,),
        "offline-updates": (forge.offline_key,),
    }
    forge.director_roots = [root(version, roles) for version in range(1, 12)]
    judgement = judged(taken(forge))
    assert judgement.findings == ()
    assert judgement.lifetimes[0].role == "director/11.root.json"


def test_a_timestamp_in_its_last_second_is_not_stale() -> None:
    forge = Forge()
    documents = forge.documents()
    body = {
        "_type": "Timestamp",
        "expires": "2026-06-01T00:00:00Z",
        "meta": {"snapshot.json": meta_entry(documents[1]["snapshot.json"])},
        "version": 1,
    }
    documents[1]["timestamp.json"] = envelope(body, forge.snapshot_key)
    assert judged((evidence(*documents), forge.anchors())).findings == ()


def test_every_delegation_on_the_medium_is_judged_however_deep_and_those_that_are_not_there_are_not_missed() -> None:
    key = Key(seed=6)
    forge = delegated({"delegations": {"keys": {key.keyid: key.public}, "roles": []}})
    forge.targets["targets"] = {"fw.bin": target(targetFormat="BINARY")}
    inner = {"name": "inner", "paths": [], "terminating": False} | role(key)
    absent = {"name": "absent", "paths": [], "terminating": False} | role(key)
    body = forge.delegated["feed"]["signed"]
    body["delegations"]["roles"] = [absent, {**inner, "name": "feed"}, inner]
    forge.delegated["feed"] = envelope(body, key)
    stranger = {"_type": "Targets", "expires": LATER, "targets": {}, "version": 1}
    forge.delegated["inner"] = envelope(stranger, Key(seed=8))
    found = judged(taken(forge)).findings
    assert [(finding.rule, finding.subject) for finding in found] == [("threshold-unmet", "image-repo/inner.json")]


def test_devices_follow_five_levels() -> None:
    assert MAX_DELEGATION_DEPTH == 5


def test_an_entry_that_cannot_be_read_is_final_all_the_same() -> None:
    forge = delegated({"targets": {"fw.bin": target(targetFormat="BINARY")}})
    forge.targets["targets"] = {"fw.bin": {"length": "1"}}
    assert {finding.rule for finding in judged(taken(forge)).findings} == {"shape", "target-unknown"}


@pytest.mark.parametrize(
    ("repository", "name", "raw"),
    [
        ("image-repo", "targets.json", b'{"signatures":[' + b"0," * 4_000_000 + b'0],"signed":{"_type":"Targets"}}'),
        (
            "director",
            "box.json",
            b'{"signatures":[],"signed":{"_type":"Offline-Updates","expires":"2027-06-01T00:00:00Z","targets":{'
            + b",".join(b'"%d":0' % index for index in range(7000))
            + b'},"version":3}}',
        ),
    ],
    ids=["signatures", "targets"],
)
def test_a_document_full_of_mistakes_is_judged_in_a_moment(repository: str, name: str, raw: bytes) -> None:
    found = with_files({name: raw}) if repository == "director" else with_files(image_repo={name: raw})
    started = time.process_time()
    assert verdict_of(judged(found).findings) is Verdict.REJECTED
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "change",
    [
        {"length": 1},
        {"hashes": {"sha256": "0" * 64}},
        {"hashes": {"md5": ""}},
        {"custom": {"hardwareIds": ["other"]}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_package_on_which_both_documents_do_not_agree_is_said_to_be_so(change: dict[str, Any]) -> None:
    forge = Forge()
    forge.image_targets["fw.bin"] |= change
    assert [package.agreed for package in judged(taken(forge)).packages] == [False]


def feeds(*names: str, missing: tuple[str, ...] = (), inner: dict[str, Any] | None = None) -> Forge:
    """Several delegations side by side, none of them terminating; the last has the target, others are empty."""
    forge = Forge(image_targets={})
    key = forge.other_key
    for name in names:
        body: dict[str, Any] = {"_type": "Targets", "expires": LATER, "targets": {}, "version": 1}
        if name == names[-1]:
            body["targets"] = {"fw.bin": target(targetFormat="BINARY")}
        elif inner is not None:
            body["delegations"] = inner
        if name not in missing:
            forge.delegated[name] = envelope(body, key)
    forge.targets["delegations"] = delegations(key, *names)
    return forge


def delegations(key: Key, *names: str, paths: str = "*") -> dict[str, Any]:
    lines = [{"name": name, "paths": [paths], "terminating": False} | role(key) for name in names]
    return {"keys": {key.keyid: key.public}, "roles": lines}


def rules_of(forge: Forge) -> list[str]:
    return [finding.rule for finding in judged(taken(forge)).findings]


def test_the_search_goes_on_behind_a_cycle_and_behind_patterns_that_do_not_fit() -> None:
    assert rules_of(feeds("one", "two", inner=delegations(Key(seed=6), "one"))) == ["delegation-cycle"]
    inside = delegations(Key(seed=6), "one")
    inside["roles"].append(delegations(Key(seed=6), "two")["roles"][0])
    forge = feeds("one", "two", inner=inside)
    del forge.targets["delegations"]["roles"][1]
    assert rules_of(forge) == ["delegation-cycle"]
    forge = feeds("one", "two")
    forge.targets["delegations"]["roles"][0]["paths"] = ["else"]
    assert rules_of(forge) == []


def test_the_search_ends_at_a_delegation_that_is_not_there() -> None:
    assert rules_of(feeds("one", "two", missing=("one",))) == ["document-missing", "target-unknown"]


def test_the_search_ends_where_delegations_go_too_deep() -> None:
    forge = feeds("one", "two")
    key = forge.other_key
    for level in range(6):
        name, below = ("one" if level == 0 else f"level-{level}"), f"level-{level + 1}"
        body: dict[str, Any] = {"_type": "Targets", "expires": LATER, "targets": {}, "version": 1}
        body["delegations"] = delegations(key, below)
        forge.delegated[name] = envelope(body, key)
    assert rules_of(forge) == ["delegation-depth", "target-unknown"]


def test_what_is_found_deep_down_is_final_for_everybody_above() -> None:
    forge = feeds("one", "two", "three")
    key = forge.other_key
    body: dict[str, Any] = {"_type": "Targets", "expires": LATER, "targets": {}, "version": 1}
    forge.delegated["one"] = envelope({**body, "delegations": delegations(key, "three")}, key)
    forge.delegated["two"] = envelope({**body, "targets": {"fw.bin": target(b"other")}}, key)
    assert rules_of(forge) == []


# --- the ledger ------------------------------------------------------------------------------------


def test_the_ledger_counts_the_same_finding_once_and_errors_alone() -> None:
    ledger, other = Ledger(), Ledger()
    ledger.report("expired", "a", "x")
    ledger.report("expired", "a", "x")
    ledger.report("root-chain-of-one", "a", "x")
    other.report("expired", "a", "x")
    other.report("expired", "b", "x")
    ledger.extend(other)
    assert [(finding.rule, finding.subject) for finding in ledger.findings] == [
        ("expired", "a"),
        ("root-chain-of-one", "a"),
        ("expired", "b"),
    ]
    assert ledger.errors == 2
    with pytest.raises(KeyError):
        ledger.report("no-such-rule", "a", "x")


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ((), Verdict.VERIFIED),
        (("root-chain-of-one",), Verdict.VERIFIED),
        (("expired",), Verdict.EXPIRED),
        (("expired", "payload-not-checked"), Verdict.UNCHECKED),
        (("expired", "payload-not-checked", "anchor-missing"), Verdict.UNANCHORED),
        (("expired", "payload-not-checked", "anchor-missing", "shape"), Verdict.REJECTED),
    ],
)
def test_the_worst_error_decides(rules: tuple[str, ...], verdict: Verdict) -> None:
    ledger = Ledger()
    for rule in rules:
        ledger.report(rule, "a", "x")
    assert verdict_of(ledger.findings) is verdict
    assert verdict_of(tuple(reversed(ledger.findings))) is verdict


def test_what_is_no_error_decides_nothing() -> None:
    note = Finding(rule="shape", severity=Severity.NOTE, subject="a", message="x", remedy="")
    assert verdict_of((note,)) is Verdict.VERIFIED


def test_a_document_that_is_listed_otherwise_is_named_with_the_beginnings_of_both_hashes() -> None:
    forge = Forge()
    entry = meta_entry(forge.documents()[1]["targets.json"])
    forge.snapshot["meta"]["targets.json"] = entry | {"hashes": {"sha256": "0" * 64}}
    (finding,) = judged((forge.evidence(), forge.anchors())).findings
    assert (finding.rule, finding.subject) == ("listing-hash", "image-repo/targets.json")
    assert finding.message == (
        f"the snapshot lists sha256 {'0' * 16}…, the document has {entry['hashes']['sha256'][:16]}…"
    )


def test_the_documents_of_the_image_repository_are_known_without_a_snapshot() -> None:
    judgement = judged(with_files(without=("snapshot.json",)))
    assert {name for name in judgement.known_documents if name.startswith("image-repo/")} == {
        f"image-repo/{name}.json" for name in ("root", "timestamp", "snapshot", "targets")
    }
    assert "director/box.json" in judgement.known_documents
