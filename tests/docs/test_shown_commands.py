"""What the pages tell a reader to type is typed here, and prints what the pages say."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from typing import TYPE_CHECKING

import click
import pytest

from docs.pages import DOCS, ROOT, Shown, commands, console, fences, pages
from docs.terminal import NOT_TYPED, Terminal, plain
from lockstick.cloud import read_credentials
from lockstick.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OTHERS = {"make", "echo", "mkdir"}
"""Commands of the system that the pages may show."""

TREE = dict(commands())

ALL_SHOWN = [
    pytest.param(shown.command, id=f"{page.relative_to(ROOT)}: {shown.command}")
    for page in pages()
    for shown in console(page)
]


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The deepest command that some words name, and the words after it."""
    path = next(tuple(words[:end]) for end in range(len(words), 0, -1) if tuple(words[:end]) in TREE)
    return TREE[path], words[len(path) :]


@pytest.mark.parametrize("line", ALL_SHOWN)
def test_every_command_shown_is_real_and_uses_real_options(line: str) -> None:
    words = shlex.split(line)
    if words[0] == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert re.search(rf"^{re.escape(words[1])}:", makefile, re.MULTILINE), f"no such target: {line}"
    elif words[0] in {"lockstick", "lockstick-verify"}:
        typed = ["lockstick", "verify", *words[1:]] if words[0] == "lockstick-verify" else words
        command, rest = command_of(typed)
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        unknown = {word for word in rest if word.startswith("--")} - known
        assert not unknown, f"{line} uses {unknown}"
        assert not isinstance(command, click.Group) or rest, f"{line} lacks a command"
    else:
        assert words[0] in OTHERS, f"{words[0]} is not a command of this project"


def test_pages_show_commands_at_all() -> None:
    assert len(ALL_SHOWN) > 20


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Path]:
    """A folder with what the pages take for granted: an account's credentials, its roots, a lockbox ``line-a``."""
    with Sandbox.start(tmp_path / "far-away") as cloud:
        cloud.define_lockbox("line-a")
        desk = tmp_path / "desk"
        (desk / "roots").mkdir(parents=True)
        (desk / "lockbox.yaml").write_text(fences(DOCS / "cloud.md", "yaml")[0])
        (desk / "firmware-1.1.bin").write_bytes(b"firmware 1.1" * 5000)
        shutil.copy(cloud.credentials_path, desk / "credentials.zip")
        account = read_credentials(cloud.credentials_path)
        (desk / "roots" / "director-root.json").write_bytes(account.director_root or b"")
        (desk / "roots" / "image-root.json").write_bytes(account.image_root or b"")
        yield desk


@pytest.mark.skipif(os.name != "posix", reason="the outputs shown are those of a POSIX shell")
@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", DOCS / "tutorial.md", DOCS / "howto-release.md", DOCS / "explain.md", DOCS / "cloud.md"],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_a_reader_who_types_everything_sees_what_the_page_shows(page: Path, desk: Path) -> None:
    typed = [shown for shown in console(page) if not shown.command.startswith(NOT_TYPED)]
    assert typed
    with Terminal(desk) as terminal:
        for shown, following in zip(typed, [*typed[1:], Shown("", "")], strict=True):
            output = terminal.type(shown.command)
            assert plain(output) == plain(shown.output), f"$ {shown.command}"
            explained = "echo $?" in (shown.command, following.command)
            assert terminal.code == 0 or explained, f"{shown.command} ended with {terminal.code}, and the page hides it"
