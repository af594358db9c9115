"""Rules about the lockbox."""

from __future__ import annotations

from lockstick.trust.rules.rule import PUBLISHER, Rule, errors, warnings

__all__ = ["RULES"]

_GROUP = "The lockbox"

RULES: tuple[Rule, ...] = (
    *errors(
        _GROUP,
        (
            "lockbox-missing",
            "No lockbox lies among the Director's documents.",
            "There is nothing to install.",
            "Check that this is the right folder, or build the lockbox again.",
        ),
        (
            "lockbox-several",
            "Several listed lockboxes lie side by side.",
            "A device takes the first by name and silently ignores the others: not the one you meant, perhaps.",
            "Put one lockbox on one medium.",
        ),
        (
            "lockbox-name",
            "A lockbox name holds characters that no server gives.",
            "A name with slashes makes a device open files elsewhere.",
            PUBLISHER,
        ),
        (
            "lockbox-name-reserved",
            "A lockbox is named like a role, in any case.",
            "Devices refuse the lockbox, and for some names every lockbox of the account.",
            "Delete that lockbox in the cloud and define it under another name.",
        ),
        (
            "lockbox-delegates",
            "The lockbox has a list of delegations.",
            "A lockbox that delegates could let others decide what is installed.",
            PUBLISHER,
        ),
        (
            "hardware-id-twice",
            "Two targets are for one hardware id.",
            "Devices with that hardware id refuse the whole lockbox.",
            "Define the lockbox with one package for each hardware id.",
        ),
    ),
    *warnings(
        _GROUP,
        (
            "lockbox-empty",
            "The lockbox lists no target.",
            "Nothing: a device finds no update in it. This is how a lockbox is revoked.",
            "If you expected packages, ask whoever defined the lockbox whether it was revoked.",
        ),
    ),
)
