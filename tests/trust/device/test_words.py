"""What is approved (conftest.py) belongs to tests that are still there."""

from __future__ import annotations

import json
import re

from trust.device.conftest import WORDS


def test_nothing_is_approved_for_a_test_that_is_gone() -> None:
    there = {
        f"{file.stem}.{name}"
        for file in WORDS.parent.glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    assert {name.partition("[")[0] for name in json.loads(WORDS.read_text())} <= there
