"""Rules about trust anchors and chains of roots."""

from __future__ import annotations

from lockstick.trust.rules.rule import DAMAGED, REBUILD, Consequence, Rule, errors, warnings

__all__ = ["RULES"]

_GROUP = "Roots"

RULES: tuple[Rule, ...] = (
    *errors(
        _GROUP,
        (
            "anchor-invalid",
            "A trust anchor is not a root document that is signed by its own keys.",
            "Everything else hangs on it.",
            "Get the root from the account's credentials.zip or from the device's image and give it with --trust.",
        ),
        (
            "root-version-mismatch",
            "The number in a root's file name is not the version in it.",
            "Roots could be swapped or skipped.",
            DAMAGED,
        ),
        (
            "root-gap",
            "A root between two others is missing.",
            "Devices stop silently before the gap and judge everything by an old root, with keys that may be withdrawn.",
            REBUILD,
        ),
        (
            "root-fork",
            "A root has the version of the trust anchor but is another document.",
            "Two roots of one version mean that somebody else signs with stolen root keys, or that the anchor is of another account.",
            "Check that the anchor is of the account that the lockbox is from. If it is, compare both with the publisher's over another channel before you believe either.",
        ),
        (
            "root-unreachable",
            "A root stands behind one that was not accepted.",
            "Whatever it says does not count.",
            DAMAGED,
        ),
        (
            "root-copy-differs",
            "root.json is not the same document as the newest numbered root.",
            "Tools that read the copy would believe other keys than the device does.",
            REBUILD,
        ),
        (
            "root-behind-snapshot",
            "The image repository's snapshot was made with a newer root than the newest one here.",
            "Keys that the newer root withdrew would still be believed.",
            REBUILD,
        ),
    ),
    Rule(
        id="anchor-missing",
        group=_GROUP,
        meaning="There is no root that somebody decided to believe, so nothing can be judged by it.",
        gain="Anybody can make a repository whose signatures fit each other.",
        remedy="Give the roots with --trust (a folder or a credentials.zip), or add them to this machine with 'lockstick trust add'.",
        consequence=Consequence.UNANCHORED,
    ),
    Rule(
        id="anchor-unknown",
        group=_GROUP,
        meaning="It is from an account whose roots this machine does not have, although it has those of others.",
        gain="This is also what a forger's medium looks like.",
        remedy="Do not use it, and do not add roots that came with it. Ask the publisher for the roots over another channel.",
        consequence=Consequence.UNANCHORED,
    ),
    *warnings(
        _GROUP,
        (
            "anchor-first-use",
            "The roots on the medium itself were believed, because this was asked for.",
            "Whoever made the medium decides what is genuine. Devices never do this offline.",
            "Compare the printed digests with the publisher's over another channel.",
        ),
        (
            "root-chain-incomplete",
            "Roots of the chain are missing that this judgement did not need.",
            "Devices that know only an older root, and brand-new secondaries, cannot follow.",
            "Build the lockbox again: a complete build holds every root from the first.",
        ),
        (
            "root-chain-of-one",
            "The newest root is version 1.",
            "Brand-new secondaries (a compose or bootloader secondary that was never online) cannot be updated.",
            "Let such devices make one online update first, or renew the root in the cloud.",
        ),
    ),
)
