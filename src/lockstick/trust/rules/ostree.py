"""Rules about commits of operating systems."""

from __future__ import annotations

from lockstick.trust.rules.rule import DAMAGED, REBUILD, Rule, errors, warnings

__all__ = ["RULES"]

_GROUP = "Operating systems"

RULES: tuple[Rule, ...] = (
    *errors(
        _GROUP,
        (
            "ostree-repository",
            "The repository of operating-system commits is not there, or cannot be read as one.",
            "The device would fail when it fetches the update.",
            REBUILD,
        ),
        (
            "ostree-commit-missing",
            "The signed commit is not in the repository.",
            "The device would fail when it fetches the update.",
            REBUILD,
        ),
        (
            "ostree-object-missing",
            "A file or folder of the commit is not in the repository.",
            "The device would fail when it fetches the update.",
            REBUILD,
        ),
        (
            "ostree-object-corrupt",
            "A part of the commit has another digest than its name says, or cannot be read.",
            "Altered software would be carried to the device.",
            DAMAGED,
        ),
    ),
    *warnings(
        _GROUP,
        (
            "ostree-not-archive",
            "The repository of operating-system commits keeps files with their permissions instead of in archive mode.",
            "Nothing by itself. A copy on FAT or exFAT loses the permissions, and devices refuse that copy.",
            "Leave it on a file system with permissions, or make the repository in archive mode.",
        ),
    ),
)
