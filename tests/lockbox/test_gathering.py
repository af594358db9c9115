"""Other places that may have a package's bytes: asked first, never trusted, and no harm if they fail."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest

from lockstick import AnchorChoice, BuildOutcome, CloudSession, CloudSource, build, read_credentials
from lockstick.disk.lock import try_lock
from lockstick.errors import MediaError
from lockstick.lockbox.sources import Source
from lockstick.sandbox import Sandbox
from lockstick.transfer import Policy, fetch_all
from lockstick.transfer.store.content import ContentStore
from lockstick.trust.findings import Verdict
from transfer.ground import Notes
from transfer.misbehaving import Blob, Server, status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from lockstick.trust.expected import ExpectedPackage
    from transfer.misbehaving import Request, Route, Talk


@dataclass
class Shelf:
    """A place that has some of the bytes, or says so."""

    server: Server
    has: frozenset[str]
    name: str = "the team's bucket"
    asked: list[str] = field(default_factory=list)

    stocked: dict[str, bytes] = field(default_factory=dict)

    def sources(self, packages: Sequence[ExpectedPackage]) -> Sequence[Source | None]:
        return [self._source(package) for package in packages]

    def stock(self, files: Sequence[tuple[ExpectedPackage, Path]]) -> None:
        self.stocked = {package.target: path.read_bytes() for package, path in files}

    def _source(self, package: ExpectedPackage) -> Source | None:
        self.asked.append(package.target)
        if package.target not in self.has:
            return None
        return Source(url=self.server.url(f"/{package.hashes['sha256']}"), authority=None)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox.start(tmp_path / "cloud") as running:
        running.define_lockbox("kiosk")
        yield running


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture(params=["with a store", "without a store"])
def run(request: pytest.FixtureRequest, cloud: Sandbox, tmp_path: Path) -> Callable[..., BuildOutcome]:
    """Build ``kiosk`` into ``out``."""
    account = read_credentials(cloud.credentials_path)
    store = None
    if request.param == "with a store":
        store = ContentStore(tmp_path / "store", now=time.time, sleep=time.sleep)

    def invoke(*shelves: Shelf, store: ContentStore | None = store, notes: Notes | None = None) -> BuildOutcome:
        with CloudSession(account) as session:
            return build(
                "kiosk",
                tmp_path / "out",
                repository=CloudSource(session),
                anchors=AnchorChoice(on_first_use=True),
                at=datetime.now(UTC),
                clock=time.monotonic,
                fetch=partial(fetch_all, policy=Policy(attempts=2, backoff_base=0.01)),
                observer=notes or Notes(),
                store=store,
                shelves=shelves,
            )

    return invoke


@pytest.mark.parametrize("run", ["with a store"], indirect=True)
@pytest.mark.parametrize("is_alive", [False, True])
def test_a_build_that_gets_nowhere_is_not_waited_for_forever(
    run: Callable[..., BuildOutcome], cloud: Sandbox, tmp_path: Path, *, is_alive: bool
) -> None:
    digests = sorted({record.sha256 for record in cloud.packages()})
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if is_alive and sum(slept) < 3000:
            with store.places.partial("0" * 64).open("ab") as file:
                file.write(b"x")

    store = ContentStore(tmp_path / "store", now=time.time, sleep=sleep)
    store.prepare()
    (store.places.sessions / "9.json").write_text(json.dumps({"fetching": digests, "using": []}))
    held = try_lock(store.places.sessions / "9.lock")
    assert held is not None
    try:
        notes = Notes()
        outcome = run(store=store, notes=notes)
    finally:
        os.close(held)
    assert outcome.verified.verdict is Verdict.VERIFIED
    assert from_origin(cloud) == len(digests)
    assert sum("gets nowhere" in text for text in notes.messages) == 1
    assert (3600 if is_alive else 600) <= sum(slept) <= (3700 if is_alive else 700)


def from_origin(cloud: Sandbox) -> int:
    return len([request for request in cloud.requests.matching(origin="store") if request.method == "GET"])


def fill(server: Server, cloud: Sandbox) -> dict[str, bytes]:
    """Put every package's right bytes under its digest."""
    found = {record.target: record for record in cloud.packages()}
    contents = {target: (cloud.blobs / (record.blob or "")).read_bytes() for target, record in found.items()}
    for target, data in contents.items():
        server.routes[f"/{found[target].sha256}"] = Blob(data)
    return contents


