"""Signed documents, in both dialects, and whole judgements."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from conformance.simulator import Repository
from families.target import Target, split
from forge import AT, Forge, evidence
from ground import sound
from lockstick.errors import LockstickError
from lockstick.metadata.canonical import canonical
from lockstick.metadata.document import Document, read_document
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.olpc import olpc_canonical
from lockstick.metadata.roles import read_meta, read_root
from lockstick.metadata.strictjson import parse_object, parse_standard_object
from lockstick.metadata.targets import read_targets
from lockstick.metadata.tuf import TUF
from lockstick.metadata.uptane import UPTANE
from lockstick.trust.currency import Answer, compare_published, judge_published
from lockstick.trust.evidence import Anchors, Evidence, RepositoryEvidence
from lockstick.trust.explain import explain as explain_chain
from lockstick.trust.findings import Ledger, Verdict, verdict_of
from lockstick.trust.judge import judge
from lockstick.trust.tuf.search import find_target
from lockstick.trust.tuf.trusted import TrustedMetadata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockstick.metadata.dialect import Dialect
    from lockstick.trust.trail import Trail

__all__ = ["PLACES", "TARGETS", "lockbox_files", "place_seeds"]

PLACES = sorted(sound())
_SIGNED = ("lockbox", "offline_snapshot", "targets", "snapshot", "director_roots", "image_roots")
_PUBLISHED = (
    ("lockbox", "box.json"),
    ("offline_snapshot", "offline-snapshot.json"),
    ("director_roots", "2.root.json"),
)


@cache
def lockbox_files() -> dict[str, dict[str, bytes]]:
    """A sound lockbox: repository to file name to bytes."""
    files: dict[str, dict[str, bytes]] = {"director": {}, "image-repo": {}}
    for (repository, name), raw in sound().items():
        files[repository][name] = raw
    return files


def strict_json(data: bytes) -> None:
    """The strict reader; what it takes has one canonical form."""
    with suppress(MalformedError):
        form = canonical(parse_object(data, "fuzz.json"))
        if canonical(parse_object(form, "again")) != form:
            raise AssertionError("the canonical form is not read as itself")


def standard_json(data: bytes) -> None:
    """The reader of the TUF dialect; what it takes can be written."""
    with suppress(MalformedError):
        olpc_canonical(parse_standard_object(data, "fuzz.json"))


def signed_document(data: bytes) -> None:
    """Envelope, then the body as if it were of every role."""
    _read_as_all(data, UPTANE)


def tuf_document(data: bytes) -> None:
    """The same in the TUF dialect."""
    _read_as_all(data, TUF)


def _read_as_all(data: bytes, dialect: Dialect) -> None:
    with suppress(MalformedError):
        document = read_document(data, "fuzz.json", dialect)
        document.listed_hash("sha256")
        for read in (read_root, read_meta, _targets):
            with suppress(MalformedError):
                read(document)


def _targets(document: Document) -> None:
    targets = read_targets(document)
    for name in targets.entries:
        with suppress(MalformedError):
            targets.find(name)


def lockbox(data: bytes) -> None:
    """A whole judgement: the first byte says which file of the lockbox the others replace; it never raises."""
    files = {repository: dict(part) for repository, part in lockbox_files().items()}
    anchors = Anchors(
        director=files["director"]["1.root.json"],
        image_repo=files["image-repo"]["1.root.json"],
        source="file",
        dialect=UPTANE,
    )
    choice, rest = split(data, len(PLACES))
    repository, name = PLACES[choice]
    files[repository][name] = rest
    parts = {of: RepositoryEvidence(files=found) for of, found in files.items()}
    _judge(Evidence(director=parts["director"], image_repo=parts["image-repo"]), anchors)


def signed_lockbox(data: bytes) -> None:
    """A whole judgement of a body that whoever holds the keys has signed; everything else lists it truly."""
    choice, rest = split(data, len(_SIGNED))
    forge = Forge()
    try:
        body: Any = parse_object(rest, "fuzz.json")
    except MalformedError:
        return
    member = _SIGNED[choice]
    if member.endswith("_roots"):
        body = [getattr(forge, member)[0], body]
    setattr(forge, member, body)
    anchors = forge.anchors()
    with suppress(KeyError, TypeError):  # the forge itself wants versions and lists where it has to look
        _judge(evidence(*forge.documents()), anchors)


def _judge(found: Evidence, anchors: Anchors) -> None:
    judgement = judge(found, anchors, AT)
    for target in [one.target for one in judgement.packages[:3]] or ["fw.bin"]:
        explain_chain(judgement, target)


@cache
def _verified_lockbox() -> Trail:
    forge = Forge()
    return judge(forge.evidence(), forge.anchors(), AT).trail


def published(data: bytes) -> None:
    """What a Director publishes, held against a verified lockbox: the first byte says which file."""
    choice, rest = split(data, 2 * len(_PUBLISHED))
    forge = Forge()
    member, name = _PUBLISHED[choice % len(_PUBLISHED)]
    files = dict(forge.evidence().director.files)
    if choice < len(_PUBLISHED):
        files[name] = rest
    else:
        try:
            body: Any = parse_object(rest, "fuzz.json")
        except MalformedError:
            return
        setattr(forge, member, [forge.director_roots[0], body] if member == "director_roots" else body)
        with suppress(KeyError, TypeError):  # as above
            files = dict(forge.evidence().director.files)
    found = judge_published(files, "box", Forge().anchors(), AT)
    if verdict_of(found.findings) not in (Verdict.VERIFIED, Verdict.EXPIRED):
        return
    ledger = Ledger()
    answer = compare_published(_verified_lockbox(), found.trail, "box", ledger)
    if (answer is Answer.CURRENT) != (verdict_of(ledger.findings) is Verdict.VERIFIED):
        raise AssertionError("the answer is not what was found")


@cache
def _repository() -> Repository:
    made = Repository()
    key = made.delegate("targets", "role", "*.bin")
    made.roles["role"]["targets"]["fw.bin"] = {"length": 1, "hashes": {"sha256": "0" * 64}}
    made.signers["role"] = [key]
    made.publish("role", "targets")
    return made


def tuf_repository(data: bytes) -> None:
    """A whole update of a TUF client: the first byte says which file the others replace, signed or not."""
    choice, rest = split(data, 10)
    made = _repository()
    files = {
        "root": made.files["metadata/1.root.json"],
        "timestamp": made.files["metadata/timestamp.json"],
        "snapshot": made.files["metadata/2.snapshot.json"],
        "targets": made.files["metadata/2.targets.json"],
        "role": made.files["metadata/1.role.json"],
    }
    role = list(files)[choice % 5]
    if choice >= len(files):
        try:
            rest = made.sign(role, parse_standard_object(rest, "fuzz.json"))
        except (MalformedError, ValueError, TypeError):
            return
    files[role] = rest
    with suppress(LockstickError):
        trusted = TrustedMetadata(files["root"] if role == "root" else made.files["metadata/1.root.json"], AT, TUF)
        with suppress(LockstickError):
            trusted.adopt_root(rest)
        trusted.end_roots()
        trusted.recall(timestamp=rest, snapshot=rest)
        trusted.adopt_timestamp(files["timestamp"])
        if not trusted.recall_snapshot():
            trusted.adopt_snapshot(files["snapshot"])
        trusted.adopt_targets(files["targets"])
        find_target(
            trusted.targets,
            "fw.bin",
            lambda delegation, delegator: trusted.delegated(files["role"], delegation, delegator),
            most_roles=32,
        )


def _texts() -> list[bytes]:
    documents = [sound()[place] for place in PLACES]
    return [*documents, json.dumps(json.loads(documents[0]), indent=2).encode(), b'{"a":["\\n",-1,null]}']


def _tuf_texts() -> list[bytes]:
    return [raw for name, raw in _repository().files.items() if name.startswith("metadata/")]


def place_seeds() -> list[bytes]:
    """One seed for each file of a sound lockbox."""
    return [bytes([index]) + sound()[place] for index, place in enumerate(PLACES)]


def _signed_seeds() -> list[bytes]:
    forge = Forge()
    forge.documents()
    bodies = [getattr(forge, member) for member in _SIGNED]
    return [
        bytes([index]) + canonical(body[1] if isinstance(body, list) else body) for index, body in enumerate(bodies)
    ]


def _published_seeds() -> list[bytes]:
    files = Forge().evidence().director.files
    bodies = {number: json.dumps(json.loads(files[name])["signed"]) for number, (_, name) in enumerate(_PUBLISHED)}
    return [
        *(bytes([number]) + files[name] for number, (_, name) in enumerate(_PUBLISHED)),
        *(bytes([len(_PUBLISHED) + number]) + body.encode() for number, body in bodies.items()),
    ]


def _tuf_seeds() -> Sequence[bytes]:
    made = _repository()
    names = ("1.root", "timestamp", "2.snapshot", "2.targets", "1.role")
    documents = [made.files[f"metadata/{name}.json"] for name in names]
    bodies = [json.dumps(json.loads(raw)["signed"]).encode() for raw in documents]
    return [bytes([index]) + raw for index, raw in enumerate((*documents, *bodies))]


TARGETS = {
    "strict_json": Target(strict_json, _texts),
    "standard_json": Target(standard_json, lambda: [*_texts(), '{"ä":"\\ud83d\\ude00"}'.encode()]),
    "signed_document": Target(signed_document, _texts),
    "tuf_document": Target(tuf_document, _tuf_texts),
    "lockbox": Target(lockbox, place_seeds),
    "signed_lockbox": Target(signed_lockbox, _signed_seeds),
    "published": Target(published, _published_seeds),
    "tuf_repository": Target(tuf_repository, _tuf_seeds),
}
