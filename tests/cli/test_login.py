"""``lockstick login``, ``whoami`` and ``logout``, as they are typed, and the way from options to who asks."""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from lockstick.cli.options import settings
from lockstick.sandbox import Fault, Headers, Replace, Sandbox, Status
from lockstick.sandbox.publisher import API_CLIENT_ID, CLIENT_ID
from lockstick.transfer import Policy

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Result, Runner

ALL = ["lockboxes-read", "lockboxes-change", "packages-read", "packages-change", "updates-change", "sources-read"]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = Policy.__init__.__kwdefaults__
    assert defaults is not None
    for name, value in (("backoff_base", 0.01), ("connect_timeout", 2.0), ("read_timeout", 2.0)):
        monkeypatch.setitem(defaults, name, value)


@pytest.fixture
def api_url(cloud: Sandbox) -> str:
    return f"{cloud.api_url}/api/v2beta"


@pytest.fixture
def token_url(cloud: Sandbox) -> str:
    return f"{cloud.api_url}/auth/realms/ota-users/protocol/openid-connect/token"


@pytest.fixture
def login(lockstick: Runner, cloud: Sandbox, api_url: str) -> Runner:
    def invoke(*more: str) -> Result:
        client = ("--api-client", cloud.api_client_path, "--api-url", api_url)
        return lockstick("login", *client, "--keep-in", "file", *more)

    return invoke


def profile_files() -> list[str]:
    folder = settings().profile_folder
    return sorted(path.name for path in folder.glob("*.json*")) if folder.is_dir() else []


def allowed(document: dict[str, Any], section: str = "api_client") -> dict[str, bool | None]:
    return {one["what"]: one["allowed"] for one in document[section]["permissions"]}


# --- login -------------------------------------------------------------------------------------


def test_who_logs_in_is_known_from_then_on_and_can_be_forgotten(login: Runner, lockstick: Runner, api_url: str) -> None:
    assert lockstick("whoami").code == 7
    done = login("--json")
    assert (done.code, done.err) == (0, "")
    assert done.json()["file"] == str(settings().profile_folder / "default.json")
    who = lockstick("whoami", "--json").json()
    assert who["profiles"] == ["default"]
    assert (who["api_client"]["client_id"], who["api_client"]["api_url"]) == (API_CLIENT_ID, api_url)
    assert allowed(who) == dict.fromkeys(ALL, True)
    assert who["credentials"] is None
    assert lockstick("logout", "--json").json() == {"forgotten": ["default"]}
    nobody = lockstick("whoami")
    assert nobody.code == 7
    assert "lockstick login" in nobody.err
    assert lockstick("logout").code == 7


def test_a_wrong_secret_is_noticed_and_not_kept(
    lockstick: Runner, api_url: str, token_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCKSTICK_CLIENT_SECRET", "wrong-secret")
    done = lockstick("login", "--client-id", API_CLIENT_ID, "--api-url", api_url, "--token-url", token_url)
    assert done.code == 7
    assert "refused" in done.err
    assert "wrong-secret" not in done.err
    assert profile_files() == []


def test_a_client_that_was_revoked_is_refused_and_stays_until_it_is_replaced(
    login: Runner, lockstick: Runner, cloud: Sandbox
) -> None:
    login()
    cloud.revoke_client(API_CLIENT_ID)
    done = lockstick("whoami")
    assert done.code == 7
    assert "deleted" in done.err
    assert login().code == 7
    assert profile_files() == ["default.json"]


def test_the_other_kind_of_credentials_is_refused(lockstick: Runner, cloud: Sandbox, api_url: str) -> None:
    done = lockstick("login", "--api-client", cloud.credentials_path, "--api-url", api_url)
    assert done.code == 7
    assert "two kinds" in done.err
    # The same client, given by its parts, gets a token and may do nothing.
    token_url = f"{cloud.api_url}/oauth2/token"
    client = {"client_id": CLIENT_ID, "secret": cloud.client_secret(), "token_endpoint": token_url}
    (cloud.data / "wrong.json").write_text(json.dumps(client))
    done = lockstick("login", "--api-client", cloud.data / "wrong.json", "--api-url", api_url)
    assert done.code == 7
    assert "may not do anything" in done.err
    assert profile_files() == []


@pytest.mark.parametrize("how", ["variable", "file", "standard input"])
def test_a_secret_may_come_from_there(
    how: str,
    lockstick: Runner,
    cloud: Sandbox,
    api_url: str,
    token_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = ["login", "--client-id", API_CLIENT_ID, "--api-url", api_url, "--token-url", token_url, "--keep-in", "file"]
    secret = cloud.client_secret(API_CLIENT_ID)
    if how == "variable":
        monkeypatch.setenv("LOCKSTICK_CLIENT_SECRET", secret)
    elif how == "file":
        (tmp_path / "secret").write_bytes(secret.encode() + b"\r\n")
        words += ["--client-secret-file", str(tmp_path / "secret")]
    else:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(secret.encode() + b"\n")))
        words += ["--client-secret-file", "-"]
    assert lockstick(*words).code == 0
    assert profile_files() == ["default.json"]


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_at_a_terminal_id_and_secret_are_asked_for_and_the_secret_is_not_shown(
    cloud: Sandbox, api_url: str, token_url: str
) -> None:
    import pty  # noqa: PLC0415 - POSIX only

    secret = cloud.client_secret(API_CLIENT_ID)
    words = ["login", "--api-url", api_url, "--token-url", token_url, "--keep-in", "file"]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-m", "lockstick", *words])  # noqa: S606 - its own program
    shown = b""

    def until(text: bytes) -> None:
        nonlocal shown
        while text not in shown:
            shown += os.read(terminal, 4096)

    until(b"Client id")
    os.write(terminal, API_CLIENT_ID.encode() + b"\n")
    until(b"not shown")
    time.sleep(0.2)
    os.write(terminal, secret.encode() + b"\n")
    try:
        until(b"external sources")
    except OSError:
        pytest.fail(shown.decode())
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    assert secret.encode() not in shown
    assert profile_files() == ["default.json"]


