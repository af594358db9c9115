"""The command line, run in this process against a real rehearsal cloud."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from lockstick.cli.boundary import run
from lockstick.cloud import read_credentials
from lockstick.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Result:
    """How a run ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Runner = Callable[..., Result]


@pytest.fixture
def lockstick(capfd: pytest.CaptureFixture[str]) -> Runner:
    """Run the program; whatever a user can cause must end without a traceback."""

    def invoke(*arguments: str | Path) -> Result:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        result = Result(code, captured.out, captured.err)
        assert "Traceback" not in result.err
        assert code != 1, result
        return result

    return invoke


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Sandbox]:
    """A rehearsal cloud of this test's own, with the lockbox ``kiosk`` defined."""
    with Sandbox.start(tmp_path / "cloud") as running:
        running.define_lockbox("kiosk")
        yield running


@pytest.fixture
def build(lockstick: Runner, cloud: Sandbox, tmp_path: Path) -> Runner:
    """Build ``kiosk`` into ``out``, impatiently."""

    def invoke(*more: str | Path, lockbox: str = "kiosk") -> Result:
        return lockstick(
            "build",
            lockbox,
            "--credentials",
            cloud.credentials_path,
            "--output",
            tmp_path / "out",
            "--attempts",
            "2",
            "--timeout",
            "0.5",
            *more,
        )

    return invoke


@pytest.fixture
def roots(cloud: Sandbox, tmp_path: Path) -> Path:
    """The cloud's first roots as a trust folder."""
    folder = tmp_path / "roots"
    folder.mkdir()
    account = read_credentials(cloud.credentials_path)
    assert account.director_root is not None
    assert account.image_root is not None
    (folder / "director-root.json").write_bytes(account.director_root)
    (folder / "image-root.json").write_bytes(account.image_root)
    return folder


@pytest.fixture
def logged_in(cloud: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands find the API client of the rehearsal cloud in the environment."""
    members = json.loads(cloud.api_client_path.read_bytes())
    monkeypatch.setenv("LOCKSTICK_API_URL", f"{cloud.api_url}/api/v2beta")
    monkeypatch.setenv("LOCKSTICK_TOKEN_URL", members["token_endpoint"])
    monkeypatch.setenv("LOCKSTICK_CLIENT_ID", members["client_id"])
    monkeypatch.setenv("LOCKSTICK_CLIENT_SECRET", members["secret"])
