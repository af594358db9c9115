"""The example pipelines do what they say: every shell step of them runs here, against the rehearsal cloud."""

from __future__ import annotations

import base64
import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from docs.pages import ROOT
from docs.pipelines import GITHUB, GITLAB, Runner, others_may_read
from lockstick.cli.boundary import run
from lockstick.cloud import read_credentials
from lockstick.sandbox import Drop, Fault, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the pipelines run in a POSIX shell")

SYSTEMS = ("github", "gitlab")
PAGES = {"github": GITHUB, "gitlab": GITLAB}
DEFINITION = ROOT / "examples" / "lockbox" / "kiosk.yaml"
STAGES = (
    "python -m pip install",
    "grep ",
    "tar ",
    "lockstick packages upload ",
    "lockstick lockboxes define ",
    "lockstick build ",
    "lockstick-verify ",
    "lockstick pack ",
    "rm -f ",
)
PACKAGES = "/repo/api/v1/user_repo/targets/*"


@dataclass(frozen=True)
class Account:
    """An account, and a repository whose pipeline releases to it."""

    cloud: Sandbox
    folder: Path

    @property
    def secret(self) -> str:
        found: str = json.loads(self.cloud.api_client_path.read_bytes())["secret"]
        return found

    @property
    def zipped(self) -> str:
        return base64.b64encode(self.cloud.credentials_path.read_bytes()).decode()

    def runner(self, name: str = "one") -> Runner:
        """A fresh machine with a checkout."""
        client = json.loads(self.cloud.api_client_path.read_bytes())
        runner = Runner(
            self.folder / name,
            {
                "LOCKSTICK_CLIENT_ID": client["client_id"],
                "LOCKSTICK_CLIENT_SECRET": self.secret,
                "CREDENTIALS_ZIP_BASE64": self.zipped,
                # An account of the real service needs neither.
                "LOCKSTICK_API_URL": f"{self.cloud.api_url}/api/v2beta",
                "LOCKSTICK_TOKEN_URL": client["token_endpoint"],
            },
        )
        (runner.work / "app").mkdir()
        (runner.work / "app" / "main").write_bytes(b"the app " * 10_000)
        roots = runner.work / "lockbox" / "roots"
        roots.mkdir(parents=True)
        account = read_credentials(self.cloud.credentials_path)
        (roots / "director-root.json").write_bytes(account.director_root or b"")
        (roots / "image-root.json").write_bytes(account.image_root or b"")
        (runner.work / "lockbox" / "kiosk.yaml").write_bytes(DEFINITION.read_bytes())
        return runner


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with Sandbox.start(tmp_path / "cloud") as cloud:
        yield Account(cloud, tmp_path / "runners")


def release(runner: Runner, system: str, tag: str = "v1.4.0", text: str = "") -> bool:
    text = text or PAGES[system].read_text(encoding="utf-8")
    return runner.github(text, tag=tag) if system == "github" else runner.gitlab(text, tag=tag)


def steps_of(system: str) -> list[str]:
    document: Any = yaml.safe_load(PAGES[system].read_text(encoding="utf-8"))
    if system == "github":
        return [step["name"] for step in document["jobs"]["release"]["steps"]]
    job = document["release-lockbox"]
    return [*job["before_script"], *job["script"], *job["after_script"]]


def sent(account: Account) -> list[str]:
    """The paths of the API under which something was changed."""
    log = account.cloud.requests.all()
    return [entry.path for entry in log if entry.method != "GET" and entry.path.startswith("/api/v2beta/")]


