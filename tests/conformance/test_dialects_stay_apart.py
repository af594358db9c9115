"""The dialect belongs to the trust anchor: a document of the other one is refused, whatever it claims."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import forge
from conformance.driver import NOW
from conformance.simulator import Key, Repository
from lockstick.errors import DistrustError
from lockstick.lockbox.truststore import TrustStore
from lockstick.metadata.canonical import canonical
from lockstick.metadata.document import read_document
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.tuf import TUF
from lockstick.metadata.uptane import UPTANE
from lockstick.trust.evidence import Anchors
from lockstick.trust.findings import Ledger, Verdict, verdict_of
from lockstick.trust.judge import judge
from lockstick.trust.roots import read_anchor
from lockstick.trust.tuf.refusal import RefusedError
from lockstick.trust.tuf.trusted import TrustedMetadata

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.driver import Driver
    from lockstick.metadata.dialect import Dialect

SPELLINGS = {"targets": "Targets", "snapshot": "Snapshot", "timestamp": "Timestamp", "root": "Root"}


def test_an_uptane_root_is_no_anchor_of_a_tuf_client(client: Driver) -> None:
    anchor = forge.Forge().anchors().image_repo
    assert anchor is not None
    with pytest.raises(RefusedError, match="type-unexpected"):
        TrustedMetadata(anchor.replace(b'"_type"', b'"spec_version":"1.0.31","_type"'), NOW, TUF)
    assert client.init(anchor) == 1
    assert client.versions == {}


def test_a_tuf_root_is_no_anchor_of_a_lockbox(repository: Repository) -> None:
    ledger = Ledger()
    raw = json.dumps(json.loads(repository.files["metadata/1.root.json"])).encode()
    assert read_anchor(raw, "root", UPTANE, ledger) is None
    assert {finding.rule for finding in ledger.findings} == {"type-unexpected", "anchor-invalid"}


def test_a_stored_anchor_keeps_its_dialect(repository: Repository, tmp_path: Path) -> None:
    store = TrustStore(tmp_path)
    raw = repository.files["metadata/1.root.json"]
    assert store.add("plain", Anchors(director=raw, image_repo=raw, source="file", dialect=TUF)).anchors.dialect is TUF
    assert store.show("plain").anchors.dialect is TUF
    with pytest.raises(DistrustError):
        store.add("mixed", Anchors(director=raw, image_repo=raw, source="file", dialect=UPTANE))
    with pytest.raises(DistrustError):
        store.add("lockbox", replace(forge.Forge().anchors(), dialect=TUF))
    assert store.names() == ("plain",)


def test_a_lockbox_below_an_anchor_of_another_dialect_is_rejected() -> None:
    box = forge.Forge()
    judgement = judge(box.evidence(), replace(box.anchors(), dialect=TUF), forge.AT)
    assert verdict_of(judgement.findings) is Verdict.REJECTED
    assert [finding.subject for finding in judgement.findings if finding.rule == "anchor-invalid"] == [
        "director trust anchor",
        "image-repo trust anchor",
    ]


@pytest.mark.parametrize("role", ["2.root", "timestamp", "1.snapshot", "1.targets"])
def test_one_uptane_document_in_a_tuf_repository_is_refused(client: Driver, repository: Repository, role: str) -> None:
    repository.publish_root()
    name = role.rpartition(".")[2]
    body = json.loads(repository.files[f"metadata/{role}.json"])["signed"] | {"_type": SPELLINGS[name]}
    repository.files[f"metadata/{role}.json"] = repository.sign(name, body)
    assert client.init() == 0
    assert client.refresh() == 1
    assert client.versions.get(name, 1) == 1


def test_a_base64_signature_in_a_tuf_document_proves_nothing(client: Driver, repository: Repository) -> None:
    envelope = json.loads(repository.files["metadata/timestamp.json"])
    envelope["signatures"] = [forge.Key(seed=1).signature(envelope["signed"], keyid=Key("timestamp").keyid)]
    repository.files["metadata/timestamp.json"] = json.dumps(envelope).encode()
    assert client.init() == 0
    assert client.refresh() == 1


@pytest.mark.parametrize(
    ("part", "rule"),
    [("_type", "type-unexpected"), ("signature", "signature-invalid"), ("key", "key-type-unsupported")],
)
def test_one_tuf_document_in_a_lockbox_is_refused(part: str, rule: str) -> None:
    box = forge.Forge()
    director, images = box.documents()
    match part:
        case "_type":
            box.targets |= {"_type": "targets", "spec_version": "1.0.31"}
            images["targets.json"] = forge.envelope(box.targets, box.targets_key)
        case "signature":
            entry = images["targets.json"]["signatures"][0]
            entry["sig"] = box.targets_key.sign(canonical(box.targets)).hex()
        case _:
            key = Key("stranger", "ecdsa")
            box.image_roots[1]["keys"][key.keyid] = key.public
            images["2.root.json"] = forge.envelope(box.image_roots[1], box.image_root_key)
    judgement = judge(forge.evidence(director, images), box.anchors(), forge.AT)
    assert verdict_of(judgement.findings) is Verdict.REJECTED
    assert rule in {finding.rule for finding in judgement.findings}


@pytest.mark.parametrize("smuggled", ["1.0.31", "2.0", 7, None])
def test_a_spec_version_that_is_smuggled_into_a_lockbox_changes_nothing(smuggled: Any) -> None:
    box = forge.Forge()
    for body in (*box.director_roots, *box.image_roots, box.lockbox, box.offline_snapshot, box.targets, box.snapshot):
        body["spec_version"] = smuggled
    judgement = judge(box.evidence(), box.anchors(), forge.AT)
    assert verdict_of(judgement.findings) is Verdict.VERIFIED
    assert judgement.findings == ()


@pytest.mark.parametrize("version", ["1.0", "1.0.31", "1.99.0"])
def test_any_first_version_of_tuf_is_read(repository: Repository, version: str) -> None:
    repository.root["spec_version"] = version
    assert read_document(repository.publish_root(), "root", TUF).version == 2


@pytest.mark.parametrize("version", ["2.0.0", "0.9", "1", "01.0.x", "1.0.31-rc1", "1.0.0.0", "", 1, None])
def test_another_spec_version_than_the_first_is_refused(repository: Repository, version: Any) -> None:
    repository.root["spec_version"] = version
    with pytest.raises(MalformedError, match="spec_version"):
        read_document(repository.publish_root(), "root", TUF)
    del repository.root["spec_version"]
    with pytest.raises(MalformedError, match="spec_version"):
        read_document(repository.publish_root(), "root", TUF)


@pytest.mark.parametrize("dialect", [TUF, UPTANE], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("kind", ["TARGETS", "tarGets", "targets ", "Offline-updates", "mirrors", ""])
def test_the_type_is_compared_letter_by_letter(dialect: Dialect, kind: str) -> None:
    signed = {"_type": kind, "spec_version": "1.0.31", "version": 1, "expires": forge.LATER}
    with pytest.raises(MalformedError, match="_type"):
        read_document(json.dumps({"signatures": [], "signed": signed}).encode(), "document", dialect)
