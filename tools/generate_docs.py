#!/usr/bin/env python3
"""Writes the parts of docs/ that come out of the code: docs/rules.md, and the help texts in docs/cli.md.

``make docs`` runs it. With ``--check`` it writes nothing and ends with 1 if something is out of date.
"""

from __future__ import annotations

import io
import os
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lockstick.cli.app import app
from lockstick.cli.boundary import run
from lockstick.trust.rules import RULES, Consequence, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).resolve().parents[1] / "docs"
HELP_BLOCK = re.compile(r"<!-- help: (?P<command>[a-z -]+) -->\n.*?<!-- /help -->", re.DOTALL)

_EXIT_CODES = {
    Consequence.DISTRUST: "verdict `rejected`, exit code 3",
    Consequence.UNANCHORED: "verdict `unanchored`, exit code 3",
    Consequence.UNCHECKED: "verdict `unchecked`, exit code 3",
    Consequence.STALE: "verdict `expired`, exit code 4",
}

_INTRODUCTION = """\
<!-- Written by tools/generate_docs.py from src/lockstick/trust/rules/. Do not edit; run: make docs -->

# Rules

Every finding of `lockstick verify` and `lockstick build` names one of these rules.
The ids are public. Scripts may depend on them. An id never changes its meaning.

- An **error** decides the verdict. The worst error wins.
- A **warning** does not change the verdict. Read it before you hand the stick out.

`verify` does not stop at the first error. It lists every finding, so one cause may show up under several rules.
Start with the finding about the root, then the snapshots, then the lockbox, then the packages.
"""


def commands(command: click.Command = app, path: tuple[str, ...] = ("lockstick",)) -> Iterator[tuple[str, ...]]:
    """Walk the tree of commands.

    Args:
        command: Where to start.
        path: What is typed to get there.

    Yields:
        What is typed for each command, groups included.
    """
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from commands(below, (*path, name))


def help_text(path: tuple[str, ...]) -> str:
    """What ``--help`` prints for a command on a terminal of 80 columns."""
    os.environ["COLUMNS"] = "80"
    with redirect_stdout(io.StringIO()) as printed:
        run([*path[1:], "--help"])
    return printed.getvalue()


def fill_help(text: str) -> str:
    """Put the help texts between their marks.

    Args:
        text: The text of docs/cli.md.

    Returns:
        The text with every block renewed.

    Raises:
        KeyError: If a block names no command.
    """
    texts = {" ".join(path): help_text(path) for path in commands()}

    def renewed(block: re.Match[str]) -> str:
        command = block["command"]
        return f"<!-- help: {command} -->\n\n```text\n{texts[command].rstrip()}\n```\n\n<!-- /help -->"

    return HELP_BLOCK.sub(renewed, text)


def rules_page() -> str:
    """The text of docs/rules.md."""
    groups: dict[str, list[Rule]] = {}
    for rule in RULES.values():
        groups.setdefault(rule.group, []).append(rule)
    parts = [_INTRODUCTION, "## Overview\n", "| rule | severity |", "|---|---|"]
    for rules in groups.values():
        parts.extend(f"| [{rule.id}](#{rule.id}) | {rule.severity} |" for rule in rules)
    for group, rules in groups.items():
        parts.append(f"\n## {group}")
        parts.extend(_section(rule) for rule in rules)
    return "\n".join(parts) + "\n"


def _section(rule: Rule) -> str:
    weight = _EXIT_CODES[rule.consequence] if rule.severity is Severity.ERROR else "does not change the verdict"
    return "\n".join(
        (
            f"\n### {rule.id}\n",
            f"{rule.meaning}\n",
            f"- Severity: {rule.severity} ({weight})",
            f"- Without this check: {rule.gain}",
            f"- What to do: {rule.remedy}",
        )
    )


def main(arguments: list[str]) -> int:
    """Write, or check, the generated pages.

    Args:
        arguments: Nothing, or ``--check``.

    Returns:
        1 if a page is out of date and was only to be checked, else 0.
    """
    reference = DOCS / "cli.md"
    pages = {reference: fill_help(reference.read_text(encoding="utf-8")), DOCS / "rules.md": rules_page()}
    stale = [page for page, text in pages.items() if not page.is_file() or page.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for page in stale:
            sys.stderr.write(f"docs/{page.name} is out of date; run: make docs\n")
        return 1 if stale else 0
    for page in stale:
        page.write_text(pages[page], encoding="utf-8", newline="\n")
        sys.stdout.write(f"wrote docs/{page.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
