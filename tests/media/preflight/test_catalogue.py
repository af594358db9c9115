"""Every check has its id, and every id a check that can say it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lockstick.media.preflight
from lockstick.media.preflight.catalogue import CHECKS
from lockstick.media.remarks import Weight

FOLDER = Path(lockstick.media.preflight.__file__).parent
TESTS = Path(__file__).parent


def test_ids_are_in_kebab_case_and_each_has_a_question() -> None:
    for name, check in CHECKS.items():
        assert name == check.id
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
        assert check.asks.endswith("?")
        assert list(check.weights) == sorted(set(check.weights), key=list(Weight).index)


def test_every_id_is_used_by_a_check_and_tested() -> None:
    code = "".join(path.read_text("utf-8") for path in (FOLDER / "checks").glob("*.py"))
    tests = "".join(path.read_text("utf-8") for path in TESTS.glob("test_*.py") if path != Path(__file__))
    assert set(re.findall(r'CHECKS\["([a-z-]+)"\]', code)) == CHECKS.keys()
    assert [name for name in CHECKS if f'"{name}"' not in tests] == []


def test_a_weight_that_is_not_listed_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="lists no weight"):
        CHECKS["dirty"].says("x", "y", "z", Weight.ERROR)
