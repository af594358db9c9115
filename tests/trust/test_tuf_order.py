"""The core of the TUF client raises when documents are offered out of order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.driver import NOW
from conformance.simulator import PAST, Repository
from lockstick.metadata.tuf import TUF
from lockstick.trust.patterns import matches_by_component
from lockstick.trust.tuf.refusal import ExpiredError
from lockstick.trust.tuf.trusted import TrustedMetadata

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Repository()
ROOT = REPOSITORY.files["metadata/1.root.json"]


def _file(name: str) -> bytes:
    return REPOSITORY.files[f"metadata/{name}.json"]


STEPS: dict[str, Callable[[TrustedMetadata], Any]] = {
    "end": lambda trusted: trusted.end_roots(),
    "recall": lambda trusted: trusted.recall(timestamp=None, snapshot=None),
    "timestamp": lambda trusted: trusted.adopt_timestamp(_file("timestamp")),
    "snapshot": lambda trusted: trusted.adopt_snapshot(_file("1.snapshot")),
    "targets": lambda trusted: trusted.adopt_targets(_file("1.targets")),
    "ask": lambda trusted: trusted.targets,
    "root": lambda trusted: trusted.adopt_root(b""),
}


RECALLED_ONCE = "old documents are recalled once, after the roots have ended"
ONE_TIMESTAMP = "one timestamp is adopted, after old documents were recalled"
ONE_ORDER = "timestamp, snapshot and targets are adopted in this order"


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ("recall", RECALLED_ONCE),
        ("timestamp", ONE_TIMESTAMP),
        ("end timestamp", ONE_TIMESTAMP),
        ("end recall recall", RECALLED_ONCE),
        ("end root", "no root is adopted after the roots have ended"),
        ("end recall snapshot", ONE_ORDER),
        ("end recall timestamp timestamp", ONE_TIMESTAMP),
        ("end recall timestamp targets", ONE_ORDER),
        ("end recall timestamp snapshot ask", "targets are adopted before they are asked for"),
    ],
)
def test_documents_are_offered_in_one_order(steps: str, complaint: str) -> None:
    trusted = TrustedMetadata(ROOT, NOW, TUF)
    *before, last = steps.split()
    for step in before:
        STEPS[step](trusted)
    with pytest.raises(RuntimeError) as caught:
        STEPS[last](trusted)
    assert str(caught.value) == complaint


def test_the_one_order_leads_to_targets() -> None:
    trusted = TrustedMetadata(ROOT, NOW, TUF)
    for step in ["end", "recall", "timestamp", "snapshot", "targets", "ask"]:
        STEPS[step](trusted)
    assert trusted.targets.document.raw == _file("1.targets")


def test_roots_cannot_end_with_an_expired_one() -> None:
    repository = Repository()
    repository.root["expires"] = PAST
    trusted = TrustedMetadata(ROOT, NOW, TUF)
    trusted.adopt_root(repository.publish_root())
    with pytest.raises(ExpiredError):
        trusted.end_roots()


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("", "", True),
        ("a", "a", True),
        ("*", "", True),
        ("*", "a/", False),
        ("*/", "a/", True),
        ("a/*/c", "a/b/c", True),
        ("a/*", "a", False),
        ("**", "a/b", False),
        ("a[/]b", "a/b", False),
    ],
)
def test_components_are_matched_one_by_one(pattern: str, name: str, *, fits: bool) -> None:
    assert matches_by_component(pattern, name) is fits
