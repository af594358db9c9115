"""Every command, with secrets that would be recognised anywhere: none of them is told to anybody.

Searched are standard output and error, every record of every logger, every file that others may read, and the words
and variables of every program that is started. Commands are found in the tree of commands; one that ``canaries.py``
does not know how to run fails here.
"""

from __future__ import annotations

import ast
import logging
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from cli.canaries import ALL, API_SECRET, WAYS, Site, forms, told, watched
from docs.pages import ROOT, commands
from lockstick.cli.boundary import run
from lockstick.sandbox import Drop, Fault, Hang, Redirect, Replace, Sandbox, SandboxOptions, Status
from lockstick.sandbox.publisher import API_CLIENT_ID
from lockstick.secret import Secret
from lockstick.transfer import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lockstick.sandbox.faults import Kind

LEAVES = {" ".join(path[1:]): command for path, command in commands() if not isinstance(command, click.Group)}
CREDENTIALS = {"credentials", "api_client"}
ONLINE = [name for name, command in LEAVES.items() if CREDENTIALS & {parameter.name for parameter in command.params}]
LOOKS = (("--verbose",), ("--json",), ("--verbose", "--json", "--progress", "json"), ("--progress", "json"))


@pytest.fixture(scope="module")
def made_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rehearsal cloud's data, made once: its RSA keys take longer than most tests."""
    data = tmp_path_factory.mktemp("cloud") / "data"
    with Sandbox.start(data, options=SandboxOptions(package_size=1024)) as running:
        running.define_lockbox("kiosk")
        running.director.root()
    return data


