"""Rules about time and age."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from forge import EARLIER, Forge, envelope, meta_entry
from lockstick.trust.findings import Verdict, verdict_of
from trust.rules.scenarios import Scenarios, delegating_forge, judged, with_timestamp

if TYPE_CHECKING:
    from lockstick.trust.evidence import Anchors, Evidence

scenario = Scenarios()


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


@scenario("timestamp-stale")
def a_timestamp_of_yesterday() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.documents()
    return with_timestamp({"snapshot.json": meta_entry(envelope(forge.snapshot, forge.snapshot_key))}, expires=EARLIER)


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