def test_a_shelf_is_asked_before_the_origin(run: Callable[..., BuildOutcome], cloud: Sandbox, server: Server) -> None:
    contents = fill(server, cloud)
    some = frozenset(list(contents)[:2])
    shelf = Shelf(server, some)
    outcome = run(shelf)
    assert shelf.stocked == contents
    assert len(server.requests) == 2
    assert from_origin(cloud) == len(contents) - 2
    assert outcome.fetched == sum(map(len, contents.values()))


def test_shelves_are_asked_in_their_order_for_what_is_still_missing(
    run: Callable[..., BuildOutcome], cloud: Sandbox, server: Server
) -> None:
    contents = fill(server, cloud)
    first, *rest = contents
    one, two = Shelf(server, frozenset({first})), Shelf(server, frozenset(contents))
    run(one, two)
    assert sorted(one.asked) == sorted(contents)
    assert sorted(two.asked) == sorted(rest)
    assert from_origin(cloud) == 0


@pytest.mark.parametrize("wrong", ["other bytes", "more bytes", "gone", "refused", "broken", "cut"])
def test_a_shelf_that_fails_costs_time_and_nothing_else(
    run: Callable[..., BuildOutcome], cloud: Sandbox, server: Server, wrong: str, tmp_path: Path
) -> None:
    contents = fill(server, cloud)
    victim = next(record for record in cloud.packages() if record.target == "maps-2026.09.bin")
    path, data = f"/{victim.sha256}", contents[victim.target]
    routes: dict[str, Route] = {"gone": status(404), "refused": status(403), "broken": status(500)}
    routes["cut"] = lambda _, talk: talk.cut()
    if wrong in routes:
        server.routes[path] = routes[wrong]
    else:
        server.routes[path] = Blob(bytes(len(data)) if wrong == "other bytes" else data + b"x")
    notes = Notes()
    outcome = run(Shelf(server, frozenset(contents)), notes=notes)
    assert outcome.verified.verdict.value == "verified"
    assert {
        path.relative_to(tmp_path / "out" / "images").as_posix(): path.read_bytes()
        for path in (tmp_path / "out" / "images").rglob("*")
        if path.is_file()
    } == contents
    assert from_origin(cloud) >= 1
    assert any("the team's bucket failed" in text for text in notes.messages)


@pytest.mark.parametrize("run", ["without a store"], indirect=True)
def test_a_store_whose_disk_fills_up_in_the_middle_keeps_what_it_has(
    run: Callable[..., BuildOutcome],
    cloud: Sandbox,
    server: Server,
    tmp_path: Path,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As on a file system that cannot set room aside.
    monkeypatch.setattr("lockstick.transfer.partial.reserve", lambda _fd, _length: None)
    contents = fill(server, cloud)
    store = ContentStore(small_disk / "store", now=time.time, sleep=time.sleep)
    victim = next(record for record in cloud.packages() if record.target == "firmware-1.0.bin")

    def route(request: Request, talk: Talk) -> None:
        """Somebody else takes the room just before the bytes come."""
        with (small_disk / "other").open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        Blob(contents[victim.target])(request, talk)

    server.routes[f"/{victim.sha256}"] = route
    with pytest.raises(MediaError, match="the disk is full"):
        run(Shelf(server, frozenset({victim.target})), store=store)
    assert not (tmp_path / "out" / "metadata").exists()
    assert store.length_of(victim.sha256) is None
    (small_disk / "other").unlink()
    assert run(store=store).verified.verdict.value == "verified"
    assert store.length_of(victim.sha256) == victim.length
