"""Scenarios: broken repositories by the rule that they break; and what several subjects need to make them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from forge import AT, LATER, Forge, envelope, evidence, role, target
from lockstick.trust.evidence import Anchors, Evidence
from lockstick.trust.judge import Judgement, judge

__all__ = [
    "Scenario",
    "Scenarios",
    "change_file",
    "delegating",
    "delegating_forge",
    "judged",
    "with_timestamp",
    "without",
]

Scenario = Callable[[], tuple[Evidence, Anchors]]


class Scenarios:
    """The scenarios of one subject, registered by ``@scenario("rule-id")``."""

    def __init__(self) -> None:
        self.all: list[tuple[str, str, Scenario]] = []

    def __call__(self, rule: str) -> Callable[[Scenario], Scenario]:
        def register(function: Scenario) -> Scenario:
            self.all.append((rule, function.__name__, function))
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


def without(repository: str, name: str) -> tuple[Evidence, Anchors]:
    forge = Forge()
    director, image_repo = forge.documents()
    {"director": director, "image-repo": image_repo}[repository].pop(name)
    return evidence(director, image_repo), forge.anchors()


def with_timestamp(meta: dict[str, Any], expires: str = LATER) -> tuple[Evidence, Anchors]:
    forge = Forge()
    director, image_repo = forge.documents()
    body = {"_type": "Timestamp", "expires": expires, "meta": meta, "version": 1}
    image_repo["timestamp.json"] = envelope(body, forge.snapshot_key)
    return evidence(director, image_repo), forge.anchors()


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
