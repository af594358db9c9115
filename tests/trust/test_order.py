"""Documents are fed in one order; anything else is a mistake of the program and raises."""

from __future__ import annotations

import pytest

from forge import AT, Forge
from lockstick.metadata.canonical import canonical
from lockstick.metadata.document import read_document
from lockstick.metadata.roles import read_root
from lockstick.metadata.uptane import UPTANE
from lockstick.trust.director import DirectorDocuments
from lockstick.trust.evidence import RepositoryEvidence
from lockstick.trust.findings import Ledger
from lockstick.trust.image_repo import ImageDocuments
from lockstick.trust.roots import RootChain, read_anchor


@pytest.fixture
def forge() -> Forge:
    return Forge()


def test_roots_are_offered_in_ascending_order(forge: Forge) -> None:
    ledger = Ledger()
    anchor = read_anchor(forge.anchors().director or b"", "anchor", UPTANE, ledger)
    assert anchor is not None
    chain = RootChain(anchor, "director", UPTANE, ledger)
    chain.offer(1, forge.evidence().director.files["1.root.json"])
    with pytest.raises(RuntimeError, match=r"^roots are offered in ascending order, before the chain ends$"):
        chain.offer(1, b"")
    chain.finish(AT)
    with pytest.raises(RuntimeError, match=r"^roots are offered in ascending order, before the chain ends$"):
        chain.offer(2, b"")


def test_the_lockbox_comes_after_the_offline_snapshot(forge: Forge) -> None:
    files = forge.evidence().director.files
    root = read_root(read_document(files["2.root.json"], "root", UPTANE))
    documents = DirectorDocuments(root, AT, Ledger())
    with pytest.raises(RuntimeError, match=r"^the lockbox is offered once, after the offline-snapshot$"):
        documents.offer_lockbox("box", files["box.json"])
    documents.offer_snapshot(files["offline-snapshot.json"])
    with pytest.raises(RuntimeError, match=r"^the offline-snapshot is offered once$"):
        documents.offer_snapshot(files["offline-snapshot.json"])
    with pytest.raises(RuntimeError, match=r"^the offline-snapshot was offered already$"):
        documents.skip_snapshot()
    documents.offer_lockbox("box", files["box.json"])
    with pytest.raises(RuntimeError, match=r"^the lockbox is offered once, after the offline-snapshot$"):
        documents.offer_lockbox("box", files["box.json"])


def test_targets_come_after_the_snapshot(forge: Forge) -> None:
    files = forge.evidence().image_repo.files
    root = read_root(read_document(files["2.root.json"], "root", UPTANE))
    documents = ImageDocuments(root, RepositoryEvidence(files=files), AT, Ledger())
    assert documents.find("fw.bin") is None
    documents.offer_snapshot(files["snapshot.json"])
    documents.offer_targets(files["targets.json"])
    for again in (documents.offer_timestamp, documents.offer_snapshot, documents.offer_targets):
        with pytest.raises(RuntimeError, match=r"^timestamp, snapshot and targets are offered once each, in this "):
            again(canonical({}))