@pytest.mark.parametrize("words", [[], ["--client-id", "tzn_api_1"]])
def test_without_a_terminal_nobody_is_asked(words: list[str], lockstick: Runner) -> None:
    done = lockstick("login", *words)
    assert done.code == 7
    assert "no terminal" in done.err


@pytest.mark.parametrize("words", [["--client-secret", "sesame"], ["--client-secret=sesame"]])
@pytest.mark.parametrize("look", [[], ["--json"]])
def test_a_secret_on_the_command_line_is_refused_and_not_repeated(
    words: list[str], look: list[str], lockstick: Runner
) -> None:
    done = lockstick("whoami", *look, *words)
    assert done.code == 2
    assert "LOCKSTICK_CLIENT_SECRET" in done.out + done.err
    assert "sesame" not in done.out + done.err


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfes\0", b"x" * 5000, b"two\nlines", b" blank"])
def test_what_holds_no_secret_is_refused_and_not_quoted(
    content: bytes, lockstick: Runner, tmp_path: Path, api_url: str, token_url: str
) -> None:
    (tmp_path / "secret").write_bytes(content)
    words = ["--client-id", "a", "--api-url", api_url, "--token-url", token_url]
    done = lockstick("login", *words, "--client-secret-file", tmp_path / "secret")
    assert done.code == 7
    assert "two" not in done.err
    assert lockstick("login", *words, "--client-secret-file", tmp_path / "none").code == 7
    assert lockstick("login", *words, "--client-secret-file", tmp_path).code == 6


def test_an_address_without_an_api_is_noticed(lockstick: Runner, cloud: Sandbox) -> None:
    client = ("--api-client", cloud.api_client_path)
    assert lockstick("login", *client, "--api-url", f"{cloud.api_url}/elsewhere/v2beta").code in {2, 7}
    cloud.faults.add(Fault(match="/api/v2/*", kind=Status(status=404), times=None))
    done = lockstick("login", *client, "--api-url", f"{cloud.api_url}/api/v2")
    assert (done.code, profile_files()) == (2, [])
    assert "no API" in done.err
    cloud.faults.clear()
    cloud.faults.add(Fault(match="/api/v2/*", kind=Replace(body=b"<html>hello"), times=None))
    assert lockstick("login", *client, "--api-url", f"{cloud.api_url}/api/v2").code == 5
    assert lockstick("login", *client, "--api-url", "http://127.0.0.1:9/v2").code == 5
    assert profile_files() == []


def test_a_client_of_another_service_goes_nowhere_by_itself(lockstick: Runner, cloud: Sandbox, api_url: str) -> None:
    done = lockstick("login", "--api-client", cloud.api_client_path)
    assert done.code == 2
    assert "--api-url" in done.err
    done = lockstick("login", "--client-id", "a", "--api-url", api_url)
    assert done.code == 2
    assert "--token-url" in done.err
    assert not cloud.requests.all()


