"""Who may ask, how often, and what a refusal means."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cloud.ground import LOCKBOX
from lockstick.cloud import read_credentials
from lockstick.cloud.api import LockboxDefinition, PackageEdit, PackageFilter, Update, read_api_client
from lockstick.errors import LockstickError, NotAllowedError, NotFoundError, TransferError, UsageError
from lockstick.sandbox import Drop, Fault, Headers, Meanwhile, Overpromise, Package, Redirect, Replace, Status
from lockstick.sandbox.fleet import DEVICES
from lockstick.sandbox.publisher import API_CLIENT_ID
from lockstick.secret import Secret
from lockstick.transfer import Policy, Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloud.api.conftest import Maker
    from cloud.ground import Clock, Watcher
    from lockstick.cloud.api import ApiClient
    from lockstick.sandbox import Sandbox
    from lockstick.sandbox.faults import Kind

KEYCLOAK = "/auth/*"
BASE = "/api/v2beta"
DEFINITION = LockboxDefinition(package_ids=["firmware-1.0.bin"])
UPDATE = Update(package_ids=["firmware-1.0.bin"], devices=[DEVICES[0].uuid])

NOT_IDEMPOTENT: dict[str, Callable[[ApiClient], Any]] = {
    "define": lambda api: api.lockboxes.define("kiosk", DEFINITION),
    "launch": lambda api: api.updates.launch(UPDATE),
    "cancel": lambda api: api.updates.cancel([DEVICES[0].uuid]),
    "edit": lambda api: api.packages.edit("firmware-1.0.bin", PackageEdit(comment="x")),
}
IDEMPOTENT: dict[str, Callable[[ApiClient], Any]] = {
    "names": lambda api: api.lockboxes.names(),
    "details": lambda api: api.lockboxes.details(),
    "document": lambda api: api.lockboxes.document(LOCKBOX),
    "delete": lambda api: api.lockboxes.delete(LOCKBOX),
    "page": lambda api: api.packages.page(),
    "remove": lambda api: api.packages.delete("firmware-1.0.bin"),
    "external": lambda api: api.sources.page(),
    "info": lambda api: api.sources.info(),
    "refresh": lambda api: api.sources.refresh("tdx-quarterly.json"),
}
ALL = NOT_IDEMPOTENT | IDEMPOTENT


def fault(kind: Kind, **more: Any) -> Fault:
    return Fault(kind=kind, match=f"{BASE}/*", **more)


def asked(sandbox: Sandbox) -> int:
    return len(sandbox.requests.matching(f"{BASE}/*"))


# --- tokens -------------------------------------------------------------------------------------------


def test_one_token_serves_all_calls_until_shortly_before_its_end(
    api: ApiClient, sandbox: Sandbox, clock: Clock
) -> None:
    for _ in range(3):
        api.lockboxes.names()
    assert len(sandbox.requests.matching(KEYCLOAK)) == 1
    clock.seconds += 3600 - 29
    api.lockboxes.names()
    assert len(sandbox.requests.matching(KEYCLOAK)) == 2
    assert not [one for one in sandbox.requests.all() if one.status == 401]


@pytest.mark.parametrize("operation", ALL)
def test_a_refused_token_is_renewed_once_and_the_call_goes_out_again(
    api: ApiClient, sandbox: Sandbox, operation: str
) -> None:
    api.lockboxes.names()
    sandbox.requests.clear()
    sandbox.forget_tokens()
    ALL[operation](api)
    assert [one.status == 401 for one in sandbox.requests.matching(f"{BASE}/*")] == [True, False]
    assert len(sandbox.requests.matching(KEYCLOAK)) == 1


def test_a_token_that_ends_in_the_middle_of_a_listing_costs_nothing(api: ApiClient, sandbox: Sandbox) -> None:
    sandbox.add_packages([Package(name="p", version=f"{n:03d}", hardware_ids=("x",), size=1) for n in range(120)])
    sandbox.faults.add(fault(Meanwhile(sandbox.forget_tokens), skip=1))
    found = [package.package_id for package in api.packages.all(PackageFilter(name="p"))]
    assert found == [f"p-{n:03d}" for n in range(120)]
    assert [one.status for one in sandbox.requests.matching(f"{BASE}/packages")] == [200, 401, 200, 200]


def test_a_fresh_token_that_is_refused_too_ends_it(api: ApiClient, sandbox: Sandbox) -> None:
    sandbox.faults.add(fault(Status(status=401), times=None))
    with pytest.raises(NotAllowedError, match="401 to a fresh token"):
        api.lockboxes.names()
    assert asked(sandbox) == 2


@pytest.mark.parametrize(
    ("hours", "words"), [(-2, "its clock is 7200 s behind"), (1, "its clock is 3600 s ahead of"), (0, "")]
)
def test_clocks_that_do_not_agree_are_named_where_a_token_is_refused(
    make: Maker, sandbox: Sandbox, clock: Clock, hours: int, words: str
) -> None:
    now = datetime(2027, 1, 1, 12, 0, tzinfo=UTC)
    stamp = (now + timedelta(hours=hours)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    sandbox.faults.add(fault(Headers(put={"date": stamp}), times=None))
    api = make(surroundings=replace(clock.surroundings, now=lambda: now))
    assert api.skew is None
    api.lockboxes.names()
    assert api.skew == timedelta(hours=hours)
    sandbox.forget_tokens()
    sandbox.tokens.lifetime = timedelta(0)  # the service thinks that every token has ended
    with pytest.raises(NotAllowedError) as refused:
        api.lockboxes.names()
    assert words in refused.value.why
    assert ("clock is" in refused.value.why) == bool(words)
    assert "clock" in refused.value.remedy


def test_a_clock_of_this_machine_that_is_wrong_does_no_harm(make: Maker, sandbox: Sandbox, clock: Clock) -> None:
    sandbox.faults.add(fault(Headers(put={"date": "Fri, 01 Jan 2027 00:00:00 GMT"})))
    api = make(surroundings=replace(clock.surroundings, now=lambda: datetime(1999, 1, 1, tzinfo=UTC)))
    assert api.lockboxes.names() == api.lockboxes.names() == (LOCKBOX,)
    assert api.skew == timedelta(days=28 * 365 + 7)


@pytest.mark.parametrize("secret", ["not-this-one", "a+b&c=d %2B;/?"])
def test_a_wrong_secret_is_refused_with_the_way_to_a_new_one(make: Maker, sandbox: Sandbox, secret: str) -> None:
    oauth = replace(read_api_client(sandbox.api_client_path), client_secret=Secret(secret))
    with pytest.raises(NotAllowedError, match=API_CLIENT_ID) as refused:
        make(oauth=oauth).lockboxes.names()
    assert "invalid_client" in refused.value.why
    assert "make an API client" in refused.value.remedy
    assert secret not in f"{refused.value} {refused.value.remedy}"
    assert asked(sandbox) == 0


def test_a_client_that_is_revoked_meanwhile_is_refused_in_the_same_words(api: ApiClient, sandbox: Sandbox) -> None:
    api.lockboxes.names()
    sandbox.revoke_client(API_CLIENT_ID)
    with pytest.raises(NotAllowedError, match="were refused") as refused:
        api.lockboxes.names()
    assert "client was deleted" in refused.value.remedy


@pytest.mark.parametrize(
    ("edition", "operation"), [("v2beta", name) for name in ALL] + [("v2", name) for name in ALL if name != "cancel"]
)
def test_the_client_of_a_credentials_zip_is_told_which_kind_belongs_here(
    make: Maker, sandbox: Sandbox, operation: str, edition: str
) -> None:
    oauth = read_credentials(sandbox.credentials_path).oauth
    with pytest.raises(NotAllowedError, match="is refused") as refused:
        ALL[operation](make(oauth=oauth, edition=edition))
    assert "403" in refused.value.why
    assert "needs an API client" in refused.value.remedy
    assert "credentials.zip is for" in refused.value.remedy


# --- coming back later --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [420, 429])
@pytest.mark.parametrize("operation", ALL)
def test_a_crowded_service_is_given_the_time_it_asks_for(
    api: ApiClient, sandbox: Sandbox, clock: Clock, watcher: Watcher, operation: str, status: int
) -> None:
    sandbox.faults.add(fault(Status(status=status, retry_after=7), times=2))
    ALL[operation](api)
    assert [7 <= pause < 8 for pause in clock.pauses] == [True, True]
    assert len(watcher.retries) == 2
    assert str(status) in watcher.retries[0][2]


def test_a_crowded_service_that_asks_for_hours_is_not_waited_for(
    api: ApiClient, sandbox: Sandbox, clock: Clock
) -> None:
    sandbox.faults.add(fault(Status(status=420, retry_after=7200)))
    with pytest.raises(TransferError, match="7200 s") as later:
        api.lockboxes.names()
    assert "Run the same command again after" in later.value.remedy
    assert clock.pauses == []


def test_a_service_that_stays_crowded_is_given_up(api: ApiClient, sandbox: Sandbox) -> None:
    sandbox.faults.add(fault(Status(status=420, retry_after=1), times=None))
    with pytest.raises(TransferError, match="could not define the lockbox 'kiosk', after 4 attempts") as given_up:
        api.lockboxes.define("kiosk", DEFINITION)
    assert "check the address, the network" in given_up.value.remedy
    assert asked(sandbox) == 4


LOST = [Drop(after=None), Status(status=500), Status(status=502), Status(status=503, retry_after=1), Status(status=408)]


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("operation", IDEMPOTENT)
def test_what_may_be_done_twice_is_asked_again_when_the_answer_is_lost(
    api: ApiClient, sandbox: Sandbox, operation: str, kind: Kind
) -> None:
    sandbox.faults.add(fault(kind))
    IDEMPOTENT[operation](api)
    assert asked(sandbox) == 2


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("operation", NOT_IDEMPOTENT)
def test_what_may_not_be_done_twice_is_sent_once_and_nobody_pretends_to_know(
    api: ApiClient, sandbox: Sandbox, operation: str, kind: Kind
) -> None:
    api.lockboxes.names()  # so that a connection is there to be given up
    sandbox.requests.clear()
    sandbox.faults.add(fault(kind))
    with pytest.raises(TransferError, match="it is not known whether") as unknown:
        NOT_IDEMPOTENT[operation](api)
    assert asked(sandbox) == 1
    assert unknown.value.remedy != TransferError.default_remedy


def test_what_never_left_is_sent_again_whatever_it_is(make: Maker, sandbox: Sandbox, clock: Clock) -> None:
    policy = Policy(attempts=3, connect_timeout=5)
    api = make(policy=policy)
    api.lockboxes.names()
    sandbox._servers.stop()
    with pytest.raises(TransferError, match="could not define the lockbox 'kiosk', after 3 attempts") as given_up:
        api.lockboxes.define("kiosk", DEFINITION)
    assert "check the address, the network" in given_up.value.remedy


@pytest.mark.parametrize(
    "delete", [lambda api: api.lockboxes.delete(LOCKBOX), lambda api: api.packages.delete("firmware-1.0.bin")]
)
def test_what_was_deleted_by_a_call_whose_answer_was_lost_is_deleted(
    api: ApiClient, sandbox: Sandbox, delete: Callable[[ApiClient], None]
) -> None:
    # The answer of a deletion is empty: announcing bytes that do not come loses it after it was done.
    sandbox.faults.add(fault(Overpromise(by=5), method="DELETE"))
    delete(api)
    assert [one.status for one in sandbox.requests.matching(f"{BASE}/*")] == [200, 404]
    with pytest.raises(NotFoundError):
        delete(api)


# --- refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (400, b'{"code":"bad_thing","msg":"no such hardware"}', UsageError, "bad_thing (no such hardware)"),
        (400, b"", UsageError, "answered 400"),
        (403, b"<html>", NotAllowedError, "answered 403"),
        (404, b'{"msg":"gone"}', NotFoundError, "gone"),
        (405, b"", UsageError, "this edition of the interface does not have it"),
        (409, b'{"code":"in_use","msg":null}', UsageError, "in_use"),
        (413, b"", UsageError, "413"),
        (412, b'{"code":"missing_remote_delegation_uri"}', TransferError, "missing_remote_delegation_uri"),
        (502, b'{"code":"delegation_remote_fetch_failed","msg":"x"}', TransferError, "delegation_remote_fetch_failed"),
        (501, b"", TransferError, "501"),
        (418, b"", TransferError, "418"),
    ],
)
def test_a_refusal_says_what_the_service_says_and_what_to_do(
    api: ApiClient, sandbox: Sandbox, status: int, body: bytes, error: type[LockstickError], words: str
) -> None:
    sandbox.faults.add(fault(Status(status=status, body=body)))
    with pytest.raises(error) as refused:
        api.packages.delete("firmware-1.0.bin")
    assert type(refused.value) is error
    assert words in refused.value.why
    assert refused.value.remedy
    assert asked(sandbox) == 1


def test_what_the_service_says_is_shown_short_and_without_what_a_terminal_would_obey(
    api: ApiClient, sandbox: Sandbox
) -> None:
    message = r"red \u001b[31m" + "x" * 5000
    sandbox.faults.add(fault(Status(status=400, body=f'{{"code":"a b","msg":"{message}"}}'.encode())))
    with pytest.raises(UsageError) as refused:
        api.lockboxes.names()
    assert refused.value.why.isprintable()
    assert len(refused.value.why) < 400
    assert "a b" not in refused.value.why


@pytest.mark.parametrize("body", [b"x" * (1 << 20), b"\xff\xfe", b"[" * 100_000, b"{" * 10])
def test_a_refusal_that_says_nothing_readable_is_one_all_the_same(
    api: ApiClient, sandbox: Sandbox, body: bytes
) -> None:
    sandbox.faults.add(fault(Status(status=409, body=body)))
    with pytest.raises(UsageError, match="could not delete"):
        api.lockboxes.delete(LOCKBOX)


def test_a_refusal_that_breaks_off_is_one_all_the_same(api: ApiClient, sandbox: Sandbox) -> None:
    api.lockboxes.names()
    sandbox.faults.add(fault(Drop(after=3)))
    with pytest.raises(NotFoundError, match="no package 'nothing-1'") as refused:
        api.packages.delete("nothing-1")
    assert refused.value.why.endswith("answered 404")


def test_a_wait_without_end_is_named_as_such(api: ApiClient, sandbox: Sandbox) -> None:
    sandbox.faults.add(fault(Status(status=429, retry_after="9" * 18)))
    with pytest.raises(TransferError) as later:
        api.lockboxes.names()
    assert later.value.remedy.endswith("after some day.")


def test_a_service_that_echoes_secrets_finds_them_in_no_error_and_no_message(
    api: ApiClient, sandbox: Sandbox, watcher: Watcher
) -> None:
    api.lockboxes.names()
    secret = sandbox.client_secret(API_CLIENT_ID)
    shown = api._caller._tokens.token().reveal()
    body = f'{{"code":"x","msg":"you sent {secret} and Bearer {shown}"}}'.encode()
    sandbox.faults.add(fault(Status(status=500, body=body), times=1), fault(Status(status=400, body=body)))
    with pytest.raises(UsageError) as refused:
        api.lockboxes.names()
    said = f"{refused.value} {refused.value.remedy} {watcher.retries}"
    assert "you sent *** and Bearer ***" in said
    assert secret not in said
    assert shown not in said


def test_a_redirect_is_not_followed(api: ApiClient, sandbox: Sandbox) -> None:
    sandbox.faults.add(fault(Redirect(location=f"{sandbox.store_url}/login")))
    with pytest.raises(TransferError, match="sends elsewhere"):
        api.lockboxes.names()
    assert not sandbox.requests.matching(origin="store")


# --- answers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[", b"NaN", b"\xff", b"[" * 200_000, b'{"a": 1' + b"0" * 9000 + b"}"]
)
def test_an_answer_that_is_not_json_is_no_answer(api: ApiClient, sandbox: Sandbox, body: bytes) -> None:
    sandbox.faults.add(fault(Replace(body=body)))
    with pytest.raises(TransferError, match="cannot be used") as unusable:
        api.lockboxes.names()
    assert "login page" in unusable.value.remedy
    assert asked(sandbox) == 1


def test_an_answer_is_read_up_to_a_limit(api: ApiClient, sandbox: Sandbox) -> None:
    def raw(size: int) -> bytes:
        return b'{"signatures":[],"signed":{}}'.ljust(size)

    sandbox.faults.add(fault(Replace(body=raw(4 << 20))), fault(Replace(body=raw((4 << 20) + 1))))
    assert len(api.lockboxes.document(LOCKBOX).raw) == 4 << 20
    with pytest.raises(TransferError, match="too long"):
        api.lockboxes.document(LOCKBOX)


def test_an_answer_that_was_compressed_on_the_way_is_refused(api: ApiClient, sandbox: Sandbox) -> None:
    sandbox.faults.add(fault(Headers(put={"content-encoding": "gzip"})))
    with pytest.raises(TransferError, match="encoding"):
        api.lockboxes.names()


def test_a_service_that_falls_silent_is_not_waited_for_for_ever(make: Maker, sandbox: Sandbox) -> None:
    from lockstick.sandbox import Hang  # noqa: PLC0415

    sandbox.faults.add(fault(Hang(), times=None))
    policy = Policy(attempts=2, read_timeout=0.2, backoff_base=0, connect_timeout=5)
    with pytest.raises(TransferError, match="no byte came"):
        make(policy=policy, surroundings=Surroundings()).lockboxes.names()
