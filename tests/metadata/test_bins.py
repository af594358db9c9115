"""Which bin a target falls to, and what the two dialects make of bins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lockstick.metadata.bins import Bins
from lockstick.metadata.document import read_document
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.targets import Delegation, Targets, read_targets
from lockstick.metadata.tuf import TUF
from lockstick.metadata.uptane import UPTANE

if TYPE_CHECKING:
    from lockstick.metadata.dialect import Dialect

BINS = {"keyids": [], "threshold": 1, "bit_length": 4, "name_prefix": "bin"}


@pytest.mark.parametrize(
    ("bits", "of_a", "of_path", "of_umlaut"),
    [
        (1, "b-1", "b-0", "b-0"),
        (4, "b-c", "b-2", "b-6"),
        (5, "b-19", "b-04", "b-0c"),
        (8, "b-ca", "b-20", "b-60"),
        (13, "b-1952", "b-040f", "b-0c0e"),
        (16, "b-ca97", "b-2079", "b-6074"),
        (32, "b-ca978112", "b-2079854a", "b-607474ca"),
    ],
)
def test_bins_are_those_of_the_reference_library(bits: int, of_a: str, of_path: str, of_umlaut: str) -> None:
    """The expected names were computed with python-tuf 5.1.0."""
    bins = Bins(prefix="b", bits=bits)
    assert [bins.role_for(name) for name in ("a", "dir/file", "ü")] == [of_a, of_path, of_umlaut]


@pytest.mark.parametrize(("dialect", "has_bins"), [(TUF, True), (UPTANE, False)], ids=["tuf", "uptane"])
def test_only_tuf_repositories_have_bins(dialect: Dialect, *, has_bins: bool) -> None:
    targets = with_bins(BINS, dialect)
    assert (targets.bins is not None) is has_bins
    assert targets.delegations == ()


def test_half_of_a_pair_falls_to_a_bin_too() -> None:
    assert Bins(prefix="b", bits=32).role_for("\ud800") == "b-91a681b9"


def test_the_role_of_a_bin_speaks_of_its_targets_alone_and_ends_the_search() -> None:
    found = with_bins(BINS).bins
    assert found is not None
    assert found.signers.role == "bin-*"
    assert found.delegation_for("a") == Delegation(
        name="bin-c", signers=found.signers, paths=(), hash_prefixes=(), terminating=True
    )


@pytest.mark.parametrize(
    ("bins", "rule", "words"),
    [
        ([], "shape", "bins of targets.json "),
        (BINS | {"bit_length": 0}, "shape", "bit_length of bins of targets.json is not a number from 1 to 32"),
        (BINS | {"bit_length": 33}, "shape", "bit_length of bins of targets.json is not a number from 1 to 32"),
        (BINS | {"bit_length": "4"}, "shape", "bit_length of bins of targets.json "),
        (BINS | {"name_prefix": 1}, "shape", "name_prefix of bins of targets.json "),
        (BINS | {"threshold": 0}, "threshold-invalid", "the threshold of bins of targets.json is not a number "),
    ],
)
def test_bins_that_cannot_be_read_are_refused_by_their_place(bins: Any, rule: str, words: str) -> None:
    with pytest.raises(MalformedError) as caught:
        with_bins(bins)
    assert caught.value.rule == rule
    assert caught.value.what.startswith(words)


def test_roles_are_named_one_by_one_or_as_bins() -> None:
    with pytest.raises(MalformedError) as caught:
        with_bins(BINS, roles=[])
    assert caught.value.rule == "shape"
    assert caught.value.what == "the delegations of targets.json name roles both one by one and as bins"


def with_bins(bins: Any, dialect: Dialect = TUF, **members: Any) -> Targets:
    signed = {
        "_type": dialect.types["targets"],
        "spec_version": "1.0.31",
        "version": 1,
        "expires": "2030-01-01T00:00:00Z",
        "targets": {},
        "delegations": {"keys": {}, "succinct_roles": bins, **members},
    }
    document = read_document(json.dumps({"signatures": [], "signed": signed}).encode(), "targets.json", dialect)
    return read_targets(document)
