"""Runs the example pipelines here: their shell steps, in order, as the two CI systems run them.

What it cannot run (a checkout, a cache, an upload of artifacts) it knows by name and plays; anything else fails. The
path holds nothing but stand-ins that write down how they were called and then do it: what a step starts is known.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from docs.pages import ROOT
from docs.terminal import START

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

GITHUB = ROOT / "examples" / "github" / "release.yml"
GITLAB = ROOT / "examples" / "gitlab" / "gitlab-ci.yml"

_EXPRESSION = re.compile(r"\$\{\{\s*([a-z_]+)\.(\w+)\s*\}\}")
_PLAYED = ("actions/checkout@", "actions/setup-python@", "actions/cache@", "actions/upload-artifact@")
_TOOLS = ("base64", "grep", "mkdir", "rm", "tar", "tee")
_OURS = {"lockstick": "main", "lockstick-verify": "verify_main"}
_PASSED_ON = ("PYTHONPATH", "COVERAGE_", "COV_")


@dataclass
class Runner:
    """A machine of a CI system.

    Args:
        folder: Where it has its things; empty at first.
        variables: What the account's settings hand over; secrets too.
    """

    folder: Path
    variables: Mapping[str, str]
    ran: list[str] = field(default_factory=list)
    """The names of the steps that were run or played, in order."""
    output: str = ""
    """What the steps printed, on both channels."""
    artifacts: list[Path] = field(default_factory=list)
    """What was attached."""
    failed: str = ""
    """The step that failed, or nothing."""

    def __post_init__(self) -> None:
        self.work = self.folder / "work"
        self.temporary = self.folder / "temporary"
        self.home = self.folder / "home"
        self._shims = self.folder / "bin"
        self.calls = self.folder / "calls.txt"
        for place in (self.work, self.temporary, self.home, self._shims):
            place.mkdir(parents=True, exist_ok=True)
        self.calls.touch()
        python = shlex.quote(sys.executable)
        self._shim("python", python)
        self._shim("sleep", ":")  # nobody waits here
        for name in _TOOLS:
            self._shim(name, shutil.which(name) or name)
        for name, function in _OURS.items():
            self._shim(name, f"{python} -c {shlex.quote(START.replace('main', function))}")

    def _shim(self, name: str, command: str) -> None:
        place = self._shims / name
        log = shlex.quote(str(self.calls))
        call = f'exec {command} "$@"' if command != ":" else ":"
        # One write for a line: the parts of a pipe write at the same time.
        place.write_text(f'#!/bin/sh\nline=$(printf "%s " {name} "$@")\nprintf "%s\\n" "$line" >>{log}\n{call}\n')
        place.chmod(0o755)

    def github(self, text: str, *, tag: str) -> bool:
        """Run the one job of a GitHub workflow; True if it succeeded."""
        document = yaml.safe_load(text)
        assert document["defaults"]["run"]["shell"] == "bash"
        (job,) = document["jobs"].values()
        environment = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_REF_NAME": tag,
            "GITHUB_WORKSPACE": str(self.work),
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_ENV": str(self.folder / "github.env"),
            **self._resolved(job["env"], tag),
        }
        for step in job["steps"]:
            name, condition = step["name"], step.get("if")
            assert condition in (None, "always()"), condition
            if self.failed and condition is None:
                continue
            assert ("run" in step) != ("uses" in step), step
            self.ran.append(name)
            if "uses" in step:
                assert step["uses"].startswith(_PLAYED), step["uses"]
                if step["uses"].startswith("actions/upload-artifact@"):
                    assert step["with"]["if-no-files-found"] == "error"
                    self._attach(step["with"]["path"].split(), name)
                continue
            assert "${{" not in step["run"], "an expression in a script is a way in for whoever names a tag"
            # What GitHub makes of `shell: bash`.
            shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
            if not self._run(shell, environment | self._resolved(step.get("env", {}), tag)):
                self.failed = self.failed or name
            environment |= self._handed_on(self.folder / "github.env")
        return not self.failed

    def gitlab(self, text: str, *, tag: str) -> bool:
        """Run the one job of a GitLab pipeline; True if it succeeded."""
        document = yaml.safe_load(text)
        jobs = {name: job for name, job in document.items() if name != "stages"}
        ((name, job),) = jobs.items()
        environment = {"CI": "true", "GITLAB_CI": "true", "CI_COMMIT_TAG": tag, "CI_PROJECT_DIR": str(self.work)}
        environment |= self.variables
        for variable, value in job["variables"].items():
            environment[variable] = value.replace("$CI_PROJECT_DIR", str(self.work))
        # One shell for both: what ends it early ends the job.
        script = [*job["before_script"], *job["script"]]
        done = self.folder / "done.txt"
        lines = [f"{command}\necho {number} >>{shlex.quote(str(done))}" for number, command in enumerate(script)]
        done.touch()
        if not self._run(["bash", "-eo", "pipefail", "-c", "\n".join(lines)], environment):
            self.failed = name
        self.ran.extend(script[int(number)] for number in done.read_text().split())
        for command in job["after_script"]:
            self._run(["bash", "-eo", "pipefail", "-c", command], environment)
            self.ran.append(command)
        if not self.failed:
            self._attach(job["artifacts"]["paths"], name)
        return not self.failed

    def _resolved(self, values: Mapping[str, Any], tag: str) -> dict[str, str]:
        def replaced(found: re.Match[str]) -> str:
            if found[1] in ("secrets", "vars"):
                return self.variables[found[2]]
            assert (found[1], found[2]) == ("github", "ref_name"), found[0]
            return tag

        return {name: _EXPRESSION.sub(replaced, value) for name, value in values.items()}

    @staticmethod
    def _handed_on(file: Path) -> dict[str, str]:
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return {name: value for name, _, value in (line.partition("=") for line in lines)}

    def _run(self, shell: list[str], environment: Mapping[str, str]) -> bool:
        passed_on = {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}
        done = subprocess.run(
            [shutil.which(shell[0]) or shell[0], *shell[1:]],
            cwd=self.work,
            env={
                **passed_on,
                **{name: value for name, value in self.variables.items() if name.endswith("_URL")},
                "PATH": str(self._shims),
                "HOME": str(self.home),
                "PIP_NO_INDEX": "1",
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=240,
            check=False,
        )
        self.output += done.stdout
        return done.returncode == 0

    def _attach(self, patterns: Iterable[str], step: str) -> None:
        for pattern in patterns:
            found = sorted(self.work.glob(pattern))
            if not found:
                self.failed = step
            self.artifacts.extend(found)

    def left(self) -> list[Path]:
        """Every file that is on the machine now."""
        return [path for path in self.folder.rglob("*") if path.is_file()]


def others_may_read(path: Path) -> bool:
    """Say whether anybody but the owner can read a file."""
    return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
