"""What two lockboxes say of a package, where one of them is a file that knows nothing of the service's own members."""

from __future__ import annotations

import pytest

from lockstick.cloud.api import LockboxContent
from lockstick.cloud.definitions import Side
from lockstick.cloud.definitions.comparing import _alike, read_reference
from lockstick.errors import UsageError


def side(version: int | None, **custom: object) -> Side:
    content = LockboxContent(version=version or 0, expires=None, hashes={}, custom={"os-1": custom})
    return Side(label="x", version=version, content=content)


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        (side(None, metadata={"a": 1}), side(3, metadata={"a": 1}, uri=None), True),
        (side(None, metadata={"a": 1}), side(3, userDefinedCustom={"a": 1}), True),
        (side(None, metadata={"a": 1}), side(3, metadata={"a": 2}), False),
        (side(None, metadata={"a": 1}), side(None, userDefinedCustom={"a": 1}), False),
        (side(2, metadata={"a": 1}), side(3, userDefinedCustom={"a": 1}), False),
        (side(2, metadata={"a": 1}), side(3, metadata={"a": 1}, uri=None), True),
        (side(2, metadata={"a": 1}), side(3, metadata={"a": True}), False),
        (side(None), side(3, updatedAt="then"), True),
        (side(2), side(3, updatedAt="then"), False),
        (side(2, hardwareIds=["a"]), side(3, hardwareIds=["b"]), False),
        (side(None, hardwareIds=["a"]), side(3, hardwareIds=["b"]), False),
        (side(None, hardwareIds=["a"]), side(3, hardwareIds=["a"]), True),
        (side(2, hardwareIds=["a", "b"]), side(3, hardwareIds=["b", "a"]), True),
        (side(2), side(3, hardwareIds=["a"]), False),
    ],
)
def test_what_is_said_of_a_package_is_compared_both_ways(one: Side, other: Side, *, is_alike: bool) -> None:
    assert _alike(one, other, "os-1") is is_alike
    assert _alike(other, one, "os-1") is is_alike


@pytest.mark.parametrize(("text", "means"), [("a", ("a", None)), ("a@1", ("a", 1)), ("A-b_9@007", ("A-b_9", 7))])
def test_a_reference_is_a_name_and_maybe_a_version(text: str, means: object) -> None:
    assert read_reference(text) == means


@pytest.mark.parametrize("text", ["", "a@", "@1", "a@x", "a b", "a.b", "a@1@2", "x" * 254, "a@12345678901"])
def test_anything_else_is_no_reference(text: str) -> None:
    with pytest.raises(UsageError):
        read_reference(text)
