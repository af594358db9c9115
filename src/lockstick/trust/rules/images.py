"""Rules about the image repository: delegations and targets."""

from __future__ import annotations

from lockstick.trust.rules.rule import PUBLISHER, Rule, errors, warnings

__all__ = ["RULES"]

_GROUP = "Delegations and targets"

RULES: tuple[Rule, ...] = (
    *errors(
        _GROUP,
        (
            "delegation-name",
            "A delegated role has a name that no server gives.",
            "The name becomes a file name and could lead elsewhere.",
            PUBLISHER,
        ),
        (
            "delegation-pattern",
            "A delegation's pattern is very long, or holds a backslash or a character class.",
            "Readers understand such patterns differently: one would search a role where another does not.",
            PUBLISHER,
        ),
        (
            "delegation-depth",
            "A delegation lies deeper than five levels.",
            "Devices do not follow it and refuse the lockbox.",
            PUBLISHER,
        ),
        (
            "target-unknown",
            "The image repository does not list a target of the lockbox.",
            "Whoever holds the Director's key alone could have anything installed.",
            "Upload the package to the account, or share its source, and define the lockbox again.",
        ),
        (
            "target-length",
            "Lockbox and image repository give a target different lengths.",
            "As for target-unknown.",
            PUBLISHER,
        ),
        (
            "target-hash",
            "Lockbox and image repository give a target different hashes.",
            "As for target-unknown.",
            PUBLISHER,
        ),
        (
            "target-without-hash",
            "Lockbox and image repository have no known hash of a target in common.",
            "Its bytes could be anything.",
            PUBLISHER,
        ),
        (
            "target-hardware-id",
            "The lockbox wants a target on hardware for which the image repository does not list it.",
            "Software could be put on hardware that it breaks.",
            "Add the hardware id to the package, or take it out of the lockbox.",
        ),
        (
            "target-empty",
            "A target has no bytes but is not an operating-system commit.",
            "The device's update process dies when it fetches it.",
            "Delete the empty package and upload it with its content.",
        ),
        (
            "target-format",
            "A target's format and its length, or the formats in both repositories, do not go together.",
            "The device would take a file for a commit, or a commit for a file.",
            PUBLISHER,
        ),
        (
            "target-name-unsafe",
            "A target's name could lead outside its folder.",
            "The device follows it: a file outside the lockbox would be read, or one elsewhere overwritten by a careless tool.",
            "Do not use it, and ask the publisher how this name came about.",
        ),
        (
            "target-name-unportable",
            "A target's name cannot be a file name on FAT, exFAT or Windows.",
            "The stick would lack the file, or hold it under another name.",
            "Upload the package again under another name.",
        ),
        (
            "target-name-collision",
            "Names of two targets differ only in case, or one is a folder of the other.",
            "On a stick they are one file: one of the packages would overwrite the other.",
            "Upload one of the packages again under another name.",
        ),
    ),
    *warnings(
        _GROUP,
        (
            "delegation-cycle",
            "A delegation leads back to a role on its own path.",
            "Readers without a limit would walk for ever.",
            PUBLISHER,
        ),
        (
            "target-without-hardware-id",
            "A target names no hardware id.",
            "Nothing: no device takes it.",
            "Give the package a hardware id and define the lockbox again.",
        ),
        (
            "target-names-ecus",
            "A target names single devices.",
            "Devices that know none of the named ones refuse the whole lockbox.",
            PUBLISHER,
        ),
    ),
)
