"""From the public API to the stick and back: upload, define, build, verify, change, build again, revoke."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lockstick.cloud.api import ApiClient, Endpoint, LockboxDefinition, read_api_client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli.conftest import Runner
    from lockstick.sandbox import Sandbox


@pytest.fixture
def api(cloud: Sandbox) -> Iterator[ApiClient]:
    endpoint = Endpoint.of(f"{cloud.api_url}/api/v2beta")
    with ApiClient(read_api_client(cloud.api_client_path), endpoint=endpoint) as client:
        yield client


def test_what_is_uploaded_and_defined_is_built_and_proven_and_what_is_revoked_is_empty(
    api: ApiClient, cloud: Sandbox, build: Runner, lockstick: Runner, tmp_path: Path
) -> None:
    file, out = tmp_path / "file", tmp_path / "out"
    ids = []
    for version in ("1.0", "1.1"):
        file.write_bytes(version.encode() * 5000)
        package = api.packages.upload(file, name="my tool", version=version, hardware_ids=["tool-unit"])
        ids.append(package.package_id)
    old, new = ids

    def verified() -> list[str]:
        verdict = lockstick("verify", out, "--json").json()
        assert verdict["verdict"] == "verified", verdict
        return [package["target"] for package in verdict["packages"]]

    def fetched() -> list[str]:
        paths = [entry.path.rpartition("/")[2] for entry in cloud.requests.matching("/repo/api/v1/user_repo/targets/*")]
        cloud.requests.clear()
        return paths

    assert lockstick("trust", "add", "plant", "--from", cloud.credentials_path).code == 0
    api.lockboxes.define("kiosk", LockboxDefinition(package_ids=[old, "firmware-1.0.bin"]))
    assert build().code == 0
    assert sorted(verified()) == ["firmware-1.0.bin", old]
    assert (out / "images" / old).read_bytes() == b"1.0" * 5000
    assert sorted(fetched()) == ["firmware-1.0.bin", old]

    api.lockboxes.define("kiosk", LockboxDefinition(package_ids=[new, "firmware-1.0.bin"]))
    assert build().code == 0
    assert sorted(verified()) == ["firmware-1.0.bin", new]
    assert fetched() == [new]  # the rest was there

    api.lockboxes.revoke("kiosk")
    assert build().code == 0
    assert verified() == []
    api.lockboxes.delete("kiosk")
    assert build().code == 8
