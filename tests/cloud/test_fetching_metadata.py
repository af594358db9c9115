"""What is fetched for a lockbox, in which order, and how documents come to agree while they are being changed."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cloud.ground import LOCKBOX, Clock, Watcher, as_json, listed_version
from lockstick.cloud import CloudSession, Rereading, fetch_metadata
from lockstick.errors import NotAllowedError, NotFoundError, TransferError, UsageError
from lockstick.metadata.uptane import UPTANE
from lockstick.sandbox import Delegation, Fault, Replace, Sandbox, Status
from lockstick.sandbox.wire import served
from lockstick.trust.evidence import Anchors
from lockstick.trust.findings import Verdict, verdict_of
from lockstick.trust.judge import judge

if TYPE_CHECKING:
    from lockstick.cloud import FetchedMetadata

DIRECTOR = "/director/api/v1/admin/repo"
IMAGES = "/repo/api/v1/user_repo"
SNAPSHOT = f"{DIRECTOR}/offline-snapshot.json"
BOX = f"{DIRECTOR}/offline-updates/{LOCKBOX}.json"
IMAGE_SNAPSHOT = f"{IMAGES}/snapshot.json"


def paths(sandbox: Sandbox) -> list[str]:
    return [request.path for request in sandbox.requests.all() if request.method == "GET"]


def verdict(fetched: FetchedMetadata, session: CloudSession) -> Verdict:
    anchors = Anchors(
        director=session.credentials.director_root,
        image_repo=session.credentials.image_root,
        source="file",
        dialect=UPTANE,
    )
    return verdict_of(judge(fetched.evidence, anchors, datetime.now(UTC)).findings)


# --- what comes, and in which order -----------------------------------------------------------------


def test_every_document_comes_under_its_name_on_the_medium(session: CloudSession) -> None:
    fetched = fetch_metadata(session, LOCKBOX)
    assert sorted(fetched.director) == [
        "1.root.json",
        "2.root.json",
        "3.root.json",
        f"{LOCKBOX}.json",
        "offline-snapshot.json",
        "root.json",
    ]
    assert sorted(fetched.image_repo) == [
        "1.root.json",
        "2.root.json",
        "root.json",
        "snapshot.json",
        "targets.json",
        "tdx-quarterly.json",
        "timestamp.json",
    ]


def test_bytes_are_kept_exactly_as_served(session: CloudSession, sandbox: Sandbox) -> None:
    fetched = fetch_metadata(session, LOCKBOX)
    for files, repository in (
        (fetched.director, sandbox.director.repository),
        (fetched.image_repo, sandbox.images.repository),
    ):
        for name, raw in files.items():
            number, _, rest = name.partition(".")
            path = {LOCKBOX: f"offline-updates/{name}", "tdx-quarterly": f"delegations/{name}"}.get(number, name)
            version = int(number) if number.isdigit() else None
            document = repository.document(rest if number.isdigit() else path, version)
            assert document is not None
            assert raw == served(document)


def test_what_was_fetched_is_believed(session: CloudSession) -> None:
    assert verdict(fetch_metadata(session, LOCKBOX), session) is Verdict.VERIFIED


def test_the_unversioned_director_root_comes_first_and_roots_of_images_last(
    session: CloudSession, sandbox: Sandbox
) -> None:
    fetch_metadata(session, LOCKBOX)
    asked = paths(sandbox)
    assert asked[0] == f"{DIRECTOR}/root.json"
    assert asked.index(SNAPSHOT) < asked.index(BOX) < asked.index(f"{DIRECTOR}/1.root.json")
    assert asked.index(f"{DIRECTOR}/3.root.json") < asked.index(f"{IMAGES}/timestamp.json")
    assert asked.index(f"{IMAGES}/timestamp.json") < asked.index(IMAGE_SNAPSHOT)
    assert asked.index(IMAGE_SNAPSHOT) < asked.index(f"{IMAGES}/targets.json")
    assert asked[-3:] == [f"{IMAGES}/root.json", f"{IMAGES}/1.root.json", f"{IMAGES}/2.root.json"]


def test_a_root_that_would_end_before_the_lockbox_is_renewed_by_fetching(
    session: CloudSession, sandbox: Sandbox
) -> None:
    far = datetime.now(UTC) + timedelta(days=700)
    sandbox.define_lockbox(LOCKBOX, expires=far)
    fetched = fetch_metadata(session, LOCKBOX)
    root = as_json(fetched.director["root.json"])["signed"]
    assert datetime.fromisoformat(root["expires"]) > far
    assert fetched.director[f"{root['version']}.root.json"] == fetched.director["root.json"]


def test_whole_chains_are_fetched(session: CloudSession, sandbox: Sandbox) -> None:
    for _ in range(3):
        sandbox.rotate_root("director")
        sandbox.rotate_root("image-repo")
    fetched = fetch_metadata(session, LOCKBOX)
    assert {f"{number}.root.json" for number in range(1, 7)} <= fetched.director.keys()
    assert {f"{number}.root.json" for number in range(1, 6)} <= fetched.image_repo.keys()
    assert verdict(fetched, session) is Verdict.VERIFIED


def test_all_delegations_are_fetched_flat(session: CloudSession, sandbox: Sandbox) -> None:
    sandbox.images.delegate(Delegation(name="tdx-monthly.v2_x-1", paths=("m-*",)))
    sandbox.images.publish_snapshot()
    fetched = fetch_metadata(session, LOCKBOX)
    assert {"tdx-quarterly.json", "tdx-monthly.v2_x-1.json"} <= fetched.image_repo.keys()
    assert verdict(fetched, session) is Verdict.VERIFIED


def test_a_repository_without_a_timestamp_will_do(session: CloudSession, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(match=f"{IMAGES}/timestamp.json", kind=Status(status=404), times=None))
    assert "timestamp.json" not in fetch_metadata(session, LOCKBOX).image_repo


def test_without_an_unversioned_image_root_the_snapshot_says_how_far_to_go(
    session: CloudSession, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault(match=f"{IMAGES}/root.json", kind=Status(status=404), times=None))
    fetched = fetch_metadata(session, LOCKBOX)
    assert "root.json" not in fetched.image_repo
    assert {"1.root.json", "2.root.json"} <= fetched.image_repo.keys()


@pytest.mark.parametrize(("version", "expected"), [(1, Verdict.VERIFIED), (2, Verdict.REJECTED)])
def test_whether_a_missing_root_version_matters_is_left_for_trust_to_judge(
    version: int, expected: Verdict, session: CloudSession, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault(match=f"{DIRECTOR}/{version}.root.json", kind=Status(status=404), times=None))
    fetched = fetch_metadata(session, LOCKBOX)
    assert f"{version}.root.json" not in fetched.director
    assert verdict(fetched, session) is expected  # the anchor is version 1


def snapshot_without_root(sandbox: Sandbox) -> bytes:
    snapshot = as_json(served(sandbox.images.repository.current("snapshot.json")))
    del snapshot["signed"]["meta"]["root.json"]
    return served(snapshot)


def test_a_snapshot_need_not_list_the_root(session: CloudSession, sandbox: Sandbox) -> None:
    body = snapshot_without_root(sandbox)
    sandbox.faults.add(
        Fault(match=f"{IMAGES}/timestamp.json", kind=Status(status=404), times=None),
        Fault(match=IMAGE_SNAPSHOT, kind=Replace(body=body), times=None),
    )
    assert {"1.root.json", "2.root.json"} <= fetch_metadata(session, LOCKBOX).image_repo.keys()
    assert paths(sandbox).count(IMAGE_SNAPSHOT) == 1


def test_an_image_repository_without_any_root_is_none(session: CloudSession, sandbox: Sandbox) -> None:
    body = snapshot_without_root(sandbox)
    sandbox.faults.add(
        Fault(match=f"{IMAGES}/*root.json", kind=Status(status=404), times=None),
        Fault(match=IMAGE_SNAPSHOT, kind=Replace(body=body), times=None),
    )
    with pytest.raises(NotFoundError, match=r"image-repo/root\.json"):
        fetch_metadata(session, LOCKBOX)


def test_documents_served_in_the_form_that_is_hashed_agree_as_well(session: CloudSession, sandbox: Sandbox) -> None:
    for name in ("targets.json", "delegations/tdx-quarterly.json", "snapshot.json"):
        body = UPTANE.canonical(sandbox.images.repository.current(name))
        sandbox.faults.add(Fault(match=f"{IMAGES}/{name}", kind=Replace(body=body), times=None))
    fetched = fetch_metadata(session, LOCKBOX)
    assert verdict(fetched, session) is Verdict.VERIFIED
    assert paths(sandbox).count(IMAGE_SNAPSHOT) == 1


def test_the_observer_hears_of_the_phase(session: CloudSession, watcher: Watcher) -> None:
    fetch_metadata(session, LOCKBOX, observer=watcher)
    assert watcher.phases == ["metadata"]
    assert watcher.retries == []


def test_all_requests_carry_the_token_and_go_to_the_api(session: CloudSession, sandbox: Sandbox) -> None:
    fetch_metadata(session, LOCKBOX)
    assert all(request.had_authorization for request in sandbox.requests.all())
    assert sandbox.requests.matching(origin="store") == []


# --- names that are none, lockboxes that are not ----------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "a/b", "../root", "a.json", "a b", "ä", "x" * 254, "a\n"),
        *("root", "Root", "TARGETS", "snapshot", "timestamp", "offline-snapshot", "Offline-Updates"),
    ],
)
def test_a_name_that_no_lockbox_can_have_is_refused_before_anything_is_asked(
    name: str, session: CloudSession, sandbox: Sandbox
) -> None:
    with pytest.raises(UsageError):
        fetch_metadata(session, name)
    assert sandbox.requests.all() == []


def test_the_longest_name_is_fine(session: CloudSession, sandbox: Sandbox) -> None:
    sandbox.define_lockbox("x" * 253)
    assert f"{'x' * 253}.json" in fetch_metadata(session, "x" * 253).director


def test_a_lockbox_that_is_not_there_is_named(session: CloudSession, sandbox: Sandbox) -> None:
    with pytest.raises(NotFoundError, match="'nowhere'") as caught:
        fetch_metadata(session, "nowhere")
    assert caught.value.exit_code == 8
    assert "web page" in caught.value.remedy
    assert sandbox.client_secret() not in f"{caught.value} {caught.value.remedy}"


def test_a_misspelt_lockbox_brings_a_suggestion(session: CloudSession) -> None:
    with pytest.raises(NotFoundError) as caught:
        fetch_metadata(session, LOCKBOX.upper().replace("KIOSK", "kiosk") + "x")
    assert f"'{LOCKBOX}'" in caught.value.remedy


def test_a_suggestion_is_never_text_of_an_attacker(session: CloudSession, sandbox: Sandbox) -> None:
    sandbox.director.publish_snapshot(entries={"nowhere\x1b[2J.json": {"version": 1}})
    with pytest.raises(NotFoundError) as caught:
        fetch_metadata(session, "nowhere")
    assert "\x1b" not in f"{caught.value} {caught.value.remedy}"


def test_a_deleted_lockbox_is_not_there(session: CloudSession, sandbox: Sandbox) -> None:
    sandbox.director.delete(LOCKBOX)
    with pytest.raises(NotFoundError, match=LOCKBOX):
        fetch_metadata(session, LOCKBOX)


def test_an_account_that_never_had_a_lockbox_says_so_the_same_way(session: CloudSession, sandbox: Sandbox) -> None:
    for path in (SNAPSHOT, BOX):
        sandbox.faults.add(Fault(match=path, kind=Status(status=404), times=None))
    with pytest.raises(NotFoundError, match=LOCKBOX):
        fetch_metadata(session, LOCKBOX)


def test_an_empty_lockbox_is_fetched_like_any_other(session: CloudSession, sandbox: Sandbox) -> None:
    sandbox.define_lockbox(LOCKBOX, [])
    assert as_json(fetch_metadata(session, LOCKBOX).director[f"{LOCKBOX}.json"])["signed"]["targets"] == {}


# --- refusals and failures --------------------------------------------------------------------------


@pytest.mark.parametrize("path", [f"{DIRECTOR}/*", f"{IMAGES}/*"])
def test_a_403_explains_the_two_kinds_of_credentials(path: str, session: CloudSession, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(match=path, kind=Status(status=403), times=None))
    with pytest.raises(NotAllowedError, match="403") as caught:
        fetch_metadata(session, LOCKBOX)
    assert "credentials.zip" in caught.value.remedy
    assert "API client" in caught.value.remedy


def test_a_wrong_secret_keeps_its_own_remedy(session: CloudSession, sandbox: Sandbox) -> None:
    sandbox.revoke_client()
    with pytest.raises(NotAllowedError, match="credentials of the client") as caught:
        fetch_metadata(session, LOCKBOX)
    assert "revoked" in caught.value.remedy
    assert paths(sandbox) == []


def test_a_token_forgotten_on_the_way_is_renewed(session: CloudSession, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(match=IMAGE_SNAPSHOT, kind=Status(status=401)))
    assert fetch_metadata(session, LOCKBOX).image_repo
    assert len(sandbox.requests.matching("/oauth2/token")) == 2


def test_a_server_that_refuses_every_token_is_not_asked_for_ever(session: CloudSession, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(match=f"{DIRECTOR}/*", kind=Status(status=401), times=None))
    with pytest.raises(NotAllowedError, match="401"):
        fetch_metadata(session, LOCKBOX)
    assert len(sandbox.requests.matching("/oauth2/token")) == 2


def test_passing_trouble_is_waited_for(session: CloudSession, sandbox: Sandbox, watcher: Watcher) -> None:
    sandbox.faults.add(Fault(match=f"{DIRECTOR}/*", kind=Status(status=503, retry_after=2)))
    assert fetch_metadata(session, LOCKBOX, observer=watcher).director
    assert len(watcher.retries) == 1


def test_lasting_trouble_is_a_failed_transfer(session: CloudSession, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(match=f"{IMAGES}/*", kind=Status(status=500), times=None))
    with pytest.raises(TransferError):
        fetch_metadata(session, LOCKBOX)


def test_credentials_that_point_past_the_repository_say_so(session: CloudSession, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(match=f"{DIRECTOR}/root.json", kind=Status(status=404), times=None))
    with pytest.raises(NotFoundError, match=r"director/root\.json") as caught:
        fetch_metadata(session, LOCKBOX)
    assert "credentials.zip" in caught.value.remedy


# --- documents that are being changed ---------------------------------------------------------------


def lockbox_bytes(sandbox: Sandbox) -> bytes:
    return served(sandbox.director.lockbox(LOCKBOX))


def test_lockbox_and_offline_snapshot_are_read_again_until_they_agree(
    session: CloudSession, sandbox: Sandbox, clock: Clock, watcher: Watcher
) -> None:
    old = lockbox_bytes(sandbox)
    sandbox.define_lockbox(LOCKBOX, [])
    sandbox.faults.add(Fault(match=BOX, kind=Replace(body=old), times=2))
    fetched = fetch_metadata(session, LOCKBOX, observer=watcher)
    assert fetched.director[f"{LOCKBOX}.json"] == lockbox_bytes(sandbox) != old
    assert paths(sandbox).count(SNAPSHOT) == 3
    assert clock.pauses == [0.25, 0.5]
    assert [name for name, _, _ in watcher.retries] == [f"director/{LOCKBOX}.json"] * 2


def test_an_offline_snapshot_older_than_the_lockbox_is_read_again(session: CloudSession, sandbox: Sandbox) -> None:
    old = served(sandbox.director.snapshot())
    sandbox.define_lockbox(LOCKBOX, [])
    sandbox.faults.add(Fault(match=SNAPSHOT, kind=Replace(body=old)))
    fetched = fetch_metadata(session, LOCKBOX)
    assert listed_version(fetched.director["offline-snapshot.json"], f"{LOCKBOX}.json") == 2


def test_a_lockbox_that_is_just_being_added_is_waited_for(session: CloudSession, sandbox: Sandbox) -> None:
    old = served(sandbox.director.snapshot())
    sandbox.define_lockbox("brand-new")
    sandbox.faults.add(Fault(match=SNAPSHOT, kind=Replace(body=old)))
    assert "brand-new.json" in fetch_metadata(session, "brand-new").director


def disagreeing(sandbox: Sandbox, how: str) -> None:
    match how:
        case "older":
            old = lockbox_bytes(sandbox)
            sandbox.define_lockbox(LOCKBOX, [])
            sandbox.faults.add(Fault(match=BOX, kind=Replace(body=old), times=None))
        case "unlisted":
            snapshot = served({"signed": {**sandbox_signed(sandbox), "meta": {}}, "signatures": []})
            sandbox.faults.add(Fault(match=SNAPSHOT, kind=Replace(body=snapshot), times=None))
        case _:
            entry: Any = {"version": 1, "length": 1, "hashes": {"sha256": "0" * 64}}
            sandbox.director.publish_snapshot(entries={f"{LOCKBOX}.json": entry})


def sandbox_signed(sandbox: Sandbox) -> Any:
    return sandbox.director.snapshot()["signed"]


@pytest.mark.parametrize(
    ("how", "why"), [("older", "version 1, .*version 2"), ("unlisted", "not list it"), ("altered", "another content")]
)
def test_a_lockbox_that_never_agrees_is_a_failed_transfer(
    how: str, why: str, session: CloudSession, sandbox: Sandbox, clock: Clock
) -> None:
    disagreeing(sandbox, how)
    with pytest.raises(TransferError, match=why) as caught:
        fetch_metadata(session, LOCKBOX)
    assert caught.value.what == f"the lockbox {LOCKBOX!r} is being changed right now"
    assert paths(sandbox).count(BOX) == 4
    assert clock.pauses == [0.25, 0.5, 1.0]


def test_the_patience_is_an_argument(session: CloudSession, sandbox: Sandbox, clock: Clock) -> None:
    disagreeing(sandbox, "altered")
    with pytest.raises(TransferError):
        fetch_metadata(session, LOCKBOX, rereading=Rereading(attempts=2, first_pause=9.0))
    assert clock.pauses == [9.0]


def test_an_entry_without_hashes_is_held_to_its_version(session: CloudSession, sandbox: Sandbox) -> None:
    sandbox.director.publish_snapshot(entries={f"{LOCKBOX}.json": {"version": 1}})
    assert fetch_metadata(session, LOCKBOX).director


def test_lockboxes_defined_all_the_while_never_leave_a_pair_that_disagrees(
    session: CloudSession, sandbox: Sandbox
) -> None:
    done = threading.Event()

    def keep_defining() -> None:
        while not done.wait(0.05):
            sandbox.define_lockbox(LOCKBOX, [])

    definer = threading.Thread(target=keep_defining)
    definer.start()
    try:
        for _ in range(5):
            fetched = fetch_metadata(session, LOCKBOX)
            assert verdict(fetched, session) is Verdict.VERIFIED
    finally:
        done.set()
        definer.join()


def test_a_root_renewed_meanwhile_is_noticed(session: CloudSession, sandbox: Sandbox) -> None:
    old = served(sandbox.director.root())
    sandbox.rotate_root("director")
    sandbox.faults.add(Fault(match=f"{DIRECTOR}/root.json", kind=Replace(body=old)))
    fetched = fetch_metadata(session, LOCKBOX)
    assert as_json(fetched.director["root.json"])["signed"]["version"] == 4
    assert verdict(fetched, session) is Verdict.VERIFIED


def test_a_root_unlike_its_numbered_one_is_read_again_and_then_handed_out(
    session: CloudSession, sandbox: Sandbox
) -> None:
    other = as_json(served(sandbox.director.root()))
    other["signed"]["expires"] = "2001-01-01T00:00:00Z"
    body = served(other)
    sandbox.faults.add(Fault(match=f"{DIRECTOR}/root.json", kind=Replace(body=body), times=None))
    fetched = fetch_metadata(session, LOCKBOX)
    assert fetched.director["root.json"] == body
    assert paths(sandbox).count(f"{DIRECTOR}/3.root.json") == 4


def test_another_layout_of_the_same_root_is_the_same_root(session: CloudSession, sandbox: Sandbox) -> None:
    body = UPTANE.canonical(sandbox.director.root())
    sandbox.faults.add(Fault(match=f"{DIRECTOR}/root.json", kind=Replace(body=body), times=None))
    assert fetch_metadata(session, LOCKBOX).director["root.json"] == body
    assert paths(sandbox).count(f"{DIRECTOR}/3.root.json") == 1


@pytest.mark.parametrize("name", ["timestamp.json", "snapshot.json", "targets.json", "delegations/tdx-quarterly.json"])
def test_image_documents_are_read_again_until_they_agree(
    name: str, session: CloudSession, sandbox: Sandbox, watcher: Watcher
) -> None:
    old = served(sandbox.images.repository.current(name))
    for role in ("targets", "tdx-quarterly"):
        extra = {} if role == "tdx-quarterly" else {"note": 1}
        sandbox.images.publish_targets(sandbox.images.entries(role), role, extra=extra)
    sandbox.images.publish_snapshot()
    sandbox.faults.add(Fault(match=f"{IMAGES}/{name}", kind=Replace(body=old)))
    fetched = fetch_metadata(session, LOCKBOX, observer=watcher)
    assert verdict(fetched, session) is Verdict.VERIFIED
    assert [name for name, _, _ in watcher.retries] == ["image-repo/snapshot.json"]


@pytest.mark.parametrize("name", ["snapshot.json", "targets.json"])
def test_image_documents_that_never_agree_are_handed_out_for_trust_to_refuse(
    name: str, session: CloudSession, sandbox: Sandbox, clock: Clock
) -> None:
    old = served(sandbox.images.repository.current(name))
    sandbox.images.publish_targets(sandbox.images.entries("targets"), extra={"note": 1})
    sandbox.images.publish_snapshot()
    sandbox.faults.add(Fault(match=f"{IMAGES}/{name}", kind=Replace(body=old), times=None))
    fetched = fetch_metadata(session, LOCKBOX)
    assert fetched.image_repo[name] == old
    assert verdict(fetched, session) is Verdict.REJECTED
    assert clock.pauses == [0.25, 0.5, 1.0]


def test_a_delegation_that_is_listed_but_gone_is_left_out(session: CloudSession, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(match=f"{IMAGES}/delegations/*", kind=Status(status=404), times=None))
    assert "tdx-quarterly.json" not in fetch_metadata(session, LOCKBOX).image_repo


def test_a_delegation_that_vanishes_between_two_readings_does_not_linger(
    session: CloudSession, sandbox: Sandbox
) -> None:
    old = as_json(served(sandbox.images.repository.current("snapshot.json")))
    old["signed"]["meta"]["ghost.json"] = {"version": 1}
    sandbox.faults.add(Fault(match=f"{IMAGES}/delegations/ghost.json", kind=Replace(body=b"{}")))
    sandbox.faults.add(Fault(match=IMAGE_SNAPSHOT, kind=Replace(body=served(old))))
    fetched = fetch_metadata(session, LOCKBOX)
    assert f"{IMAGES}/delegations/ghost.json" in paths(sandbox)
    assert "ghost.json" not in fetched.image_repo


def test_an_image_root_behind_the_snapshot_is_read_again(session: CloudSession, sandbox: Sandbox) -> None:
    old = served(sandbox.images.repository.current("root.json"))
    sandbox.rotate_root("image-repo")
    sandbox.faults.add(Fault(match=f"{IMAGES}/root.json", kind=Replace(body=old)))
    fetched = fetch_metadata(session, LOCKBOX)
    assert "3.root.json" in fetched.image_repo
    assert verdict(fetched, session) is Verdict.VERIFIED
