"""How the image repository's delegations are searched, and where a search ends."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from forge import AT, LATER, Forge, envelope, evidence, role, target
from lockstick.metadata.roles import RoleKeys
from lockstick.metadata.targets import Delegation
from lockstick.metadata.tuf import TUF
from lockstick.metadata.uptane import UPTANE
from lockstick.trust.judge import judge
from lockstick.trust.patterns import speaks_of

if TYPE_CHECKING:
    from lockstick.metadata.dialect import Dialect
    from lockstick.trust.judge import Judgement

FW = {"fw.bin": target(targetFormat="BINARY")}
BROKEN = {"fw.bin": target(targetFormat="BINARY") | {"length": "thirty-two"}}
ODD = {"fw.bin": target(targetFormat=["BINARY"])}


class Tree(Forge):
    """A forge whose image repository has nothing but delegated roles, all signed by one key."""

    def __init__(self, *top: str) -> None:
        super().__init__(image_targets={})
        self.targets["delegations"] = self.below(*top)

    def below(self, *names: str) -> dict[str, Any]:
        key = self.other_key
        return {
            "keys": {key.keyid: key.public},
            "roles": [{"name": name, "paths": ["*"], "terminating": False} | role(key) for name in names],
        }

    def add(self, name: str, *below: str, targets: dict[str, Any] | None = None) -> None:
        body: dict[str, Any] = {"_type": "Targets", "expires": LATER, "targets": targets or {}, "version": 1}
        if below:
            body["delegations"] = self.below(*below)
        self.delegated[name] = envelope(body, self.other_key)


def judged(forge: Forge) -> Judgement:
    return judge(forge.evidence(), forge.anchors(), AT)


def said(forge: Forge) -> list[tuple[str, str]]:
    return [(finding.rule, finding.subject) for finding in judged(forge).findings]


def test_a_role_with_an_unreadable_entry_ends_the_search() -> None:
    forge = Tree("first", "second")
    forge.add("first", targets=BROKEN)
    forge.add("second", targets=FW)
    assert said(forge) == [("shape", "image-repo/first.json"), ("target-unknown", "fw.bin")]


def test_an_entry_that_is_odd_only_where_a_search_reads_it_ends_the_search_too() -> None:
    forge = Tree("first", "second")
    forge.add("first", targets=ODD)
    forge.add("second", targets=FW)
    judgement = judged(forge)
    assert [(one.rule, one.subject) for one in judgement.findings] == [
        ("shape", "image-repo/first.json"),
        ("target-unknown", "fw.bin"),
    ]
    assert "fw.bin" in judgement.findings[0].message


def test_a_role_that_may_not_be_believed_ends_the_search_from_any_depth() -> None:
    forge = Tree("first", "second")
    forge.add("first", "below")
    forge.delegated["below"] = envelope({"_type": "Targets", "expires": LATER, "targets": {}, "version": 1})
    forge.add("second", targets=FW)
    assert said(forge) == [("threshold-unmet", "image-repo/below.json"), ("target-unknown", "fw.bin")]


def test_roles_that_no_search_leads_to_are_judged_as_deep_as_a_search_may_go() -> None:
    for unsigned in range(1, 9):
        forge = Tree("level-1")
        forge.targets["targets"] = FW
        for level in range(1, 9):
            forge.add(f"level-{level}", *([f"level-{level + 1}"] if level < 8 else []))
        body = forge.delegated[f"level-{unsigned}"]["signed"]
        forge.delegated[f"level-{unsigned}"] = envelope(body)
        wanted = [("threshold-unmet", f"image-repo/level-{unsigned}.json")] if unsigned <= 5 else []
        assert said(forge) == wanted


def test_a_role_that_lies_too_deep_ends_the_search() -> None:
    forge = Tree("level-1", "beside")
    for level in range(1, 7):
        forge.add(f"level-{level}", *([f"level-{level + 1}"] if level < 6 else []))
    forge.add("beside", targets=FW)
    assert said(forge) == [("delegation-depth", "image-repo/level-5.json"), ("target-unknown", "fw.bin")]


def test_a_role_that_was_searched_before_does_not_keep_the_next_one_from_being_searched() -> None:
    forge = Tree("first", "shared", "last")
    forge.add("first", "shared")
    forge.add("shared")
    forge.add("last", targets=FW)
    judgement = judged(forge)
    assert judgement.findings == ()
    assert [(step.delegator.document.name, step.delegation.name) for step in judgement.trail.routes["fw.bin"]] == [
        ("image-repo/targets.json", "first"),
        ("image-repo/first.json", "shared"),
        ("image-repo/targets.json", "shared"),
        ("image-repo/targets.json", "last"),
    ]
    assert all(step.role is not None for step in judgement.trail.routes["fw.bin"])


def test_what_lies_below_a_role_that_was_searched_before_is_not_searched_again() -> None:
    forge = Tree("first", "second")
    forge.add("first", "shared")
    forge.add("second", "shared")
    forge.add("shared", "leaf")
    forge.add("leaf")
    assert [(step.delegator.document.name, step.delegation.name) for step in judged(forge).trail.routes["fw.bin"]] == [
        ("image-repo/targets.json", "first"),
        ("image-repo/first.json", "shared"),
        ("image-repo/shared.json", "leaf"),
        ("image-repo/targets.json", "second"),
        ("image-repo/second.json", "shared"),
    ]


def test_nobody_follows_the_delegations_of_targets_that_nobody_signed() -> None:
    forge = Tree("first")
    forge.add("first", targets=BROKEN)
    director, image_repo = forge.documents()
    image_repo["targets.json"] = envelope(forge.targets, forge.snapshot_key)
    judgement = judge(evidence(director, image_repo), forge.anchors(), AT)
    assert "image-repo/first.json" not in {finding.subject for finding in judgement.findings}
    assert "threshold-unmet" in {finding.rule for finding in judgement.findings}


def test_nobody_follows_the_delegations_of_targets_whose_signers_the_root_does_not_name() -> None:
    forge = Tree("first")
    forge.add("first", targets=BROKEN)
    for root in forge.image_roots:
        del root["roles"]["targets"]
    found = said(forge)
    assert ("role-missing", "image-repo/targets.json") in found
    assert "image-repo/first.json" not in {subject for _, subject in found}


def test_a_fault_in_what_a_delegated_role_delegates_is_that_roles() -> None:
    forge = Tree("first")
    forge.add("first", "Snapshot", targets=FW)
    assert said(forge) == [("delegation-name", "image-repo/first.json")]


def test_stars_of_a_lockboxs_delegations_cross_slashes() -> None:
    entry = {"deep/er/fw.bin": target(targetFormat="BINARY")}
    forge = Tree("first")
    forge.lockbox["targets"] = entry
    forge.add("first", targets=entry)
    assert said(forge) == []


@pytest.mark.parametrize(
    ("dialect", "pattern", "name", "fits"),
    [
        (UPTANE, "a/*", "a/b/c", True),
        (TUF, "a/*", "a/b/c", False),
        (TUF, "a/*", "a/b", True),
        (UPTANE, "b", "a", False),
    ],
)
def test_a_delegation_speaks_of_names_by_its_delegators_dialect(
    dialect: Dialect, pattern: str, name: str, *, fits: bool
) -> None:
    assert speaks_of(delegation(paths=(pattern,)), name, dialect) is fits


def test_a_beginning_of_a_hash_speaks_of_any_name() -> None:
    for name in ("file", "half of a pair: \ud800"):
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        assert speaks_of(delegation(hash_prefixes=("zz", digest[:3])), name, TUF)
        assert not speaks_of(delegation(hash_prefixes=("zz", digest[1:4] + "g")), name, TUF)


def delegation(paths: tuple[str, ...] = (), hash_prefixes: tuple[str, ...] = ()) -> Delegation:
    nobody = RoleKeys(role="x", listed=(), keys={}, threshold=1)
    return Delegation(name="x", signers=nobody, paths=paths, hash_prefixes=hash_prefixes, terminating=False)
