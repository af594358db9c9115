"""The largest documents that devices read (lockbox-format 1.3)."""

from __future__ import annotations

import pytest

from lockstick.trust.evidence import Evidence, RepositoryEvidence
from lockstick.trust.limits import DEVICE_LIMITS, Limits, enforce


def test_the_limits_are_those_of_the_device() -> None:
    assert (DEVICE_LIMITS.root, DEVICE_LIMITS.small, DEVICE_LIMITS.targets) == (65_536, 65_536, 8_388_608)


@pytest.mark.parametrize(
    ("repository", "name", "limit"),
    [
        ("director", "1.root.json", 1),
        ("director", "root.json", 1),
        ("image-repo", "12.root.json", 1),
        ("image-repo", "root.json", 1),
        ("director", "offline-snapshot.json", 2),
        ("director", "line-a.json", 2),
        ("director", "targets.json", 2),
        ("image-repo", "snapshot.json", 2),
        ("image-repo", "timestamp.json", 2),
        ("image-repo", "targets.json", 3),
        ("image-repo", "tdx-feed.json", 3),
        ("image-repo", "Root.json", 3),
    ],
)
def test_each_document_has_its_limit(repository: str, name: str, limit: int) -> None:
    assert Limits(root=1, small=2, targets=3).of(repository, name) == limit


def test_a_document_may_be_as_large_as_its_limit_and_no_larger() -> None:
    files = {"1.root.json": b"1", "2.root.json": b"12", "snapshot.json": b"12", "targets.json": b"123"}
    part = RepositoryEvidence(files=files, unreadable={"a.json": ("document-unreadable", "a folder lies in its place")})
    read = enforce(Evidence(director=part, image_repo=part), Limits(root=1, small=2, targets=3))
    assert set(read.director.files) == {"1.root.json", "snapshot.json"}
    assert set(read.image_repo.files) == {"1.root.json", "snapshot.json", "targets.json"}
    refused = ("document-too-large", "it has 2 bytes; devices read at most 1")
    assert read.image_repo.unreadable == {**part.unreadable, "2.root.json": refused}
    assert set(read.director.unreadable) == {"a.json", "2.root.json", "targets.json"}
