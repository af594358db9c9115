"""A store that a team shares: one workstation fills it, the others fetch nothing from the repository."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest

from cli.test_store import fetched, images, total
from lockstick.transfer.shared.bucket import Bucket
from s3_server import BUCKET, FILLER, READER, Key, S3Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli.conftest import Result, Runner
    from lockstick.sandbox import Sandbox


pytestmark = pytest.mark.usefixtures("use")


@pytest.fixture
def shared() -> str:
    return f"s3://{BUCKET}/{uuid.uuid4().hex}"


class Workstation:
    """A machine with a store of its own and a key to the shared one."""

    def __init__(self, name: str, tmp_path: Path, run: Runner, cloud: Sandbox, shared: str) -> None:
        self.out = tmp_path / name / "out"
        self._run = run
        self._cloud = cloud
        self.stores: tuple[str | Path, ...] = ("--store", tmp_path / name / "store", "--store", shared)

    def build(self, *more: str | Path) -> Result:
        account = ("--credentials", self._cloud.credentials_path)
        options = ("--attempts", "2", "--timeout", "5")
        self._cloud.requests.clear()
        return self._run("build", "kiosk", *account, "--output", self.out, *self.stores, *options, *more)


@pytest.fixture
def use(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    def set_key(key: Key, url: str = s3_server.url) -> None:
        for name, value in key.environment(url).items():
            monkeypatch.setenv(name, value)

    set_key(FILLER)
    return set_key


@pytest.fixture
def one(tmp_path: Path, lockstick: Runner, cloud: Sandbox, shared: str) -> Workstation:
    return Workstation("one", tmp_path, lockstick, cloud, shared)


@pytest.fixture
def two(tmp_path: Path, lockstick: Runner, cloud: Sandbox, shared: str) -> Workstation:
    return Workstation("two", tmp_path, lockstick, cloud, shared)


class Keys:
    """What is in the bucket below a prefix, behind the store's back."""

    def __init__(self, client: Any, shared: str) -> None:
        self._client = client
        self._prefix = shared.removeprefix(f"s3://{BUCKET}/")

    def all(self) -> dict[str, int]:
        listed = self._client.list_objects_v2(Bucket=BUCKET, Prefix=self._prefix).get("Contents", [])
        return {entry["Key"]: entry["Size"] for entry in listed}

    def put(self, key: str, data: bytes) -> None:
        self._client.put_object(Bucket=BUCKET, Key=key, Body=data)


@pytest.fixture
def bucket(s3_server: S3Server, shared: str) -> Iterator[Keys]:
    client = boto3.client(
        "s3",
        endpoint_url=s3_server.url,
        region_name="us-east-1",
        aws_access_key_id=FILLER.name,
        aws_secret_access_key=FILLER.secret,
    )
    yield Keys(client, shared)
    client.close()


def test_what_one_workstation_has_built_another_fetches_from_the_bucket(
    one: Workstation, two: Workstation, cloud: Sandbox, bucket: Keys
) -> None:
    first = one.build("--json")
    assert first.code == 0, first.err
    assert "package(s) were put into s3://" in first.err
    assert fetched(cloud)
    assert bucket.all()
    second = two.build("--json")
    assert second.code == 0, second.err
    assert fetched(cloud) == []
    assert second.json()["fetched"] == total(second) == total(first)
    assert images(one.out) == images(two.out)
    assert "put into" not in second.err


def test_every_variable_and_message_keeps_the_signed_addresses_to_itself(one: Workstation, two: Workstation) -> None:
    said = [one.build("--verbose", "--progress", "json"), two.build("--verbose", "--progress", "json")]
    for result in said:
        assert result.code == 0
        for word in ("X-Amz", "Signature", FILLER.secret, FILLER.name):
            assert word not in result.out + result.err


def test_wrong_bytes_in_the_bucket_are_found_and_fetched_from_their_origin(
    one: Workstation, two: Workstation, cloud: Sandbox, bucket: Keys
) -> None:
    assert one.build().code == 0
    for key, length in bucket.all().items():
        bucket.put(key, b"\0" * length)
    result = two.build()
    assert result.code == 0, result.err
    assert result.err.count("the rest is fetched elsewhere") == 1
    assert fetched(cloud)
    assert images(one.out) == images(two.out)


def test_a_key_that_may_only_read_reads_and_says_once_that_it_does_not_fill(
    use: Any, one: Workstation, two: Workstation, bucket: Keys
) -> None:
    use(READER)
    result = one.build()
    assert result.code == 0
    assert result.err.count("is not filled") == 1
    assert bucket.all() == {}
    use(FILLER)
    assert one.build("--store-limit", "0").code == 0
    use(READER)
    assert two.build().code == 0


@pytest.mark.parametrize("key", [Key(FILLER.name, "wrong-canary"), Key("nobody", "canary")])
def test_wrong_credentials_are_said_once_and_the_lockbox_is_built(
    use: Any, one: Workstation, cloud: Sandbox, key: Key
) -> None:
    use(key)
    result = one.build()
    assert result.code == 0
    assert result.err.count("is not used") == 1
    assert "canary" not in result.err
    assert fetched(cloud)


