"""Which bin a target falls to, and what the two dialects make of bins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lockstick.metadata.bins import Bins
from lockstick.metadata.document import read_document
from lockstick.metadata.targets import read_targets
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
    signed = {
        "_type": dialect.types["targets"],
        "spec_version": "1.0.31",
        "version": 1,
        "expires": "2030-01-01T00:00:00Z",
        "targets": {},
        "delegations": {"keys": {}, "succinct_roles": BINS},
    }
    document = read_document(json.dumps({"signatures": [], "signed": signed}).encode(), "targets.json", dialect)
    targets = read_targets(document)
    assert (targets.bins is not None) is has_bins
    assert targets.delegations == ()
