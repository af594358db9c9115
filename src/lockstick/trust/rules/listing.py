"""Rules about snapshots and what they list."""

from __future__ import annotations

from lockstick.trust.rules.rule import DAMAGED, REBUILD, Rule, errors, warnings

__all__ = ["RULES"]

_GROUP = "Snapshots and what they list"

RULES: tuple[Rule, ...] = (
    *errors(
        _GROUP,
        (
            "listing-missing",
            "A document is not listed by the snapshot that should list it.",
            "An old or foreign document could be mixed into a new set.",
            REBUILD,
        ),
        (
            "listing-version",
            "A document has another version than its snapshot lists.",
            "An old document, with a known flaw, could be mixed into a new set.",
            "Usually the lockbox was defined again while it was built. Build it again.",
        ),
        (
            "listing-hash",
            "A document has another hash than its snapshot lists.",
            "Two documents of one version could be exchanged for each other; the device does not notice for lockboxes.",
            DAMAGED,
        ),
        (
            "listing-length",
            "A document has another length than its snapshot lists.",
            "As for listing-hash.",
            DAMAGED,
        ),
    ),
    *warnings(
        _GROUP,
        (
            "listing-without-hash",
            "A snapshot lists a document without a hash.",
            "Two documents of one version, both signed, could be exchanged for each other.",
            "Nothing on your side: the repository leaves it out.",
        ),
        (
            "listing-vanished",
            "The offline-snapshot no longer lists a lockbox that it listed when this machine verified it before; or, with --online, the one that the cloud publishes no longer lists this lockbox.",
            "A lockbox could be made to disappear, and come back later in an older version.",
            "Nothing, if the lockbox was deleted on purpose; else ask whoever publishes it.",
        ),
    ),
)
