"""What is fuzzed: every reader of bytes that come from a medium or a network.

A target takes bytes and returns. What it may raise is the error tree; anything else that comes out of it is a bug,
and so is taking more than a second or more memory than the caps allow (:func:`guarded`).
"""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lockstick.cloud.archive import MAX_ARCHIVE_BYTES
from lockstick.cloud.credentials import read_credentials
from lockstick.cloud.loosejson import loose_object
from lockstick.errors import LockstickError
from lockstick.lockbox.anchors import DIRECTOR_ROOT, IMAGE_ROOT
from lockstick.lockbox.places import read_places
from lockstick.lockbox.truststore import TrustStore
from lockstick.metadata.canonical import canonical
from lockstick.metadata.document import Document, read_document
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.roles import read_meta, read_root
from lockstick.metadata.strictjson import parse_object
from lockstick.metadata.targets import read_targets
from lockstick.metadata.uptane import UPTANE
from lockstick.transfer.answers import content_length, content_range, judge_status, retry_after
from lockstick.transfer.journal import journal_path, load_journal
from lockstick.transfer.origins import Origin
from lockstick.transfer.policy import Policy
from lockstick.transfer.setbacks import Setback
from lockstick.transfer.validators import parse_http_date, strong_validator
from lockstick.trust.evidence import Anchors, Evidence, RepositoryEvidence
from lockstick.trust.judge import judge

if TYPE_CHECKING:
    from collections.abc import Callable

    Target = Callable[[bytes], None]

__all__ = ["MOST_MEMORY", "MOST_SECONDS", "TARGETS", "BudgetError", "guarded"]

MOST_SECONDS = 1.0
"""Processor time of one run."""

MOST_MEMORY = 256 << 20
"""Bytes by which the process may grow in all its runs: many times the caps of all readers together."""

_NOW = datetime(2026, 6, 1, tzinfo=UTC)


class BudgetError(Exception):
    """A run took too long or too much memory."""


@cache
def _folder() -> Path:
    """A folder of this process; named once, as making one for every run would be most of the run."""
    folder = Path(tempfile.mkdtemp(prefix="lockstick-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def strict_json(data: bytes) -> None:
    """The strict reader; what it takes has one canonical form."""
    with suppress(MalformedError):
        found = parse_object(data, "fuzz.json")
        form = canonical(found)
        if canonical(parse_object(form, "again")) != form:
            raise AssertionError("the canonical form is not read as itself")


def signed_document(data: bytes) -> None:
    """Envelope, then the body as if it were of every role."""
    with suppress(MalformedError):
        document = read_document(data, "fuzz.json", UPTANE)
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
    from seeds import PLACES, lockbox_files  # noqa: PLC0415 - it signs a lockbox, which only this target needs

    files = {repository: dict(part) for repository, part in lockbox_files().items()}
    anchors = Anchors(
        director=files["director"]["1.root.json"],
        image_repo=files["image-repo"]["1.root.json"],
        source="file",
        dialect=UPTANE,
    )
    repository, name = PLACES[(data[0] if data else 0) % len(PLACES)]
    files[repository][name] = data[1:]
    parts = {of: RepositoryEvidence(files=found) for of, found in files.items()}
    judge(Evidence(director=parts["director"], image_repo=parts["image-repo"]), anchors, _NOW)


def credentials(data: bytes) -> None:
    """A ``credentials.zip``."""
    path = _folder() / "credentials.zip"
    path.write_bytes(data)
    with suppress(LockstickError):
        found = read_credentials(path)
        held = sum(len(root) for root in (found.image_root, found.director_root) if root is not None)
        if held > MAX_ARCHIVE_BYTES:
            raise BudgetError("the roots of the credentials are longer than the caps allow")


def journal(data: bytes) -> None:
    """The journal beside a partial file: nonsense means none."""
    partial = _folder() / "file.part"
    journal_path(partial).write_bytes(data)
    mark = load_journal(partial)
    if mark is not None and not 0 < mark.flushed <= mark.length:
        raise AssertionError("the journal speaks of more than there is")


def headers(data: bytes) -> None:
    """A status and headers of an answer, as text of ``name: value`` lines behind the status."""
    first, *lines = data.decode("latin-1").split("\n")
    found = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    content_length(found)
    content_range(found)
    retry_after(found, _NOW)
    parse_http_date(found.get("date", ""))
    strong_validator(found)
    status = int(first) if first.isascii() and first.isdigit() and len(first) <= len("999") else 429
    with suppress(LockstickError, Setback):
        judge_status(status, found, subject="it", origin=Origin("http", "host", 80), policy=Policy(), now=_NOW)


def places(data: bytes) -> None:
    """The list of an earlier build: nonsense means none, and no place leads out."""
    path = _folder() / "places.json"
    path.write_bytes(data)
    for place in read_places(path):
        if not place or ".." in place or "" in place:
            raise AssertionError(f"a place leads astray: {place!r}")


def trust_store(data: bytes) -> None:
    """A stored pair of roots, and the same bytes on their way into the store."""
    folder = _folder() / "store"
    place = folder / "fuzz"
    place.mkdir(parents=True, exist_ok=True)
    half = len(data) // 2
    for name, raw in ((DIRECTOR_ROOT, data), (IMAGE_ROOT, data[half:])):
        (place / name).write_bytes(raw)
    store = TrustStore(folder)
    with suppress(LockstickError):
        store.entries()
    with suppress(LockstickError):
        store.add("fuzz", Anchors(director=data, image_repo=None, source="file", dialect=UPTANE))


def token_answer(data: bytes) -> None:
    """JSON that nobody signed."""
    loose_object(data)


TARGETS: dict[str, Target] = {
    function.__name__: function
    for function in (
        strict_json,
        signed_document,
        lockbox,
        credentials,
        journal,
        headers,
        places,
        trust_store,
        token_answer,
    )
}


def guarded(target: Target) -> Target:
    """A target that also fails when it takes too long or too much memory."""
    before = _peak()

    def run(data: bytes) -> None:
        started = time.process_time()
        target(data)
        took = time.process_time() - started
        if took > MOST_SECONDS:
            raise BudgetError(f"{len(data)} bytes took {took:.1f} s")
        if _peak() - before > MOST_MEMORY:
            raise BudgetError(f"{len(data)} bytes made the process larger than {MOST_MEMORY} bytes")

    return run


def _peak() -> int:
    """Bytes of memory that this process held at its highest; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0
    import resource  # noqa: PLC0415 - not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
