"""A lockbox in one file is judged as in its folder: recorded ones, sound and broken, of every kind of payload."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from conftest import SHARED
from lockstick.errors import UsageError
from lockstick.instant import parse_instant
from lockstick.lockbox.anchors import AnchorChoice, read_folder
from lockstick.lockbox.layout import find_lockbox
from lockstick.lockbox.verify import verify
from lockstick.media.images.contents import gather
from lockstick.media.images.forms import Wishes, form_of
from lockstick.media.images.opening import open_lockbox
from lockstick.report.verify_json import verify_json
from media.images.ground import needs

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.disk.tree import Tree

CASES = SHARED / "device-verdicts"
NEEDS = {"squashfs": ("mksquashfs",), "tar": (), "img": ("mkfs.fat", "mcopy")}

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the recorded lockboxes are not beside this checkout")


def cases() -> list[str]:
    wanted = ("compose_", "ostree-", "image_", "good_", "tar_", "target_", "lockbox_named")
    return sorted(case.name for case in CASES.iterdir() if case.name.startswith(wanted)) if CASES.is_dir() else []


def judged(tree: Tree, case: Path) -> dict[str, object]:
    recorded = json.loads((case / "case.json").read_text())
    anchors = AnchorChoice(given=read_folder(case / "provision"))
    document = verify_json(verify(tree, anchors=anchors, at=parse_instant(recorded["at"]), clock=lambda: 0.0))
    findings = document["findings"]
    assert isinstance(findings, list)
    return document | {"findings": sorted(findings, key=str)}


@pytest.mark.parametrize("case", cases())
@pytest.mark.parametrize("name", NEEDS)
def test_the_verdict_is_the_same_with_every_finding(name: str, case: str, tmp_path: Path) -> None:
    needs(*NEEDS[name])
    box = find_lockbox(CASES / case)
    contents, form = gather(box.tree), form_of(name, Wishes())
    try:
        form.check(contents)
    except UsageError as refused:
        pytest.skip(f"this format cannot hold it: {refused.why}")
    form.write(contents, box.root, tmp_path / "image", lambda _: None)
    with ExitStack() as stack:
        assert judged(stack.enter_context(open_lockbox(tmp_path / "image")), CASES / case) == judged(
            box.tree, CASES / case
        )
