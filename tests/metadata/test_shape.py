"""A value of another shape is refused, with the place named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from lockstick.metadata import shape
from lockstick.metadata.malformed import MalformedError

Reader = Callable[[Any, str], Any]
VALUES: tuple[Any, ...] = ({}, [], "", 0, 1, True, None, -1)


@pytest.mark.parametrize(
    ("read", "accepted", "words"),
    [
        (shape.as_object, {}, "is not an object"),
        (shape.as_list, [], "is not an array"),
        (shape.as_string, "", "is not a string"),
    ],
)
def test_each_reader_takes_its_own_type_only(read: Reader, accepted: Any, words: str) -> None:
    assert read(accepted, "it") is accepted
    for other in VALUES:
        if type(other) is not type(accepted):
            with pytest.raises(MalformedError, match=f"^it {words}$") as caught:
                read(other, "it")
            assert caught.value.rule == "shape"


def test_strings_are_an_array_of_strings() -> None:
    assert shape.as_strings(["a", "b"], "it") == ("a", "b")
    with pytest.raises(MalformedError, match=r"^an entry of it is not a string$"):
        shape.as_strings(["a", 1], "it")
    with pytest.raises(MalformedError, match=r"^it is not an array$"):
        shape.as_strings("ab", "it")


@pytest.mark.parametrize("value", [0, 1, 2**53 - 1])
def test_a_length_is_a_whole_number(value: int) -> None:
    assert shape.as_count(value, "it") == value


@pytest.mark.parametrize("value", [-1, 2**53, True, False, "1", None, 1.0])
def test_anything_else_is_no_length(value: Any) -> None:
    with pytest.raises(MalformedError, match=r"^it is not a whole number of bytes$") as caught:
        shape.as_count(value, "it")
    assert caught.value.rule == "shape"


@pytest.mark.parametrize("value", [1, 2, 2**31 - 1])
def test_a_version_fits_32_bits(value: int) -> None:
    assert shape.as_version(value, "it") == value


@pytest.mark.parametrize("value", [0, -1, 2**31, True, "1", None, 1.0])
def test_anything_else_is_no_version(value: Any) -> None:
    with pytest.raises(MalformedError, match=r"^it is not a whole number from 1 to 2147483647$") as caught:
        shape.as_version(value, "it")
    assert caught.value.rule == "version-invalid"


def test_a_time_is_text_of_one_shape() -> None:
    assert shape.as_instant("2026-01-01T00:00:00Z", "it") == datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(MalformedError, match=r"^it is not a time that devices read: not of the form") as caught:
        shape.as_instant("2026-01-01", "it")
    assert caught.value.rule == "time-invalid"
    with pytest.raises(MalformedError, match=r"^it is not a string$"):
        shape.as_instant(0, "it")


def test_hashes_are_read_in_either_case_and_unknown_ones_left_out() -> None:
    found = shape.as_hashes({"SHA256": "AB" * 32, "sha512": "0f" * 64, "md5": 5}, "it")
    assert found == {"sha256": "ab" * 32, "sha512": "0f" * 64}


def test_an_unknown_hash_does_not_end_the_reading() -> None:
    assert shape.as_hashes({"md5": "", "sha256": "0" * 64}, "it") == {"sha256": "0" * 64}


@pytest.mark.parametrize(
    ("value", "rule", "words"),
    [
        ({"sha256": "ab" * 31}, "shape", "it.sha256 is not a sha256 digest"),
        ({"sha256": "ab" * 33}, "shape", "it.sha256 is not a sha256 digest"),
        ({"SHA512": "ab" * 32}, "shape", "it.SHA512 is not a sha512 digest"),
        ({"sha256": "g" * 64}, "shape", "it.sha256 is not a sha256 digest"),
        ({"sha256": 5}, "shape", "it.sha256 is not a string"),
        ({"sha256": "0" * 64, "SHA256": "0" * 64}, "json-duplicate-member", "it names sha256 twice"),
        ([], "shape", "it is not an object"),
    ],
)
def test_hashes_of_another_shape_are_refused(value: Any, rule: str, words: str) -> None:
    with pytest.raises(MalformedError) as caught:
        shape.as_hashes(value, "it")
    assert (caught.value.rule, caught.value.what) == (rule, words)
