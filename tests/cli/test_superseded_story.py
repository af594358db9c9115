"""A lockbox is defined, built, changed and built again; then the first stick is an old one, for everybody who can know.

Every command is a process of its own, as on a desk; only the cloud lives here, so that its requests can be counted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from docs.terminal import START
from lockstick.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OLD, NEW, KEPT = "kiosk-app-1.0", "kiosk-app-1.1", "firmware-1.0.bin"


@dataclass(frozen=True)
class Desk:
    """A folder with a cloud beside it, in which commands are typed."""

    folder: Path
    cloud: Sandbox

    def type(self, *words: str, program: str = "main") -> tuple[int, Any]:
        """Run a program; give its exit code and its document."""
        start = START.replace("main", program)
        done = subprocess.run(
            [sys.executable, "-c", start, *words, "--json"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=os.environ | {"PYTHONIOENCODING": "utf-8"},
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done.returncode, json.loads(done.stdout)

    def build(self, stick: str) -> Any:
        """Build ``kiosk`` on a stick, and give the document."""
        output = f"{stick}/update"
        code, document = self.type("build", "kiosk", "--credentials", "credentials.zip", "--output", output)
        assert code == 0, document
        return document

    def define(self, version: str) -> Any:
        """Publish ``kiosk`` from a file, and give the document."""
        text = f"packages:\n  - name: kiosk-app\n    version: '{version}'\n  - {KEPT}\n"
        (self.folder / "kiosk.yaml").write_text(text)
        code, document = self.type("lockboxes", "define", "kiosk", "--file", "kiosk.yaml", "--yes")
        assert code == 0, document
        return document

    def fetched(self) -> list[str]:
        """The packages that were asked for since this was last asked, a request each."""
        asked = self.cloud.requests.matching("/repo/api/v1/user_repo/targets/*")
        self.cloud.requests.clear()
        return sorted(entry.path.rpartition("/")[2] for entry in asked)

    def rehearse(self, stick: str, state: str) -> tuple[int, str, str]:
        """Play a device that remembers in ``state``; give exit code, verdict and reason."""
        named = ("--device", "kiosk.json", "--provisioned", "credentials.zip", "--state", state)
        code, document = self.type("rehearse", stick, *named)
        (step,) = document["steps"]
        return code, step["verdict"], step["reason"]

    def ask(self, stick: str, program: str = "main") -> tuple[int, Any]:
        """Verify a stick and ask the cloud; give exit code and document."""
        words = ("verify", stick) if program == "main" else (stick,)
        return self.type(*words, "--online", "--credentials", "credentials.zip", program=program)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    folder = tmp_path / "desk"
    folder.mkdir()
    with Sandbox.start(tmp_path / "cloud") as cloud:
        monkeypatch.setenv("LOCKSTICK_API_CLIENT", str(cloud.api_client_path))
        monkeypatch.setenv("LOCKSTICK_API_URL", f"{cloud.api_url}/api/v2beta")
        (folder / "credentials.zip").write_bytes(cloud.credentials_path.read_bytes())
        (folder / "kiosk.json").write_text('{"primary": {"hardware_id": "kiosk-unit", "serial": "k1"}}')
        desk = Desk(folder, cloud)
        for version in ("1.0", "1.1"):
            (folder / "app").write_bytes(version.encode() * 50_000)
            named = ("--name", "kiosk-app", "--version", version, "--hardware-id", "kiosk-unit")
            code, document = desk.type("packages", "upload", "app", *named)
            assert code == 0, document
        yield desk


def test_the_first_stick_is_superseded_after_the_second_for_the_device_and_by_the_cloud(desk: Desk) -> None:
    assert desk.type("trust", "add", "plant", "--from", "credentials.zip")[0] == 0
    desk.define("1.0")
    desk.build("first")
    assert desk.fetched() == [KEPT, OLD]
    assert desk.rehearse("first", "untouched.state")[:2] == (0, "PASS")
    code, document = desk.ask("first")
    assert (code, document["online"]["answer"]) == (0, "current")

    desk.define("1.1")
    desk.cloud.requests.clear()
    second = desk.build("second")
    assert desk.fetched() == [NEW]  # the rest came out of this machine's store
    assert second["fetched"] == len(b"1.1" * 50_000)
    assert second["verify"]["lockbox"]["version"] == 2

    # A device that has seen the second stick refuses the first; one that has not still takes it, and then the second.
    assert desk.rehearse("second", "seen.state")[:2] == (0, "PASS")
    code, verdict, reason = desk.rehearse("first", "seen.state")
    assert (code, verdict) == (4, "FAIL")
    assert "stored" in reason
    assert desk.rehearse("first", "other.state")[:2] == (0, "PASS")
    assert desk.rehearse("second", "other.state")[:2] == (0, "PASS")

    # From the first stick alone nobody can tell. The cloud can, and this machine remembers what it said.
    assert desk.type("verify", "first", "--no-remember")[0] == 0
    for program in ("main", "verify_main"):
        code, document = desk.ask("first", program)
        assert code == 4
        assert (document["verdict"], document["online"]["answer"]) == ("expired", "superseded")
        assert (document["lockbox"]["version"], document["online"]["lockbox_version"]) == (1, 2)
    assert desk.type("verify", "first")[0] == 4
    code, document = desk.ask("second")
    assert (code, document["online"]["answer"]) == (0, "current")


def test_a_revoked_lockbox_is_superseded_until_the_empty_one_is_built(desk: Desk) -> None:
    assert desk.type("trust", "add", "plant", "--from", "credentials.zip")[0] == 0
    desk.define("1.0")
    desk.build("first")
    assert desk.type("lockboxes", "revoke", "kiosk", "--yes")[0] == 0
    code, document = desk.ask("first")
    assert (code, document["online"]["answer"]) == (4, "revoked")
    desk.cloud.requests.clear()
    desk.build("empty")
    assert desk.fetched() == []
    assert desk.ask("empty")[0] == 0
    desk.rehearse("empty", "seen.state")
    assert desk.rehearse("first", "seen.state")[:2] == (4, "FAIL")
