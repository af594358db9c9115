"""The largest documents that devices read (lockbox-format 1.3)."""

from __future__ import annotations

import pytest

from lockstick.trust.limits import DEVICE_LIMITS, Limits


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
