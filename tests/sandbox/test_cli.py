from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest
from click.testing import CliRunner

from lockstick.cli.boundary import run
from lockstick.cli.sandbox import sandbox
from lockstick.sandbox import SEEDS, Package, Sandbox, SandboxOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

START = "import sys; from lockstick.cli import main; sys.argv[0] = 'lockstick'; main()"


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
def test_serve_says_where_it_is_and_ends_well_on_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-c", START, "sandbox", "serve", "--json", "--package-size", "1KiB"]
    with subprocess.Popen(
        [*command, "--data", str(tmp_path / "cloud")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = ""
        while not said.endswith("}\n"):
            said += process.stdout.readline()
        where = json.loads(said)
        assert httpx.get(where["api"], trust_env=False).status_code == 401
        assert httpx.get(where["store"], trust_env=False).status_code == 404
        assert (tmp_path / "cloud" / "credentials.zip") == type(tmp_path)(where["credentials"])
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)
    assert (process.returncode, rest) == (0, "")
    assert "Traceback" not in errors


def test_define_needs_a_cloud_that_exists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sandbox", "define", "kiosk", "--data", str(tmp_path)]) == 8
    assert "There is no rehearsal cloud" in capsys.readouterr().err


def test_define_defines_a_lockbox_in_a_data_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Sandbox.start(tmp_path) as cloud:
        arguments = ["sandbox", "define", "kiosk", "--data", str(tmp_path), "--json"]
        assert run([*arguments, "--package", "firmware-1.0.bin", "--expires", "2040-01-01"]) == 0
        assert cloud.director.lockbox("kiosk")["signed"]
    assert json.loads(capsys.readouterr().out) == {
        "lockbox": "kiosk",
        "version": 1,
        "expires": "2040-01-01T00:00:00Z",
        "targets": ["firmware-1.0.bin"],
    }


def test_define_in_words_names_version_expiry_and_packages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Sandbox.start(tmp_path).stop()
    assert run(["sandbox", "define", "kiosk", "--data", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "kiosk version 1" in out
    assert "sensors/co2 hub-2.3.1.bin" in out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["kiosk.1"], 2), (["kiosk", "--package", "ghost"], 8), (["kiosk", "--expires", "soon"], 2)],
)
def test_define_refuses_what_the_cloud_would_refuse(tmp_path: Path, arguments: list[str], code: int) -> None:
    Sandbox.start(tmp_path).stop()
    assert run(["sandbox", "define", "--data", str(tmp_path), *arguments]) == code


@pytest.mark.parametrize("size", ["", "big", "1 XB", "-1", "1.5MB"])
def test_a_size_that_is_none_is_a_usage_error(tmp_path: Path, size: str) -> None:
    result = CliRunner().invoke(sandbox, ["serve", "--data", str(tmp_path), "--package-size", size])
    assert result.exit_code == 2
    assert "is not a size" in result.output


def test_without_the_extra_the_error_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in list(sys.modules):
        if name.partition(".")[0] == "starlette" or name.startswith("lockstick.sandbox"):
            monkeypatch.delitem(sys.modules, name)
    # A module that is None is one that cannot be imported.
    monkeypatch.setitem(sys.modules, "starlette", None)
    assert run(["sandbox", "serve", "--data", str(tmp_path)]) == 2
    assert "In a clone of Lockstick: pip install '.[sandbox]'" in capsys.readouterr().err


def test_the_command_line_does_not_import_the_sandbox_for_its_help() -> None:
    program = (
        "import sys\nfrom lockstick.cli.boundary import run\ncode = run(['sandbox', 'serve', '--help'])\n"
        "assert code == 0\nassert not {'starlette', 'uvicorn', 'cryptography', 'httpx'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_a_folder_with_other_things_in_it_does_not_become_a_cloud(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letter.txt").write_text("dear all", encoding="utf-8")
    assert run(["sandbox", "serve", "--data", str(tmp_path)]) == 2
    assert "is not empty and holds no rehearsal cloud" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_directory_is_served_once_at_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Sandbox.start(tmp_path) as cloud:
        before = cloud.credentials_path.read_bytes()
        assert run(["sandbox", "serve", "--data", str(tmp_path)]) == 2
        assert "is already being served" in capsys.readouterr().err
        assert cloud.credentials_path.read_bytes() == before
    with Sandbox.start(tmp_path) as again:
        assert again.packages()


def test_an_unknown_package_is_answered_with_those_that_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Sandbox.start(tmp_path).stop()
    assert run(["sandbox", "define", "kiosk", "--data", str(tmp_path), "--package", "firmware"]) == 8
    assert "'firmware-1.0.bin', 'sensors/co2 hub-2.3.1.bin'" in capsys.readouterr().err


def test_the_packages_of_a_new_cloud_are_announced_before_they_are_made(tmp_path: Path) -> None:
    seen: list[tuple[int, bool]] = []

    def on_seeding(packages: Sequence[Package]) -> None:
        seen.append((len(packages), any((tmp_path / "blobs").iterdir())))

    options = SandboxOptions(bulk_count=3, on_seeding=on_seeding)
    for _ in range(2):
        Sandbox.start(tmp_path, options=options).stop()
    assert seen == [(len(SEEDS) + 3, False)]
