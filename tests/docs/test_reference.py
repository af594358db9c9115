"""docs/cli.md and docs/rules.md say what the code says."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, get_args

import pytest

from docs.pages import DOCS, ROOT, commands, fences, read, section
from docs.terminal import Terminal
from docs.test_records_section import desk as written_sticks
from lockstick.cli.boundary import INTERRUPTED, UNEXPECTED, run
from lockstick.cli.jsonlines import PROGRESS_EVERY, JsonLines
from lockstick.cli.options import settings
from lockstick.cli.verify import exit_code_of
from lockstick.errors import LockstickError
from lockstick.progress import Observer, Phase
from lockstick.sandbox import Sandbox
from lockstick.sandbox.fleet import DEVICES
from lockstick.trust.findings import Verdict
from lockstick.trust.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLI = DOCS / "cli.md"
HELP = re.compile(r"<!-- help: ([a-z -]+) -->\n\n```text\n(.*?)```\n\n<!-- /help -->", re.DOTALL)
SHAPE = re.compile(r"<!-- shape: ([a-z -]+) -->\n```json\n(.*?)```", re.DOTALL)


# --- generated pages ---------------------------------------------------------------------------


def test_generated_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "generate_docs.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", [" ".join(path) for path, _ in commands()])
def test_the_reference_holds_the_help_of_every_command(
    path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run([*path.split()[1:], "--help"]) == 0
    documented = dict(HELP.findall(read(CLI)))
    assert documented.get(path) == capsys.readouterr().out, "docs/cli.md is out of date; run: make docs"


def test_the_reference_holds_no_help_of_commands_that_are_gone() -> None:
    assert {name for name, _ in HELP.findall(read(CLI))} == {" ".join(path) for path, _ in commands()}


def test_every_rule_has_a_section_that_says_what_the_code_says() -> None:
    page = read(DOCS / "rules.md")
    sections = dict(re.findall(r"^### ([a-z-]+)$(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL))
    assert sections.keys() == RULES.keys(), "docs/rules.md is out of date; run: make docs"
    for rule in RULES.values():
        for text in (rule.meaning, rule.gain, rule.remedy, f"Severity: {rule.severity}"):
            assert text in sections[rule.id], f"{rule.id}: run: make docs"


# --- exit codes and variables ------------------------------------------------------------------


def leaves(kind: type[LockstickError]) -> Iterator[type[LockstickError]]:
    yield kind
    for below in kind.__subclasses__():
        if below.__module__ == LockstickError.__module__:
            yield from leaves(below)


def test_every_exit_code_is_in_the_reference_and_no_other() -> None:
    table = section(CLI, "Exit codes")
    rows = re.findall(r"^\| (\d+) \| .*? \| (?:`(\w+)`)? ?\|$", table, re.MULTILINE)
    documented = {int(code): name for code, name in rows}
    wanted = {kind.exit_code: kind.__name__ for kind in leaves(LockstickError)} | {0: "", INTERRUPTED: ""}
    assert documented == wanted
    assert wanted[UNEXPECTED] == "LockstickError"


def test_the_readme_and_the_help_give_the_same_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    reference = set(re.findall(r"^\| (\d+) \|", section(CLI, "Exit codes"), re.MULTILINE))
    assert set(re.findall(r"^\| (\d+) \|", read(ROOT / "README.md"), re.MULTILINE)) == reference
    run(["--help"])
    _, _, told = capsys.readouterr().out.partition("Exit codes:")
    assert set(re.findall(r"\b\d+\b", told)) <= reference


def test_every_verdict_is_in_the_reference_with_its_exit_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", section(CLI, "Exit codes"), re.MULTILINE)
    assert {verdict: int(code) for verdict, code in rows} == {
        verdict.value: exit_code_of(verdict.value) for verdict in Verdict
    }


def test_every_variable_is_in_the_reference_and_no_other() -> None:
    documented = dict(
        re.findall(r"^\| `(LOCKSTICK_\w+)` \| (`.*`) \|$", section(CLI, "Environment variables"), re.MULTILINE)
    )
    wanted: dict[str, set[str]] = {}
    for path, command in commands():
        for parameter in command.params:
            if isinstance(parameter.envvar, str):
                wanted.setdefault(parameter.envvar, set()).add(f"{' '.join(path[1:])} {parameter.opts[0]}")
    assert documented.keys() == wanted.keys()
    for variable, uses in wanted.items():
        names = set(re.findall(r"`(.*?)`", documented[variable]))
        everywhere = {name for name in names if name.startswith("--")}
        assert {f"{use.rsplit(' ', 1)[0]} {name}" for use in uses for name in everywhere} | (names - everywhere) == uses


def test_the_variable_for_the_trust_store_is_obeyed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "`LOCKSTICK_TRUST_STORE`" in section(CLI, "Environment variables")
    monkeypatch.setenv("LOCKSTICK_TRUST_STORE", str(tmp_path))
    assert settings().trust_folder == tmp_path


# --- JSON --------------------------------------------------------------------------------------


def api_commands(cloud: Sandbox, folder: Path) -> Iterator[tuple[str, str]]:
    """Commands that ask the public API, in an order in which each has something to show."""
    client = f"--api-client cloud/api-client.json --api-url {cloud.api_url}/api/v2beta"
    yield "login", f"login --keep-in file {client}"
    yield "whoami", "whoami --credentials cloud/credentials.zip"
    (folder / "tool.bin").write_bytes(b"tool")
    (folder / "lockbox.yaml").write_text("expires: 90d\npackages: [firmware-1.0.bin, tool-1]\n")
    devices = f"--device {DEVICES[0].uuid} --device {DEVICES[2].uuid}"
    yield "packages upload", "packages upload tool.bin --name tool --version 1 --hardware-id tool-unit"
    yield "packages list", "packages list"
    yield "packages show", "packages show tool-1"
    yield "packages sources", "packages sources"
    yield "packages refresh", "packages refresh tdx-quarterly"
    cloud.define_lockbox("line-b", ["firmware-1.0.bin"])
    yield "lockboxes define", "lockboxes define line-b -f lockbox.yaml --yes"
    yield "lockboxes list", "lockboxes list"
    yield "lockboxes show", "lockboxes show line-b"
    yield "lockboxes diff", "lockboxes diff line-b@1 line-b"
    yield "packages delete", "packages delete tool-1 --yes --force"
    yield "lockboxes delete", "lockboxes delete line-b --yes"
    yield "updates launch", f"updates launch --package firmware-1.0.bin {devices} --yes"
    yield "updates cancel", f"updates cancel {devices}"
    yield "logout", "logout"


@pytest.fixture
def printed(tmp_path: Path) -> dict[str, Any]:
    """One real document of each kind that the reference shows."""
    documents: dict[str, Any] = {}

    def keep(name: str, command: str) -> None:
        documents[name] = json.loads(terminal.type(f"lockstick {command} --json"))

    with Sandbox.start(tmp_path / "cloud") as cloud, Terminal(tmp_path) as terminal:
        documents["sandbox serve"] = {
            "api": cloud.api_url,
            "api_url": f"{cloud.api_url}/api/v2beta",
            "store": cloud.store_url,
            "credentials": str(cloud.credentials_path),
            "api_client": str(cloud.api_client_path),
        }
        for name, command in api_commands(cloud, tmp_path):
            keep(name, command)
        build = "build line-a --credentials cloud/credentials.zip --output stick/update"
        keep("sandbox define", "sandbox define line-a --data cloud")
        keep("dry-run", f"{build} --dry-run")
        keep("build", build)
        keep("store list", "store list")
        keep("store path", f"store path {documents['store list']['entries'][0]['digest']}")
        keep("store verify", "store verify")
        keep("store prune", "store prune --limit 0 --dry-run")
        keep("trust show", "trust add plant --from cloud/credentials.zip")
        keep("trust list", "trust list")
        keep("inspect", "inspect stick")
        keep("pack dry-run", "pack stick --format tar --dry-run")
        keep("pack", "pack stick --format tar")
        keep("drives", "drives --all")
        profile = {"name": "press", "primary": {"hardware_id": "verdin-imx8mp", "serial": "06530142"}}
        (tmp_path / "press.json").write_text(json.dumps(profile))
        (tmp_path / "roots").mkdir()
        for name, room in (("director", "director"), ("image", "image-repo")):
            root = tmp_path / "stick" / "update" / "metadata" / room / "1.root.json"
            (tmp_path / "roots" / f"{name}-root.json").write_bytes(root.read_bytes())
        (tmp_path / "fleet.csv").write_text("name,hardware_id,serial\npress,verdin-imx8mp,06530142\n")
        keep("rehearse", "rehearse stick --device press.json --provisioned roots")
        keep("rehearse fleet", "rehearse stick --fleet fleet.csv --provisioned roots")
        (tmp_path / "STICK").mkdir()
        write = "write stick --to STICK --trust cloud/credentials.zip --i-know"
        keep("write dry-run", f"{write} --dry-run")
        keep("write", write)
        (tmp_path / "stick" / "update" / "images" / "maps-2026.09.bin").write_bytes(b"tampered")
        keep("verify", "verify stick --online --credentials cloud/credentials.zip")
        keep("explain", "explain stick maps-2026.09.bin")
        keep("trust remove", "trust remove plant --yes")
        keep("error", "verify cloud")
        keep("demo", "demo")
    with written_sticks(tmp_path / "desk") as terminal:
        keep("register list", "register list --expiring 20")
        keep("register show", "register show LINE-2")
        keep("register export", "register export --format csv")
        keep("register forget", "register forget LINE-2")
        keep("receipts key", "receipts key")
        keep("receipts show", "receipts show stick")
        keep("receipts verify", "receipts verify stick")
    return documents


def same_shape(shown: Any, real: Any, where: str) -> None:
    """Say whether two documents have the same members of the same kinds, at every depth."""
    if isinstance(shown, dict) and isinstance(real, dict):
        assert shown.keys() == real.keys(), where
        for name, value in shown.items():
            same_shape(value, real[name], f"{where}.{name}")
    elif isinstance(shown, list) and isinstance(real, list):
        if shown and real:
            same_shape(shown[0], real[0], f"{where}[]")
    elif shown is not None and real is not None:
        numbers = (int, float)
        assert type(shown) is type(real) or (type(shown) in numbers and type(real) in numbers), where


def test_the_json_documents_shown_have_the_shape_of_real_ones(printed: dict[str, Any]) -> None:
    shown = {name: json.loads(text) for name, text in SHAPE.findall(read(CLI))}
    assert shown.keys() == printed.keys()
    for name, document in shown.items():
        if name == "demo":  # shortened on the page, and said so
            assert {part: value["verdict"] for part, value in printed[name].items()} == {
                part: value["verdict"] for part, value in document.items()
            }
        else:
            same_shape(document, printed[name], name)


def test_every_json_block_of_the_reference_is_compared() -> None:
    assert len(fences(CLI, "json")) == len(SHAPE.findall(read(CLI)))


# --- progress ----------------------------------------------------------------------------------


def test_the_progress_events_shown_are_those_that_are_written() -> None:
    called = {"phase", "file_started", "advanced", "file_finished", "retrying", "message"}
    assert called == {name for name in vars(Observer) if not name.startswith("_")}
    stream, now = io.StringIO(), [0.0]
    observer = JsonLines(stream, lambda: now[0])
    observer.phase("fetching", total_bytes=2, files=1)
    observer.file_started("a", length=2)
    observer.advanced("a", 1)
    now[0] = PROGRESS_EVERY
    observer.tick()
    observer.file_finished("a")
    observer.retrying("a", attempt=2, delay=0.2, reason="because")
    observer.message("something")
    written = [json.loads(line) for line in stream.getvalue().splitlines()]
    (block,) = fences(CLI, "jsonl")
    shown = [json.loads(line) for line in block.splitlines()]
    assert [list(event) for event in shown] == [list(event) for event in written]
    assert [event["event"] for event in shown] == [event["event"] for event in written]
    flights = [event["in_flight"] for events in (shown, written) for event in events if "in_flight" in event]
    assert [[list(flight) for flight in one] for one in flights] == [[["file", "done", "length", "rate"]]] * 2
    told = re.findall(r"^\| `(\w+)` \|", section(CLI, "Progress"), re.MULTILINE)
    assert told == [event["event"] for event in written]


def test_every_phase_is_named() -> None:
    (sentence,) = re.findall(r"The phases are (.*?)\.", section(CLI, "Progress"), re.DOTALL)
    assert tuple(re.findall(r"`(\w+)`", sentence)) == get_args(Phase)