@pytest.mark.parametrize(("ahead", "words"), [(3600, "3600 s behind"), (-3600, "3600 s ahead of"), (5, "")])
def test_a_clock_that_is_wrong_is_said(ahead: int, words: str, login: Runner, cloud: Sandbox) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
    cloud.faults.add(Fault(match="/api/*", kind=Headers(put={"Date": moment}), times=None))
    done = login()
    assert done.code == 0
    said = [line for line in done.err.splitlines() if "clock" in line]
    if words:
        assert any(str(int(words.split(maxsplit=1)[0]) - off) in said[0] for off in (-2, -1, 0, 1, 2))
        assert words.split("s ")[1] in said[0]
    else:
        assert said == []
    assert abs(login("--json").json()["clock_skew_seconds"] - ahead) < 10


def test_a_keyring_that_hangs_costs_its_time_and_a_file_is_taken(
    lockstick: Runner, cloud: Sandbox, api_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = pytest.importorskip("keyring")
    over = threading.Event()
    monkeypatch.setattr(keyring, "get_keyring", lambda: over.wait(60))
    monkeypatch.setattr("lockstick.cli.api_access._ALONE", 0.3)
    words = ["login", "--api-client", str(cloud.api_client_path), "--api-url", api_url]
    started = time.monotonic()
    done = lockstick(*words)
    assert done.code == 0
    assert "did not answer within 0.3 s" in done.err
    assert profile_files() == ["default.json"]
    assert lockstick("whoami").code == 0, "what is in a file needs no keyring"
    assert lockstick(*words, "--keep-in", "keyring").code == 7
    assert time.monotonic() - started < 30
    over.set()


# --- whoami ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "what"),
    [
        ("GET", "/api/v2beta/lockboxes", "lockboxes-read"),
        ("POST", "/api/v2beta/lockboxes/*", "lockboxes-change"),
        ("GET", "/api/v2beta/packages", "packages-read"),
        ("PATCH", "/api/v2beta/packages/*", "packages-change"),
        ("POST", "/api/v2beta/updates", "updates-change"),
        ("GET", "/api/v2beta/packages_external/info", "sources-read"),
    ],
)
def test_each_permission_is_tried_by_itself(
    method: str, path: str, what: str, login: Runner, lockstick: Runner, cloud: Sandbox
) -> None:
    login()
    cloud.faults.add(Fault(match=path, method=method, kind=Status(status=403), times=None))
    done = lockstick("whoami", "--json")
    assert done.code == 0
    assert allowed(done.json()) == {one: one != what for one in ALL}
    assert "403" in lockstick("whoami").out
    cloud.faults.clear()
    cloud.faults.add(Fault(match=path, method=method, kind=Status(status=418), times=None))
    done = lockstick("whoami", "--json")
    if what != "packages-read":
        assert allowed(done.json()) == {one: None if one == what else True for one in ALL}
        assert "unclear" in lockstick("whoami").out


def test_trying_changes_nothing(login: Runner, lockstick: Runner, cloud: Sandbox, api_url: str) -> None:
    before = (cloud.director.names(), cloud.director.snapshot(), cloud.director.lockbox("kiosk"))
    login()
    lockstick("whoami", "--credentials", cloud.credentials_path)
    assert (cloud.director.names(), cloud.director.snapshot(), cloud.director.lockbox("kiosk")) == before


def test_both_kinds_are_tried_or_the_file_alone(login: Runner, lockstick: Runner, cloud: Sandbox) -> None:
    zip_file = ("--credentials", cloud.credentials_path)
    alone = lockstick("whoami", *zip_file, "--json")
    assert alone.code == 0
    assert alone.json()["api_client"] is None
    assert allowed(alone.json(), "credentials") == {"director-read": True, "images-read": True}
    login()
    both = lockstick("whoami", *zip_file, "--json").json()
    assert allowed(both) == dict.fromkeys(ALL, True)
    cloud.faults.add(Fault(match="/director/*", kind=Status(status=403), times=None))
    partly = lockstick("whoami", *zip_file, "--json")
    assert (partly.code, allowed(partly.json(), "credentials")["director-read"]) == (0, False)
    cloud.faults.add(Fault(match="/repo/*", kind=Status(status=403), times=None))
    assert lockstick("whoami", *zip_file).code == 7
    cloud.faults.clear()
    cloud.revoke_client()
    assert lockstick("whoami", *zip_file).code == 7
    assert lockstick("whoami").code == 0


# --- who asks ----------------------------------------------------------------------------------


