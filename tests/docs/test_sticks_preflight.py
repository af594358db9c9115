"""The page about sticks says of the checks what the code says."""

from __future__ import annotations

import re

from docs.pages import DOCS, read
from lockstick.media.load import Load
from lockstick.media.preflight import Contents, FoundLockbox, Wishes, check
from lockstick.media.preflight.catalogue import CHECKS
from lockstick.report.preflight import preflight_text
from media.preflight.ground import GIB, file, stick

PAGE = DOCS / "sticks.md"
ROW = re.compile(r"^\| `([a-z-]+)` \| ([a-z, ]+) \| (.+) \|$", re.MULTILINE)


def section() -> str:
    return read(PAGE).partition("## See beforehand whether it will do\n")[2].partition("\n## ")[0]


def test_the_table_lists_every_check_as_the_code_has_it() -> None:
    rows = ROW.findall(section())
    assert rows == [(one.id, ", ".join(weight.value for weight in one.weights), one.asks) for one in CHECKS.values()]


def test_the_example_is_what_is_shown() -> None:
    load = Load(files=(file("update/images/os-7.6.img", 5 * GIB), file("update/metadata/director/spring.json", 900)))
    old = FoundLockbox(place=("update",), names=("winter",))
    medium = stick(is_dirty=True, contents=Contents(lockboxes=(old,)))
    shown = preflight_text(medium, check(medium, load, Wishes(label="UPDATES")))
    example = section().partition("```text\n")[2].partition("```")[0]
    assert example == "".join(f"{line}\n" for line in shown)
