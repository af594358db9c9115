"""Rules about the bytes of packages, and other files."""

from __future__ import annotations

from lockstick.trust.rules.rule import Consequence, Rule, errors, warnings

__all__ = ["RULES"]

_GROUP = "Payloads"

RULES: tuple[Rule, ...] = (
    *errors(
        _GROUP,
        (
            "package-missing",
            "The bytes of a package are not there.",
            "The device would fail in the middle of the update.",
            "Build the lockbox again; what is there already is kept.",
        ),
        (
            "package-length",
            "A package has another length than was signed.",
            "Altered software would be carried to the device.",
            "Build the lockbox again; the damaged file is fetched anew. If it comes back, suspect the medium.",
        ),
        (
            "package-hash",
            "A package has another hash than was signed.",
            "Altered software would be carried to the device.",
            "Build the lockbox again; the damaged file is fetched anew. If it comes back, suspect the medium.",
        ),
        (
            "package-unreadable",
            "A package could not be read: a folder or a link lies in its place, or the medium failed.",
            "A link could lead the reader outside the lockbox.",
            "Check the medium, then build the lockbox again onto a good one.",
        ),
    ),
    Rule(
        id="payload-not-checked",
        group=_GROUP,
        meaning="This version of Lockstick cannot check packages of this kind beyond what its message says.",
        gain="A damaged or altered container image or operating-system commit would go unnoticed until the device.",
        remedy="Do not take this lockbox for verified. The rest of the report holds.",
        consequence=Consequence.UNCHECKED,
    ),
    *warnings(
        _GROUP,
        (
            "file-unlisted",
            "A file lies in the lockbox that nothing signed speaks of.",
            "Nothing by itself: devices ignore it. It costs space, and may not be what you meant to hand out.",
            "Delete it, unless you put it there on purpose.",
        ),
    ),
)
