"""What was verified before makes older documents known for what they are."""

from __future__ import annotations

from forge import AT, Forge
from lockstick.trust.findings import Ledger, Verdict, verdict_of
from lockstick.trust.judge import judge
from lockstick.trust.memory import Seen, advance, compare, seen_in


def now() -> Seen:
    forge = Forge()
    return seen_in(judge(forge.evidence(), forge.anchors(), AT).trail)


def found(documents: dict[str, int] | None = None, lockboxes: dict[str, int] | None = None) -> Ledger:
    ledger = Ledger()
    compare(Seen(documents=documents or {}, lockboxes=lockboxes or {}), now(), ledger)
    return ledger


def test_the_versions_of_all_documents_are_seen() -> None:
    assert now() == Seen(
        documents={
            "director/root.json": 2,
            "director/offline-snapshot.json": 7,
            "image-repo/root.json": 2,
            "image-repo/snapshot.json": 9,
            "image-repo/targets.json": 4,
        },
        lockboxes={"box.json": 3},
    )


def test_one_root_is_a_chain_too() -> None:
    forge = Forge()
    forge.director_roots.append(dict(forge.director_roots[1], version=3))
    forge.image_roots.pop()
    seen = seen_in(judge(forge.evidence(), forge.anchors(), AT).trail).documents
    assert (seen["director/root.json"], seen["image-repo/root.json"]) == (3, 1)


def test_each_document_that_is_older_than_before_is_superseded() -> None:
    for subject, version in now().documents.items():
        ledger = found({subject: version + 1})
        assert [(finding.rule, finding.subject) for finding in ledger.findings] == [("superseded", subject)]
        assert verdict_of(ledger.findings) is Verdict.EXPIRED
        (finding,) = ledger.findings
        assert finding.message == f"this is version {version}; this machine has verified version {version + 1} before"
    ledger = found(lockboxes={"box.json": 4})
    assert [(finding.rule, finding.subject) for finding in ledger.findings] == [("superseded", "director/box.json")]


def test_the_same_again_and_newer_are_fine() -> None:
    seen = now()
    assert found(dict(seen.documents), dict(seen.lockboxes)).findings == ()
    assert found({"director/offline-snapshot.json": 6}, {"box.json": 2}).findings == ()


def test_a_lockbox_that_is_no_longer_listed_is_a_warning() -> None:
    ledger = found(lockboxes={"other.json": 1})
    assert [(finding.rule, finding.subject, finding.message) for finding in ledger.findings] == [
        ("listing-vanished", "director/offline-snapshot.json", "it no longer lists other.json, which it once did")
    ]
    assert verdict_of(ledger.findings) is Verdict.VERIFIED


def test_nothing_that_is_remembered_is_ever_lowered_or_forgotten() -> None:
    before = Seen(documents={"a": 5, "b": 1}, lockboxes={"gone.json": 3, "x.json": 9})
    after = advance(before, Seen(documents={"a": 4, "b": 2, "c": 1}, lockboxes={"x.json": 8}))
    assert after == Seen(documents={"a": 5, "b": 2, "c": 1}, lockboxes={"gone.json": 3, "x.json": 9})
    assert advance(None, before) == before
