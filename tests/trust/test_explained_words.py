"""What the chain of a package says wherever it is not the chain of a sound lockbox, as somebody approved it.

After a change of words: ``PYTHONPATH=tests python tests/trust/test_explained_words.py``, then read the difference in
explained.json.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from forge import AT, PAYLOAD, Forge, envelope
from lockstick.metadata.canonical import canonical
from lockstick.trust.evidence import Evidence, RepositoryEvidence
from lockstick.trust.explain import Explanation, Link, explain
from lockstick.trust.findings import Ledger, Verdict
from lockstick.trust.judge import judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from forge import Key
    from lockstick.trust.evidence import Anchors

from trust.rules.test_table import SCENARIOS
from trust.test_judging import MORE

WORDS = Path(__file__).with_name("explained.json")
_SCENARIOS: dict[str, Callable[[], tuple[Evidence, Anchors]]] = {
    **{name: build for _, name, build in SCENARIOS},
    **{build.__name__: build for build in MORE},
}


def chains(found: Evidence, anchors: Anchors) -> list[Explanation]:
    judgement = judge(found, anchors, AT)
    targets = list(judgement.trail.targets) or ["fw.bin"]
    return [explain(judgement, target, bytes_say="there") for target in targets]


def lines(one: Explanation) -> list[str]:
    shape = "" if one.shape is None else one.shape.value
    broken = "nothing" if one.broken is None else one.broken.name
    heading = f"{one.target!r}: {one.verdict.value}, broken: {broken}, looks like: {shape}"
    links = [
        f"{link.name}: {link.says} {[f'{found.rule} {found.subject}' for found in link.findings]}" for link in one.links
    ]
    return [re.sub("[0-9a-f]{16,}", "<hex>", line) for line in (heading, *links)]


def sound() -> list[str]:
    forge = Forge()
    (one,) = chains(forge.evidence(), forge.anchors())
    return lines(one)


def said(name: str) -> list[str]:
    known = set(sound())
    return [line for one in chains(*_SCENARIOS[name]()) for line in lines(one) if line not in known]


def approved() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(WORDS.read_text())
    return found


@pytest.mark.parametrize("name", sorted(_SCENARIOS))
def test_every_chain_says_what_was_approved(name: str) -> None:
    assert said(name) == approved()[name]


def test_nothing_is_approved_that_nobody_says() -> None:
    assert set(approved()) == set(_SCENARIOS)


def test_a_sound_chain_word_by_word() -> None:
    forge = Forge()
    anchors = forge.anchors()
    (one,) = chains(forge.evidence(), anchors)
    assert anchors.director is not None
    assert anchors.image_repo is not None
    package = f"32 bytes; sha256 {hashlib.sha256(PAYLOAD).hexdigest()}; hardware ids: board"
    until = "expires 2027-06-01T00:00:00Z"

    def link(name: str, says: str) -> Link:
        return Link(name=name, says=says, findings=())

    def document(name: str, file: str, key: Key) -> Link:
        return link(name, f"{file}; signed by {key.keyid[:16]} (1 needed); {until}")

    def roots(name: str, key: Key) -> Link:
        return link(name, f"version 1 to 2; 1 of the keys {key.keyid[:16]} must sign; {until}")

    def anchor(name: str, raw: bytes) -> Link:
        return link(name, f"{hashlib.sha256(raw).hexdigest()[:16]}, from: file")

    links = (
        anchor("the director trust anchor", anchors.director),
        roots("the director roots", forge.root_key),
        document("the offline-snapshot", "director/offline-snapshot.json version 7", forge.offline_key),
        link("its entry for the lockbox", "box.json version 3"),
        document("the lockbox", "director/box.json version 3", forge.offline_key),
        link("its entry for the package", package),
        anchor("the image-repo trust anchor", anchors.image_repo),
        roots("the image-repo roots", forge.image_root_key),
        document("the image repository's snapshot", "image-repo/snapshot.json version 9", forge.snapshot_key),
        document("the image repository's targets", "image-repo/targets.json version 4", forge.targets_key),
        link("the image repository's entry for the package", package),
        link("the bytes on the medium", "there"),
    )
    assert one == Explanation(target="fw.bin", links=links, verdict=Verdict.VERIFIED)


def test_several_roots_and_keys_are_listed() -> None:
    forge = Forge()
    second = forge.director_roots[1]
    second["keys"][forge.other_key.keyid] = forge.other_key.public
    second["roles"]["root"]["keyids"].append(forge.other_key.keyid)
    second["roles"]["offline-snapshot"]["keyids"].append(forge.other_key.keyid)
    forge.director_roots.append(dict(second, version=3))
    forge.image_roots.pop()
    found, anchors = forge.evidence(), forge.anchors()
    files = dict(found.director.files)
    files["offline-snapshot.json"] = canonical(envelope(forge.offline_snapshot, forge.offline_key, forge.other_key))
    (one,) = chains(Evidence(director=RepositoryEvidence(files=files), image_repo=found.image_repo), anchors)
    says = {link.name: link.says for link in one.links}
    root, other = forge.root_key.keyid[:16], forge.other_key.keyid[:16]
    assert says["the director roots"] == (
        f"version 1 to 3; 1 of the keys {root}, {other} must sign; expires 2027-06-01T00:00:00Z"
    )
    assert says["the image-repo roots"].startswith("version 1; ")
    assert f"signed by {forge.offline_key.keyid[:16]}, {other} (1 needed)" in says["the offline-snapshot"]


def test_further_findings_about_the_folder_of_the_image_repository_are_put_to_its_targets() -> None:
    forge = Forge()
    judgement = judge(forge.evidence(), forge.anchors(), AT)
    ledger = Ledger()
    ledger.report("document-name-case", "image-repo/Feed.json", "it is there in another case")
    ledger.report("document-name-case", "elsewhere/Feed.json", "it is there in another case")
    ledger.report("document-unreadable", "image-repo/other.json", "it cannot be read")
    found = explain(judgement, "fw.bin", extra=ledger.findings, bytes_say="there")
    assert {link.name: [one.subject for one in link.findings] for link in found.links if link.findings} == {
        "the image repository's targets": ["image-repo/Feed.json"]
    }


if __name__ == "__main__":
    WORDS.write_text(json.dumps({name: said(name) for name in sorted(_SCENARIOS)}, indent=1) + "\n")
    print(*sound(), sep="\n")  # noqa: T201 - for whoever reads the difference
