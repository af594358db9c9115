"""Every target of fuzzing in a few runs: sound input, input changed at random, and what once broke it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import guarded
from targets import FAMILIES, TARGETS

if TYPE_CHECKING:
    from collections.abc import Sequence

ONCE_BROKEN = Path(__file__).with_name("once_broken")


@cache
def seeds_of(name: str) -> Sequence[bytes]:
    return TARGETS[name].seeds()


def test_no_two_families_have_a_target_of_one_name() -> None:
    assert sum(len(family.TARGETS) for family in FAMILIES) == len(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_sound_input_is_read_without_complaint(name: str) -> None:
    for seed in seeds_of(name):
        guarded(TARGETS[name])(seed)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=20)
@given(data=st.data())
def test_nothing_leaves_the_error_tree_or_takes_long(name: str, data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(seeds_of(name))))
    for _ in range(data.draw(st.integers(0, 4))):
        start = data.draw(st.integers(0, len(raw)))
        raw[start : start + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=10))
    guarded(TARGETS[name])(bytes(raw))


@pytest.mark.parametrize("path", sorted(ONCE_BROKEN.glob("*-*")), ids=lambda path: path.name)
def test_what_once_broke_a_reader_breaks_it_no_more(path: Path) -> None:
    guarded(TARGETS[path.name.split("-")[0]])(path.read_bytes())