def test_a_bucket_that_is_not_there_or_a_server_that_is_not_are_said_once(
    tmp_path: Path, lockstick: Runner, cloud: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = Workstation("three", tmp_path, lockstick, cloud, "s3://elsewhere").build()
    assert (missing.code, missing.err.count("there is no bucket elsewhere")) == (0, 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    silent = Workstation("four", tmp_path, lockstick, cloud, f"s3://{BUCKET}").build()
    assert (silent.code, silent.err.count("cannot be reached")) == (0, 1)


def test_the_local_store_stays_in_front(one: Workstation, cloud: Sandbox, s3_server: S3Server) -> None:
    assert one.build().code == 0
    one.out = one.out.with_name("again")
    before = len(s3_server.asked)
    assert one.build().code == 0
    assert fetched(cloud) == []
    assert {asked.method for asked in s3_server.asked[before:]} == {"GET", "HEAD"}
    assert not [asked for asked in s3_server.asked[before:] if asked.method == "GET" and "/sha256/" in asked.path]


def test_a_shared_store_does_without_one_on_this_machine(
    one: Workstation, cloud: Sandbox, tmp_path: Path, lockstick: Runner, shared: str
) -> None:
    assert one.build().code == 0
    account = ("--credentials", cloud.credentials_path)
    cloud.requests.clear()
    stores = ("--store", shared, "--store", "none")
    assert lockstick("build", "kiosk", *account, "--output", tmp_path / "out", *stores).code == 0
    assert fetched(cloud) == []


def test_one_variable_names_a_folder_with_blanks_and_shared_stores(
    one: Workstation, tmp_path: Path, shared: str, monkeypatch: pytest.MonkeyPatch, bucket: Keys
) -> None:
    monkeypatch.setenv("LOCKSTICK_STORE", f"{tmp_path / 'my own store'} {shared}")
    one.stores = ()
    assert one.build().code == 0
    assert (tmp_path / "my own store" / "sha256").is_dir()
    assert bucket.all()


def test_what_makes_no_sense_is_refused_before_anything_is_asked(
    one: Workstation, cloud: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_folders = one.build("--store", tmp_path / "other")
    assert (two_folders.code, "more than one store" in two_folders.err) == (2, True)
    address = one.build("--store", "s3://key:canary@team")
    assert (address.code, "canary" in address.err) == (2, False)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://s3.example")
    plain = one.build()
    assert (plain.code, "plain http" in plain.err) == (2, True)
    assert fetched(cloud) == []


def test_addresses_that_run_out_are_asked_for_again(
    one: Workstation, two: Workstation, cloud: Sandbox, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert one.build().code == 0
    offer = Bucket.offer
    asked: list[str] = []

    def offer_for_a_second(self: Bucket, digest: str, length: int) -> str | None:
        asked.append(digest)
        if asked.count(digest) > 1:
            return offer(self, digest, length)
        url = self._client.generate_presigned_url("get_object", Params=self._where(digest), ExpiresIn=1)
        while httpx.get(url, trust_env=False).status_code != 403:
            time.sleep(0.1)
        return url

    monkeypatch.setattr(Bucket, "offer", offer_for_a_second)
    result = two.build()
    assert result.code == 0, result.err
    assert fetched(cloud) == []
    assert "refuses what it offers" not in result.err


def test_a_bucket_that_refuses_what_it_offers_is_left_after_three_tries(
    one: Workstation, two: Workstation, cloud: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert one.build().code == 0
    offer = Bucket.offer
    asked: list[str] = []

    def spoilt(self: Bucket, digest: str, length: int) -> str | None:
        asked.append(digest)
        return f"{offer(self, digest, length)}0"

    monkeypatch.setattr(Bucket, "offer", spoilt)
    result = two.build()
    assert result.code == 0
    assert result.err.count("refuses what it offers") == 1
    assert {asked.count(digest) for digest in asked} == {3}
    assert fetched(cloud)


# --- looking after it --------------------------------------------------------------------------


def test_a_shared_store_is_listed(one: Workstation, lockstick: Runner, bucket: Keys, shared: str) -> None:
    assert one.build().code == 0
    listed = lockstick("store", "list", "--store", shared, "--json").json()
    assert {f"{shared}/sha256/{entry['digest']}".removeprefix(f"s3://{BUCKET}/") for entry in listed["entries"]} == set(
        bucket.all()
    )
    assert (listed["bytes"], listed["complete"], listed["foreign"]) == (sum(bucket.all().values()), True, 0)
    text = lockstick("store", "list", "--store", shared).out
    assert f"{len(bucket.all())} entries" in text.splitlines()[-1]


def test_verifying_a_shared_store_removes_what_is_damaged_so_that_it_is_filled_again(
    one: Workstation, two: Workstation, lockstick: Runner, bucket: Keys, shared: str
) -> None:
    assert one.build().code == 0
    before = bucket.all()
    assert lockstick("store", "verify", "--store", shared).code == 0
    key, length = min(before.items())
    bucket.put(key, b"\0" * length)
    result = lockstick("store", "verify", "--store", shared, "--json")
    assert result.code == 6
    assert [entry["digest"] for entry in result.json()["damaged"]] == [key.rpartition("/")[2]]
    assert key not in bucket.all()
    assert two.build().code == 0
    assert bucket.all() == before
    assert "were damaged" in lockstick("store", "verify", "--store", shared).out


def test_a_key_that_may_only_read_cannot_remove_what_is_damaged(
    use: Any, one: Workstation, lockstick: Runner, bucket: Keys, shared: str
) -> None:
    assert one.build().code == 0
    key, length = min(bucket.all().items())
    bucket.put(key, b"\0" * length)
    use(READER)
    assert lockstick("store", "verify", "--store", shared).code == 7
    assert key in bucket.all()


@pytest.mark.parametrize("command", [("prune",), ("path", "ab" * 32)])
def test_what_a_shared_store_cannot_do_is_refused(lockstick: Runner, shared: str, command: tuple[str, ...]) -> None:
    result = lockstick("store", *command, "--store", shared)
    assert (result.code, "only for the store on this machine" in result.err) == (2, True)
    assert "lifecycle rule" in result.err


def test_looking_into_a_bucket_that_is_not_there_is_an_error(lockstick: Runner) -> None:
    assert lockstick("store", "list", "--store", "s3://elsewhere").code == 8