def test_options_come_before_variables_and_variables_before_the_profile(
    login: Runner, lockstick: Runner, cloud: Sandbox, api_url: str, token_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    login()
    login("--profile", "plant")
    monkeypatch.setenv("LOCKSTICK_API_URL", api_url)
    monkeypatch.setenv("LOCKSTICK_TOKEN_URL", token_url)

    def source(*words: str) -> tuple[str, str | None]:
        client = lockstick("whoami", "--json", *words).json()["api_client"]
        return client["source"], client["profile"]

    assert source() == ("profile", "default")
    monkeypatch.setenv("LOCKSTICK_PROFILE", "plant")
    assert source() == ("environment", "plant")
    monkeypatch.delenv("LOCKSTICK_PROFILE")
    monkeypatch.setenv("LOCKSTICK_CLIENT_ID", API_CLIENT_ID)
    assert lockstick("whoami").code == 7, "an id without its secret"
    monkeypatch.setenv("LOCKSTICK_CLIENT_SECRET", cloud.client_secret(API_CLIENT_ID))
    assert source() == ("environment", None)
    assert source("--profile", "plant") == ("options", "plant")
    assert source("--api-client", str(cloud.api_client_path)) == ("options", None)
    assert lockstick("whoami", "--profile", "plant", "--client-id", "a").code == 2
    monkeypatch.setenv("LOCKSTICK_PROFILE", "plant")
    assert lockstick("whoami").code == 2
    monkeypatch.delenv("LOCKSTICK_PROFILE")
    monkeypatch.setenv("LOCKSTICK_CLIENT_SECRET_FILE", "somewhere")
    assert lockstick("whoami").code == 2


def test_who_is_logged_in_under_another_name_is_told_to_say_which(login: Runner, lockstick: Runner) -> None:
    assert "nobody is logged in" in lockstick("lockboxes", "list").err
    login("--profile", "plant")
    for words in (("whoami",), ("lockboxes", "list")):
        done = lockstick(*words)
        assert done.code == 7
        assert "nobody is logged in" not in done.err
        assert "--profile plant, or set LOCKSTICK_PROFILE" in done.err


def test_a_profile_that_is_not_there_is_answered_with_those_that_are(login: Runner, lockstick: Runner) -> None:
    login("--profile", "plant")
    done = lockstick("whoami", "--profile", "plan")
    assert done.code == 7
    assert "known are: plant" in done.err
    assert "Did you mean 'plant'?" in done.err
    assert "Did you mean" not in lockstick("whoami", "--profile", "elsewhere").err
    assert lockstick("whoami", "--profile", "../x").code == 2


def test_a_profiles_token_goes_to_no_other_address(
    login: Runner, lockstick: Runner, cloud: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    login()
    assert lockstick("whoami", "--api-url", f"{cloud.api_url}/api/v2").code == 0
    with Sandbox.start(tmp_path / "another") as another:
        for words in (["--api-url", f"{another.api_url}/api/v2beta"], []):
            if not words:
                monkeypatch.setenv("LOCKSTICK_API_URL", f"{another.api_url}/api/v2beta")
            done = lockstick("whoami", *words)
            assert done.code == 7
            assert "its token goes nowhere else" in done.err
        assert not another.requests.all()


def test_all_profiles_can_be_forgotten_and_no_variable_does_that(
    login: Runner, lockstick: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("default", "plant", "lab"):
        login("--profile", name)
    monkeypatch.setenv("LOCKSTICK_ALL", "1")
    monkeypatch.setenv("LOCKSTICK_PROFILE", "lab")
    assert lockstick("logout", "--json").json() == {"forgotten": ["lab"]}
    assert lockstick("logout", "--all", "--profile", "plant").code == 2
    assert lockstick("logout", "--all", "--json").json() == {"forgotten": ["default", "plant"]}
    assert profile_files() == []
    assert lockstick("logout", "--all").code == 0


def test_one_profile_that_cannot_be_forgotten_does_not_keep_the_others(login: Runner, lockstick: Runner) -> None:
    for name in ("a", "b", "c"):
        login("--profile", name)
    (settings().profile_folder / "b.json").unlink()
    (settings().profile_folder / "b.json").mkdir()
    assert lockstick("logout", "--all").code == 6
    assert profile_files() == ["b.json"]


def test_no_token_is_kept_and_the_rehearsal_cloud_says_how_to_log_in(tmp_path: Path, lockstick: Runner) -> None:
    start = "import sys; from lockstick.cli import main; sys.argv[0] = 'lockstick'; main()"
    command = [sys.executable, "-c", start, "sandbox", "serve", "--data", str(tmp_path / "a cloud")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            typed = next(line for line in process.stdout if line.startswith("Log in: "))
            shell = typed.removeprefix("Log in: lockstick").strip()
            words = [sys.executable, "-m", "lockstick", *shlex.split(shell)]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            assert lockstick("whoami", "--profile", "rehearsal").code == 0
        finally:
            process.kill()
    kept = json.loads((settings().profile_folder / "rehearsal.json").read_text())
    assert set(kept["profile"]) == {"api_url", "client_id", "client_secret", "token_url"}
