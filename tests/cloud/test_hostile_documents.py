"""Documents that are too long, unreadable, or that try to lead the fetching astray."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cloud.ground import LOCKBOX, as_json
from lockstick.cloud import CloudSession, collection, fetch_metadata, image_repo
from lockstick.cloud.collection import MAX_SMALL_DOCUMENT, MAX_TARGETS_DOCUMENT
from lockstick.errors import DistrustError, NotFoundError, TransferError
from lockstick.metadata.malformed import MalformedError
from lockstick.sandbox import Chunked, Fault, Redirect, Replace, Resize, Sandbox
from lockstick.sandbox.wire import served

if TYPE_CHECKING:
    from cloud.ground import Clock
    from lockstick.sandbox.faults import Kind

DIRECTOR = "/director/api/v1/admin/repo"
IMAGES = "/repo/api/v1/user_repo"

SMALL = [
    (f"{DIRECTOR}/root.json", "director/root.json"),
    (f"{DIRECTOR}/1.root.json", "director/1.root.json"),
    (f"{DIRECTOR}/offline-snapshot.json", "director/offline-snapshot.json"),
    (f"{DIRECTOR}/offline-updates/*", f"director/{LOCKBOX}.json"),
    (f"{IMAGES}/timestamp.json", "image-repo/timestamp.json"),
    (f"{IMAGES}/snapshot.json", "image-repo/snapshot.json"),
    (f"{IMAGES}/root.json", "image-repo/root.json"),
]
LARGE = [
    (f"{IMAGES}/targets.json", "image-repo/targets.json"),
    (f"{IMAGES}/delegations/*", "image-repo/tdx-quarterly.json"),
]
STEERING = [entry for entry in SMALL if "1.root" not in entry[0] and "timestamp" not in entry[0]]

GARBAGE = {
    "nothing": b"",
    "no JSON": b"<html>Bad gateway</html>",
    "a list": b"[]",
    "cut short": b'{"signatures": [], "signed": {',
    "trailing bytes": b'{"signatures": [], "signed": {}} {}',
    "a member twice": b'{"signatures": [], "signatures": [], "signed": {}}',
    "a byte order mark": b'\xef\xbb\xbf{"signatures": [], "signed": {}}',
    "non-ASCII": '{"signatures": [], "signed": {"ä": 1}}'.encode(),
    "deep nesting": b'{"signed":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "no version": b'{"signatures": [], "signed": {"_type": "Root"}}',
    "a version that is none": b'{"signatures": [], "signed": {"_type": "Root", "version": -1}}',
    "a huge number": b'{"signatures": [], "signed": {"version": ' + b"9" * 5000 + b"}}",
}


def replaced(sandbox: Sandbox, path: str, kind: Kind) -> None:
    sandbox.faults.add(Fault(match=path, kind=kind, times=None))


# --- too long ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "name"), SMALL)
def test_a_small_document_over_its_cap_is_refused_by_name(
    path: str, name: str, session: CloudSession, sandbox: Sandbox
) -> None:
    replaced(sandbox, path, Replace(body=b" " * (MAX_SMALL_DOCUMENT + 1)))
    with pytest.raises(DistrustError) as caught:
        fetch_metadata(session, LOCKBOX)
    assert name in caught.value.what
    assert str(MAX_SMALL_DOCUMENT) in caught.value.why


@pytest.mark.parametrize(("path", "name"), LARGE)
def test_a_list_of_targets_over_its_cap_is_refused_by_name(
    path: str, name: str, session: CloudSession, sandbox: Sandbox
) -> None:
    replaced(sandbox, path, Resize(by=MAX_TARGETS_DOCUMENT))
    with pytest.raises(DistrustError) as caught:
        fetch_metadata(session, LOCKBOX)
    assert name in caught.value.what
    assert str(MAX_TARGETS_DOCUMENT) in caught.value.why


def test_a_document_without_an_announced_length_is_cut_at_its_cap(session: CloudSession, sandbox: Sandbox) -> None:
    entry: Any = {"version": 1, "note": "x" * MAX_SMALL_DOCUMENT}
    sandbox.director.publish_snapshot(entries={"long.json": entry})
    replaced(sandbox, f"{DIRECTOR}/offline-snapshot.json", Chunked())
    with pytest.raises(DistrustError, match="offline-snapshot"):
        fetch_metadata(session, LOCKBOX)


def test_a_document_over_the_device_limit_is_still_fetched_for_trust_to_judge(
    session: CloudSession, sandbox: Sandbox
) -> None:
    entry: Any = {"version": 1, "note": "x" * 70_000}
    sandbox.director.publish_snapshot(entries={"long.json": entry})
    assert len(fetch_metadata(session, LOCKBOX).director["offline-snapshot.json"]) > 65_536


def test_all_documents_together_have_a_cap(
    session: CloudSession, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "MAX_TOTAL", 3000)
    with pytest.raises(DistrustError, match="all documents together"):
        fetch_metadata(session, LOCKBOX)


# --- unreadable -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "name"), STEERING)
@pytest.mark.parametrize("garbage", GARBAGE)
def test_what_says_where_to_go_must_be_readable(
    garbage: str, path: str, name: str, session: CloudSession, sandbox: Sandbox
) -> None:
    replaced(sandbox, path, Replace(body=GARBAGE[garbage]))
    with pytest.raises(MalformedError) as caught:
        fetch_metadata(session, LOCKBOX)
    assert name in caught.value.what
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(("path", "name"), [*LARGE, SMALL[1], SMALL[4]])
def test_what_only_trust_reads_is_handed_out_as_it_is(
    path: str, name: str, session: CloudSession, sandbox: Sandbox
) -> None:
    replaced(sandbox, path, Replace(body=b"\xef\xbb\xbfnot JSON"))
    fetched = fetch_metadata(session, LOCKBOX)
    repository, _, file_name = name.partition("/")
    files = fetched.director if repository == "director" else fetched.image_repo
    assert files[file_name] == b"\xef\xbb\xbfnot JSON"


def test_a_last_root_that_cannot_be_read_is_handed_out_as_it_is(
    session: CloudSession, sandbox: Sandbox, clock: Clock
) -> None:
    replaced(sandbox, f"{DIRECTOR}/3.root.json", Replace(body=b"not JSON"))
    assert fetch_metadata(session, LOCKBOX).director["3.root.json"] == b"not JSON"
    assert len(clock.pauses) == 3


# --- astray -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".json",
        "noextension",
        "../root.json",
        "..json",
        "a/b.json",
        "/etc/passwd.json",
        "C:\\x.json",
        "a b.json",
        "a?x=1.json",
        "%2e%2e%2fx.json",
        "x" * 51 + ".json",
        ".hidden.json",
        "x.JSON",
        "root.jsonx",
        "ROOT.json",
        "Targets.json",
        "timestamp.json",
        "snapshot.json",
        "1.root.json",
        "99.ROOT.json",
    ],
)
def test_a_snapshot_cannot_make_us_ask_for_or_write_other_files(
    name: str, session: CloudSession, sandbox: Sandbox
) -> None:
    sandbox.images.publish_snapshot(entries={name: {"version": 1}})
    with pytest.raises(DistrustError, match=r"role name|file of a role"):
        fetch_metadata(session, LOCKBOX)
    known = {"timestamp.json", "snapshot.json"}
    asked = {request.path.removeprefix(f"{IMAGES}/") for request in sandbox.requests.matching(f"{IMAGES}/*")}
    assert asked == known


def test_a_snapshot_cannot_make_us_ask_for_thousands_of_files(
    session: CloudSession, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = image_repo.MAX_DELEGATIONS + 1
    sandbox.images.publish_snapshot(entries={f"role-{number}.json": {"version": 1} for number in range(count)})
    with pytest.raises(DistrustError, match="not fetched"):
        fetch_metadata(session, LOCKBOX)
    assert sandbox.requests.matching(f"{IMAGES}/delegations/*") == []


@pytest.mark.parametrize("base", [DIRECTOR, IMAGES])
def test_a_root_cannot_make_us_ask_for_thousands_of_files(base: str, session: CloudSession, sandbox: Sandbox) -> None:
    repository = sandbox.director.repository if base == DIRECTOR else sandbox.images.repository
    root = as_json(served(repository.current("root.json")))
    root["signed"]["version"] = 1001
    replaced(sandbox, f"{base}/root.json", Replace(body=json.dumps(root).encode()))
    with pytest.raises(DistrustError, match="1001"):
        fetch_metadata(session, LOCKBOX)
    assert sandbox.requests.matching(f"{base}/1.root.json") == []


@pytest.mark.parametrize(
    ("location", "why"),
    [(None, "redirected more than"), ("http://files.test/x", "plain http"), ("ftp://files.test/x", "absolute")],
)
def test_a_redirect_in_circles_or_to_a_bad_address_is_a_failed_transfer(
    location: str | None, why: str, session: CloudSession, sandbox: Sandbox
) -> None:
    replaced(sandbox, f"{DIRECTOR}/offline-snapshot.json", Redirect(location=location))
    with pytest.raises(TransferError, match=why):
        fetch_metadata(session, LOCKBOX)


def test_a_redirect_to_another_origin_does_not_take_the_token_along(session: CloudSession, sandbox: Sandbox) -> None:
    replaced(sandbox, f"{DIRECTOR}/root.json", Redirect(location=f"{sandbox.store_url}/elsewhere"))
    with pytest.raises(NotFoundError):  # there is nothing at that address
        fetch_metadata(session, LOCKBOX)
    strangers = sandbox.requests.matching(origin="store")
    assert strangers
    assert not any(request.had_authorization for request in strangers)