def called(runner: Runner) -> list[str]:
    return [line.rstrip() for line in runner.calls.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_tag_becomes_a_proven_lockbox_in_one_file(
    account: Account, system: str, capsys: pytest.CaptureFixture[str]
) -> None:
    runner = account.runner()
    assert release(runner, system), runner.output
    assert runner.ran == steps_of(system)  # no step was left out
    began = [next(number for number, call in enumerate(called(runner)) if call.startswith(one)) for one in STAGES]
    assert sorted(began) == began

    packed, verdict = runner.artifacts
    assert packed.name == "kiosk-1.4.0.tar.zst"
    found = json.loads(verdict.read_bytes())
    assert (found["verdict"], found["online"]["answer"]) == ("verified", "current")
    assert {one["target"] for one in found["packages"]} == {"kiosk-app-1.4.0", "firmware-1.0.bin"}
    capsys.readouterr()
    assert run(["verify", str(packed), "--trust", str(runner.work / "lockbox" / "roots"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lockbox"]["name"] == "kiosk"


def test_a_step_that_ends_the_shell_early_is_noticed(account: Account) -> None:
    runner = account.runner()
    text = GITLAB.read_text(encoding="utf-8")
    assert 'test "$code" -eq 0' in text
    assert not release(runner, "gitlab", text=text.replace('test "$code" -eq 0', 'exit "$code"'))
    assert runner.ran != steps_of("gitlab")


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_secret_gets_into_arguments_output_or_files(account: Account, system: str) -> None:
    runner = account.runner()
    assert release(runner, system), runner.output
    secrets = [account.secret, account.zipped]
    assert leaked(runner, secrets) == []
    assert "credentials.zip" not in "".join(path.name for path in runner.left())  # forgotten at the end


def leaked(runner: Runner, secrets: list[str]) -> list[str]:
    """Where a secret can be found: the arguments of all programs, what was printed, and all files."""
    places = [("arguments", runner.calls.read_bytes()), ("output", runner.output.encode())]
    places += [(path.name, path.read_bytes()) for path in runner.left() if path != runner.calls]
    return [name for name, data in places if any(secret.encode() in data for secret in secrets)]


@pytest.mark.parametrize(
    ("system", "spoil", "where"),
    [
        ("github", ("--hardware-id kiosk-unit", '--hardware-id "$LOCKSTICK_CLIENT_SECRET"'), "arguments"),
        ("gitlab", ("    - mkdir -p dist\n", '    - mkdir -p dist\n    - echo "$CREDENTIALS_ZIP_BASE64"\n'), "output"),
    ],
)
def test_a_pipeline_that_leaks_is_noticed(account: Account, system: str, spoil: tuple[str, str], where: str) -> None:
    text = PAGES[system].read_text(encoding="utf-8")
    assert spoil[0] in text
    runner = account.runner()
    release(runner, system, text=text.replace(*spoil))
    assert where in leaked(runner, [account.secret, account.zipped])


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_credentials_are_private_while_they_are_needed(account: Account, system: str) -> None:
    text = PAGES[system].read_text(encoding="utf-8")
    runner = account.runner()
    assert release(runner, system, text=text.replace("rm -f ", "true "))
    (kept,) = [path for path in runner.left() if path.name.endswith("credentials.zip")]
    assert not others_may_read(kept)
    assert kept.read_bytes() == account.cloud.credentials_path.read_bytes()


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_same_tag_again_uploads_publishes_and_fetches_nothing(account: Account, system: str) -> None:
    runner = account.runner()
    assert release(runner, system), runner.output
    account.cloud.requests.clear()
    again = account.runner("two")
    (runner.work / ".lockstick-store").rename(again.work / ".lockstick-store")  # the cache
    assert release(again, system), again.output
    assert account.cloud.requests.matching(PACKAGES) == []
    assert sent(account) == []
    assert "It is there already" in again.output


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_next_tag_fetches_only_what_changed_and_supersedes_what_was_attached(
    account: Account, system: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first = account.runner()
    assert release(first, system), first.output
    account.cloud.requests.clear()
    second = account.runner("two")
    (first.work / ".lockstick-store").rename(second.work / ".lockstick-store")
    definition = second.work / "lockbox" / "kiosk.yaml"
    definition.write_text(definition.read_text(encoding="utf-8").replace("1.4.0", "1.5.0"), encoding="utf-8")
    (second.work / "app" / "main").write_bytes(b"the new app " * 10_000)
    assert release(second, system, tag="v1.5.0"), second.output
    fetched = [entry.path.rpartition("/")[2] for entry in account.cloud.requests.matching(PACKAGES)]
    assert fetched == ["kiosk-app-1.5.0"]

    roots, credentials = second.work / "lockbox" / "roots", account.cloud.credentials_path
    codes = [
        run(["verify", str(one.artifacts[0]), "--trust", str(roots), "--online", "--credentials", str(credentials)])
        for one in (first, second)
    ]
    capsys.readouterr()
    assert codes == [4, 0]


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_tag_that_the_definition_does_not_name_publishes_nothing(account: Account, system: str) -> None:
    # The version that it names is there: the service alone would refuse nothing.
    assert release(account.runner(), system)
    account.cloud.requests.clear()
    runner = account.runner("two")
    assert not release(runner, system, tag="v1.5.0")
    assert "names another version of kiosk-app" in runner.output
    assert runner.artifacts == []
    assert [call for call in called(runner) if call.startswith("lockstick ")] == []
    assert called(runner)[-1].startswith("rm -f ")  # also then
    assert sent(account) == []


@pytest.mark.parametrize(
    ("named", "tag"),
    [
        pytest.param("1.4.0", "v1.4", id="longer"),
        pytest.param("1.4.0", "v1.4.0-rc1", id="shorter"),
        pytest.param("1x4.0", "v1.4.0", id="no-pattern"),
    ],
)
def test_a_version_is_compared_as_a_whole(account: Account, named: str, tag: str) -> None:
    runner = account.runner()
    definition = runner.work / "lockbox" / "kiosk.yaml"
    definition.write_text(definition.read_text(encoding="utf-8").replace("1.4.0", named), encoding="utf-8")
    assert not release(runner, "github", tag=tag)
    assert sent(account) == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_transfer_that_fails_is_tried_again_and_continues(account: Account, system: str) -> None:
    runner = account.runner()
    account.cloud.faults.add(Fault(match="*/targets/firmware-1.0.bin", kind=Drop(after=None)))
    text = PAGES[system].read_text(encoding="utf-8")
    text = text.replace("--output stick/update ||", "--output stick/update --attempts 1 ||")
    assert release(runner, system, text=text), runner.output
    assert [call for call in called(runner) if call.startswith("sleep ")] == ["sleep 30"]
    assert len([call for call in called(runner) if call.startswith("lockstick build")]) == 2


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_not_to_be_trusted_is_neither_built_again_nor_attached(account: Account, system: str) -> None:
    runner = account.runner()
    with Sandbox.start(account.folder / "foreign") as foreign:
        other = read_credentials(foreign.credentials_path)
        (runner.work / "lockbox" / "roots" / "director-root.json").write_bytes(other.director_root or b"")
    assert not release(runner, system)
    assert len([call for call in called(runner) if call.startswith("lockstick build")]) == 1
    assert runner.artifacts == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_version_that_is_installed_is_the_one_of_this_project(system: str) -> None:
    project = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert project is not None
    assert f'"lockstick[images]=={project[1]}"' in PAGES[system].read_text(encoding="utf-8")
