"""Ctrl-C, a "no", and what the program says then."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lockstick.sandbox import Drip, Fault, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Runner


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
@pytest.mark.parametrize("as_json", [(), ("--json",)], ids=["text", "json"])
def test_an_interrupted_build_says_what_is_kept(cloud: Sandbox, tmp_path: Path, as_json: tuple[str, ...]) -> None:
    cloud.faults.add(Fault(kind=Drip(size=256, pause=0.05), origin="store", times=None))
    command = [sys.executable, "-m", "lockstick", "build", "kiosk", *as_json]
    command += ["--credentials", str(cloud.credentials_path), "--output", str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        cloud.requests.wait_for(lambda asked: any(request.origin == "store" for request in asked), timeout=30)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    if as_json:
        assert "kept" in json.loads(out)["error"]["remedy"]
    else:
        assert out == ""
        assert "What was fetched is kept" in err
    assert "Traceback" not in err
    assert not (tmp_path / "out" / "metadata").exists()


@pytest.mark.parametrize("as_json", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("command", ["verify", "inspect"])
def test_what_fetches_nothing_does_not_speak_of_what_was_fetched(
    lockstick: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, as_json: tuple[str, ...]
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lockstick.lockbox.layout.find_lockbox", stop)
    result = lockstick(command, tmp_path, *as_json)
    assert result.code == 130
    told = result.json()["error"]["remedy"] if as_json else result.err
    assert "It did not come to its end; run the same command again." in told
    assert "fetched" not in told


def test_a_no_changes_nothing(lockstick: Runner, roots: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lockstick("trust", "add", "ours", "--from", roots).code == 0
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: "n")
    result = lockstick("trust", "remove", "ours")
    assert result.code == 130
    assert "Nothing was done" in result.err
    assert lockstick("trust", "show", "ours").code == 0


@pytest.mark.parametrize(("value", "is_json"), [("1", True), ("true", True), ("0", False), ("", False)])
def test_json_from_the_environment_counts_for_mistakes_too(
    lockstick: Runner,
    monkeypatch: pytest.MonkeyPatch,
    value: str,
    is_json: bool,  # noqa: FBT001 - a parameter of the table
) -> None:
    monkeypatch.setenv("LOCKSTICK_JSON", value)
    result = lockstick("verify", "--no-such-option")
    assert result.code == 2
    assert result.out.startswith("{") is is_json
