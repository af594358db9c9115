"""A sound lockbox with everything that can be signed in it, and ways to lay documents out anew."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import TYPE_CHECKING, Any

from forge import AT, LATER, Key, meta_entry, role, root, target
from lockstick.metadata.canonical import canonical
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.strictjson import parse_object
from lockstick.metadata.uptane import UPTANE
from lockstick.trust.evidence import Anchors, Evidence, RepositoryEvidence
from lockstick.trust.findings import Verdict, verdict_of
from lockstick.trust.judge import Judgement, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hypothesis import strategies as st

Place = tuple[str, str]
"""Repository and file name."""
Bodies = dict[Place, dict[str, Any]]
Files = dict[Place, bytes]

D, I = "director", "image-repo"  # noqa: E741 - two letters for two repositories
HASHED: frozenset[Place] = frozenset(
    {(D, "1.root.json"), (D, "box.json"), (I, "1.root.json"), (I, "2.root.json")}
    | {(I, "snapshot.json"), (I, "targets.json"), (I, "feed.json")}
)
"""Documents whose whole bytes another document, or the trust anchor, vouches for."""


@cache
def rsa() -> Key:
    return Key("rsa2048")


@cache
def keys() -> dict[str, Key]:
    return {name: Key(seed=index) for index, name in enumerate(("one", "two", "three", "four", "five"))}


def signers() -> dict[Place, tuple[Key, ...]]:
    """Who signs what; every role needs two keys, one of them of the other kind."""
    k = keys()
    old, new = (k["one"], rsa()), (k["two"], rsa())
    return {
        (D, "1.root.json"): old,
        (D, "2.root.json"): (k["one"], rsa(), k["two"]),
        (D, "offline-snapshot.json"): (k["three"], rsa()),
        (D, "box.json"): (k["three"], rsa()),
        (I, "1.root.json"): old,
        (I, "2.root.json"): (*old, *new[:1]),
        (I, "timestamp.json"): (k["four"], rsa()),
        (I, "snapshot.json"): (k["four"], rsa()),
        (I, "targets.json"): (k["four"], k["five"]),
        (I, "feed.json"): (k["five"], rsa()),
    }


def bodies() -> Bodies:
    """What is signed, before anything lists anything."""
    k = keys()
    offline, online = (k["three"], rsa()), (k["four"], rsa())
    before, after = (k["one"], rsa()), (k["two"], rsa())
    director = {"offline-snapshot": offline, "offline-updates": offline}
    image = {"snapshot": online, "targets": (k["four"], k["five"]), "timestamp": online}
    two: dict[str, Any] = {"root": 2, "expires": LATER}
    for name in ("offline_snapshot", "offline_updates", "snapshot", "targets", "timestamp"):
        two[name] = 2
    feed = (k["five"], rsa())
    delegation = {"name": "feed", "paths": ["feed-*"], "terminating": False} | role(*feed, threshold=2)
    made = {
        (D, "1.root.json"): root(1, {"root": before, **director}, **two),
        (D, "2.root.json"): root(2, {"root": after, **director}, **two),
        (I, "1.root.json"): root(1, {"root": before, **image}, **two),
        (I, "2.root.json"): root(2, {"root": after, **image}, **two),
        (D, "box.json"): {
            "_type": "Offline-Updates",
            "expires": LATER,
            "targets": {"fw.bin": target(), "feed-os": target(b"os", ("os-board",))},
            "version": 3,
        },
        (D, "offline-snapshot.json"): {"_type": "Offline-Snapshot", "expires": LATER, "meta": {}, "version": 7},
        (I, "feed.json"): {
            "_type": "Targets",
            "expires": LATER,
            "targets": {"feed-os": target(b"os", ("os-board",), targetFormat="BINARY")},
            "version": 5,
        },
        (I, "targets.json"): {
            "_type": "Targets",
            "delegations": {"keys": {key.keyid: key.public for key in feed}, "roles": [delegation]},
            "expires": LATER,
            "targets": {"fw.bin": target(name="fw", version="1", targetFormat="BINARY")},
            "version": 4,
        },
        (I, "snapshot.json"): {"_type": "Snapshot", "expires": LATER, "meta": {}, "version": 9},
        (I, "timestamp.json"): {"_type": "Timestamp", "expires": LATER, "meta": {}, "version": 11},
    }
    # Tests change what they get here; keys are shared between documents and must not change with one of them.
    return {place: copy.deepcopy(body) for place, body in made.items()}


LISTED: dict[Place, dict[str, Place]] = {
    (D, "offline-snapshot.json"): {"box.json": (D, "box.json")},
    (I, "snapshot.json"): {
        "root.json": (I, "2.root.json"),
        "targets.json": (I, "targets.json"),
        "feed.json": (I, "feed.json"),
    },
    (I, "timestamp.json"): {"snapshot.json": (I, "snapshot.json")},
}
"""Which document lists which others."""


@cache
def signature(key: Key, body: bytes) -> dict[str, Any]:
    """The signature of a body, made once: RSA signatures differ every time, and the anchor must stay the same."""
    return key.signature(json.loads(body))


def signed(
    before: Bodies, change: Callable[[Place, dict[str, Any]], dict[str, Any]] = lambda _, document: document
) -> dict[Place, dict[str, Any]]:
    """Sign everything in the order of listing; what is changed after signing is listed as changed."""
    documents: dict[Place, dict[str, Any]] = {}
    for place, body in before.items():
        # Bodies come in an order in which whatever is listed is there before its lister.
        for name, listed in LISTED.get(place, {}).items():
            body["meta"][name] = meta_entry(documents[listed]) | body["meta"].get(name, {})
        signatures = [signature(key, canonical(body)) for key in signers()[place]]
        documents[place] = change(place, {"signatures": [dict(entry) for entry in signatures], "signed": body})
    return documents


def refusal(call: Callable[..., object], *arguments: object) -> str:
    """The rule by which a reader refuses something, or an empty text if it takes it."""
    try:
        call(*arguments)
    except MalformedError as error:
        return error.rule
    return ""


def in_order(before: Bodies) -> Bodies:
    """Bodies with every lister behind what it lists."""
    return {place: before[place] for place in sorted(before, key=lambda place: (place in LISTED, place))}


def raw(documents: dict[Place, dict[str, Any]]) -> Files:
    return {place: canonical(document) for place, document in documents.items()}


@cache
def _sound() -> Files:
    return raw(signed(in_order(bodies())))


def sound() -> Files:
    return dict(_sound())


def judged(files: Files, *, anchors: Files | None = None) -> Judgement:
    found = {
        repository: RepositoryEvidence(files={name: data for (of, name), data in files.items() if of == repository})
        for repository in (D, I)
    }
    believed = anchors or sound()
    return judge(
        Evidence(director=found[D], image_repo=found[I]),
        Anchors(
            director=believed[D, "1.root.json"], image_repo=believed[I, "1.root.json"], source="file", dialect=UPTANE
        ),
        AT,
    )


def verdict(files: Files) -> Verdict:
    return verdict_of(judged(files).findings)


def laid_out(
    document: Any, draw: Callable[[Any], Any], spaces: st.SearchStrategy[str], orders: Callable[[Any], Any]
) -> str:
    """The same JSON value with other white space and another order of members."""

    def gap() -> str:
        return str(draw(spaces))

    def written(value: Any) -> str:
        match value:
            case dict():
                pairs = [
                    f"{gap()}{json.dumps(key)}{gap()}:{written(value[key])}" for key in draw(orders(sorted(value)))
                ]
                return f"{gap()}{{{','.join(pairs)}{gap()}}}{gap()}"
            case list():
                return f"{gap()}[{','.join(map(written, value))}{gap()}]{gap()}"
            case _:
                return f"{gap()}{json.dumps(value)}{gap()}"

    return written(document)


def essence(data: bytes) -> Any:
    """What of a document counts where nobody vouches for its whole: the body, and which key made which bytes.

    The name of a signature's method may change between its spellings (lockbox-format 2.4).
    """
    try:
        envelope_ = parse_object(data, "x")
        return envelope_["signed"], [
            (entry["keyid"], entry["sig"], entry["method"].lower().removesuffix("-sha256"))  # type: ignore[index,call-overload,union-attr]  # what has another shape raises
            for entry in envelope_["signatures"]  # type: ignore[union-attr]  # the same
        ]
    except (MalformedError, LookupError, TypeError, AttributeError):
        return None


def same(place: Place, one: bytes, other: bytes) -> bool:
    """Whether two files say the same, as far as anybody vouches for it."""
    try:
        if canonical(parse_object(one, "x")) == canonical(parse_object(other, "x")):
            return True
    except MalformedError:
        return False
    found = essence(one)
    return place not in HASHED and found is not None and found == essence(other)


def objects(value: Any, path: tuple[Any, ...] = ()) -> Iterable[tuple[Any, ...]]:
    """Paths to all objects in a value, itself included."""
    if isinstance(value, dict):
        yield path
        for key, member in value.items():
            yield from objects(member, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from objects(member, (*path, index))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value
