"""The pages hold together: links lead somewhere, what they name exists, nothing of one machine is in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from docs.pages import DOCS, ROOT, anchor, pages, prose, read

if TYPE_CHECKING:
    from pathlib import Path

LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)*\.(?:py|md|sh|toml)")
BASES = (ROOT, ROOT / "src" / "lockstick", DOCS, DOCS / "adr")
RECORDS = sorted((DOCS / "adr").glob("[0-9]*.md"))

each_page = pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))


@each_page
def test_links_lead_to_pages_and_headings_that_exist(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if link.startswith("https://"):
            continue
        file, _, fragment = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{page.name} links to {link}"
        assert target.is_relative_to(ROOT), f"{page.name} links out of the project: {link}"
        if fragment:
            headings = {anchor(heading) for heading in HEADING.findall(prose(target))}
            assert fragment in headings, f"{page.name} links to {link}"


@each_page
def test_files_of_the_project_that_a_page_names_exist(page: Path) -> None:
    named = {code.partition("::")[0] for code in CODE.findall(prose(page)) if FILE.fullmatch(code.partition("::")[0])}
    missing = {name for name in named if not any((base / name).exists() for base in (*BASES, page.parent))}
    # Inside a room's row or list, a module may stand without its room.
    missing = {name for name in missing if "/" in name or not any(ROOT.glob(f"src/**/{name}"))}
    assert missing == set()


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = TEST.findall(read(DOCS / "threat-model.md"))
    assert len(named) > 50
    for file, name in named:
        text = (ROOT / file).read_text(encoding="utf-8")
        is_test = name.startswith("test_") and re.search(rf"^def {name}\(", text, re.MULTILINE)
        is_scenario = re.search(rf'^@scenario\("[a-z-]+"\)\ndef {name}\(', text, re.MULTILINE)
        assert is_test or is_scenario, f"there is no {file}::{name}"


def test_every_row_of_the_threat_model_names_a_test_that_shows_it() -> None:
    attacks = read(DOCS / "threat-model.md").partition("## The thief")[2].partition("## What is not defended")[0]
    rows = [line for line in attacks.splitlines() if line.startswith("| ") and not line.endswith("shown by |")]
    assert rows
    for row in rows:
        assert TEST.search(row.rsplit(" | ", 1)[1]), row


def test_the_readme_names_the_test_command_that_ci_calls_exactly_once() -> None:
    calls = [
        line for line in read(ROOT / ".ci" / "run").splitlines() if line and not line.startswith(("#", "set ", "cd "))
    ]
    assert calls == ["make test", "make check"]
    assert read(ROOT / "README.md").count(calls[0]) == 1


def test_every_make_target_is_explained_to_contributors_and_by_make_itself() -> None:
    makefile = read(ROOT / "Makefile")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    told = set(re.findall(r"`make ([\w-]+)`", read(ROOT / "CONTRIBUTING.md")))
    assert told == set(phony.split()) - {"help", "clean"}


def test_decision_records_are_numbered_without_gaps_and_titled_by_their_number() -> None:
    assert [int(record.name[:4]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))
    for record in RECORDS:
        assert re.match(rf"# {int(record.name[:4])}\. \S", read(record)), record.name
        headings = HEADING.findall(read(record))[1:]
        assert headings == ["Context", "Decision", "Rejected", "Consequences"], record.name


def test_the_index_links_to_every_decision_record_in_order() -> None:
    listed = re.findall(r"^\| \[(\d{4})\]\((.*?)\) \|", read(DOCS / "adr" / "README.md"), re.MULTILINE)
    assert listed == [(record.name[:4], record.name) for record in RECORDS]


def test_decision_records_that_the_code_refers_to_exist() -> None:
    numbers = {record.name[:4] for record in RECORDS}
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / "tests").rglob("*.py"), ROOT / "pyproject.toml"]
    named = {number for source in sources for number in re.findall(r"docs/adr/(\d{4})", read(source))}
    assert named
    assert named <= numbers


def texts() -> list[Path]:
    """Every text file of the project; beside it may lie what tools of a machine have left."""
    folders = ("src", "tests", "docs", "examples", "tools", "bench", ".ci")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    found += [path for path in ROOT.iterdir() if path.suffix in {".md", ".toml", ".txt"} or path.name == "Makefile"]
    return [path for path in found if "__pycache__" not in path.parts and b"\0" not in path.read_bytes()]


def test_no_path_of_one_machine_is_in_any_file() -> None:
    homes = re.compile(r"(?<![\w.$}~-])/(?:home|Users|root|work)/(?!you\b)\w|[A-Z]:\\{1,2}Users\\{1,2}\w")
    found = texts()
    assert len(found) > 100
    for path in found:
        text = path.read_text(encoding="utf-8")
        hit = homes.search(text)
        assert hit is None, f"{path.relative_to(ROOT)} holds {text[hit.start() : hit.end() + 20]!r}"
        assert len(ROOT.parts) <= 2 or str(ROOT) not in text, path.relative_to(ROOT)