@pytest.fixture
def site(
    made_before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[Site]:
    defaults = Policy.__init__.__kwdefaults__
    assert defaults is not None
    for number, value in (("attempts", 2), ("backoff_base", 0.01), ("connect_timeout", 2.0), ("read_timeout", 2.0)):
        monkeypatch.setitem(defaults, number, value)
    old = os.umask(0o022)
    # As the rehearsal cloud makes it: for its owner alone.
    shutil.copytree(made_before, tmp_path / "cloud")
    (tmp_path / "cloud").chmod(0o700)
    caplog.set_level(logging.DEBUG)
    with Sandbox.start(tmp_path / "cloud") as cloud:
        site = Site(tmp_path, cloud, monkeypatch)
        yield site
        site.is_over.set()
    os.umask(old)


class Search:
    """Runs commands and searches what they wrote."""

    def __init__(self, site: Site, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
        self._site, self._capfd, self._caplog = site, capfd, caplog

    def run(self, words: list[str]) -> int:
        """Run a command; it must tell nothing to anybody."""
        self._capfd.readouterr()
        self._caplog.clear()
        self._site.start_over()
        with watched() as watch:
            code = run(words)
        captured = self._capfd.readouterr()
        assert "Traceback" not in captured.err
        assert code != 1, captured.err
        places = {"standard output": captured.out.encode(), "standard error": captured.err.encode()}
        for number, entry in enumerate(self._caplog.records):
            said = f"{entry.getMessage()} {vars(entry)}"
            places[f"log record {number} of {entry.name}"] = said.encode()
        for number, child in enumerate(watch.children):
            places[f"started program {number}"] = child
        for path, content in self._site.readable_by_others():
            places[f"the file {path}"] = content
            places[f"the name of {path}"] = os.fsencode(path)
        found = {place: names for place, content in places.items() if (names := told(content))}
        assert not found, words
        return code


@pytest.fixture
def search(site: Site, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Search:
    return Search(site, capfd, caplog)


def test_how_to_run_every_command_is_known() -> None:
    missing = LEAVES.keys() - WAYS.keys()
    assert not missing, "say in tests/cli/canaries.py (WAYS) how to run them, so that they can be searched for secrets"
    assert {"build", "login", "whoami"} <= set(ONLINE)


@pytest.mark.parametrize("name", LEAVES)
def test_a_command_that_succeeds_tells_no_secret(name: str, site: Site, search: Search) -> None:
    if name == "pack" and not shutil.which("mksquashfs"):
        pytest.skip("squashfs images need mksquashfs")
    words = WAYS[name](site)
    assert search.run([*words, "--verbose"]) == 0
    # Where once is enough, as for what was removed, the others fail in their own way: that must tell nothing either.
    for look in LOOKS[1:]:
        search.run([*words, *look])


# --- failures ----------------------------------------------------------------------------------


API = ("/api/*", "/director/*", "/repo/*")
TOKEN = ("/auth/*", "/oauth2/*")
HOWS = ("plain", "cut", "code", "encoded")


def _wrong(kind: Callable[[Site], Kind], matches: Sequence[str] = API) -> Callable[[Site], None]:
    def make(site: Site, match: str) -> Callable[[], Fault]:
        return lambda: Fault(match=match, kind=kind(site), times=None)

    return lambda site: site.go_wrong(*(make(site, match) for match in matches))


def _status(status: int, how: str) -> Callable[[Site], Kind]:
    return lambda site: Status(status=status, body=site.echo(how))


def _revoke(site: Site) -> None:
    site.cloud.revoke_client()
    site.cloud.revoke_client(API_CLIENT_ID)


FAILURES: dict[str, Callable[[Site], None]] = {
    "wrong secret": lambda site: site.set_secrets("another", "another"),
    "revoked client": _revoke,
    "unreachable": lambda site: site.cloud.stop(),
    **{
        f"{status} echoes, {how}": _wrong(_status(status, how))
        for status in (400, 401, 403, 404, 409, 500, 503)
        for how in HOWS
    },
    **{
        f"token service: {status} echoes": _wrong(_status(status, "plain"), TOKEN)
        for status in (400, 401, 403, 404, 500, 503)
    },
    "success echoes": _wrong(lambda site: Replace(body=site.echo())),
    "token service: success echoes": _wrong(lambda site: Replace(body=site.echo()), TOKEN),
    "broken JSON echoes": _wrong(lambda site: Replace(body=site.echo()[:-1])),
    "token service: broken JSON echoes": _wrong(lambda site: Replace(body=site.echo()[:-1]), TOKEN),
    "page echoes": _wrong(lambda site: Replace(body=b"<html>" + site.echo(), content_type="text/html")),
    "redirect with what is secret": _wrong(lambda _: Redirect(location=f"http://127.0.0.1:9/?s={API_SECRET}")),
    "broken connection": _wrong(lambda _: Drop(after=3)),
    "token service: broken connection": _wrong(lambda _: Drop(after=None), TOKEN),
}


FATAL = ("wrong secret", "revoked client", "unreachable", "401", "403", "500", "503", "token service")


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("name", ONLINE)
def test_a_command_that_fails_tells_no_secret(name: str, failure: str, site: Site, search: Search) -> None:
    words = WAYS[name](site)
    FAILURES[failure](site)
    for look in LOOKS:
        code = search.run([*words, *look])
        # What each failure means for each command is tested elsewhere. Here it is enough that the ground does fail.
        assert code != 0 or not failure.startswith(FATAL), look


def test_every_program_that_is_started_is_given_its_variables() -> None:
    """Also those that do not run here: on other systems, for other drives."""
    starting = {
        "Popen",
        "run",
        "call",
        "check_call",
        "check_output",
        "create_subprocess_exec",
        "create_subprocess_shell",
    }
    calls = []
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in starting
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id in {"subprocess", "asyncio"}
            ):
                calls.append((path.name, node.lineno, {keyword.arg for keyword in node.keywords}))
            assert not (isinstance(node, ast.Attribute) and node.attr in {"posix_spawn", "popen"}), path
    assert calls
    assert not [call for call in calls if "env" not in call[2]]


def test_secrets_lie_only_where_they_belong(site: Site, search: Search) -> None:
    before = site.places_of_secrets()
    search.run(WAYS["login"](site))
    search.run(WAYS["build"](site))
    search.run(WAYS["whoami"](site))
    new = {path for path in site.places_of_secrets() - before if not path.startswith("cloud/")}
    (profile,) = new
    assert profile.endswith("/profiles/default.json")
    if os.name == "posix":
        assert (site.root / profile).stat().st_mode & 0o777 == 0o600
    search.run(["logout"])
    assert not {path for path in site.places_of_secrets() - before if not path.startswith("cloud/")}


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
@pytest.mark.parametrize("way", ["file", "standard input", "profile"])
def test_the_list_of_processes_shows_no_secret(site: Site, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCKSTICK_CLIENT_SECRET")
    words = ["whoami"]
    if way == "profile":
        site.log_in()
    else:
        (site.root / "secret").write_text(f"{API_SECRET}\n")
        (site.root / "secret").chmod(0o600)
        token_url = f"{site.cloud.api_url}/auth/realms/ota-users/protocol/openid-connect/token"
        words = ["whoami", "--client-id", API_CLIENT_ID, "--api-url", site.api_url, "--token-url", token_url]
        words += ["--client-secret-file", "-" if way == "standard input" else str(site.root / "secret")]
    site.cloud.faults.add(Fault(match="/api/*", kind=Hang(), times=None))
    before, asked = len(site.cloud.requests.all()), False
    with subprocess.Popen(
        [sys.executable, "-m", "lockstick", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdin is not None
            process.stdin.write(API_SECRET.encode() + b"\n")
            process.stdin.close()
            for _ in range(400):
                asked = any(one.path.startswith("/api/") for one in site.cloud.requests.all()[before:])
                if asked:
                    break
                time.sleep(0.05)
            assert asked, "it never came so far"
            family = [process.pid]
            for task in Path(f"/proc/{process.pid}/task").iterdir():
                family += [int(pid) for pid in (task / "children").read_text().split()]
            seen = b"".join(
                Path(f"/proc/{pid}/{what}").read_bytes() for pid in family for what in ("cmdline", "environ")
            )
        finally:
            process.kill()
    assert b"whoami" in seen
    assert API_SECRET not in told(seen)


# --- the search itself -------------------------------------------------------------------------


def _leaky(site: Site, channel: str) -> None:
    secret = Secret(API_SECRET).reveal()
    if channel == "output":
        click.echo(secret)
    elif channel == "errors":
        click.echo(f"Basic {min(forms(secret)).decode()}", err=True)
    elif channel == "log":
        logging.getLogger("httpx").debug("sent %s", {"client_secret": secret})
    elif channel == "file":
        (site.root / "home" / "trace.log").write_text(secret)
    elif channel == "name":
        (site.root / "tmp" / secret.replace("/", "%2F")).touch()
        (site.root / "tmp" / "canary-token-1").touch()
    elif channel == "words":
        subprocess.run([sys.executable, "-c", "", secret], check=True, env={})
    else:
        subprocess.run([sys.executable, "-c", ""], check=True)


@pytest.mark.parametrize("channel", ["output", "errors", "log", "file", "name", "words", "variables"])
def test_the_search_finds_a_command_that_tells(
    channel: str, site: Site, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command()
    def leaky() -> None:
        _leaky(site, channel)

    monkeypatch.setattr("lockstick.cli.boundary.app", leaky)
    with pytest.raises(AssertionError, match="canary"):
        search.run([])


@pytest.mark.parametrize("secret", [one for one in ALL if one.startswith("canary+")])
def test_a_secret_is_recognised_in_whatever_form(secret: str) -> None:
    for look in forms(secret):
        assert secret in told(b"before " + look + b" after")
    assert not told(b"before canary after")
