"""Rules about time and age."""

from __future__ import annotations

from lockstick.trust.rules.rule import Consequence, Rule, warnings

__all__ = ["RULES"]

_GROUP = "Freshness"

RULES: tuple[Rule, ...] = (
    Rule(
        id="clock-behind",
        group=_GROUP,
        meaning="The time to judge by is earlier than a date that was signed.",
        gain="A clock that is behind (an empty clock battery) would bless what has expired.",
        remedy="Set the clock, or give the right time with --at.",
        consequence=Consequence.UNCHECKED,
    ),
    Rule(
        id="expired",
        group=_GROUP,
        meaning="A document that devices need has expired.",
        gain="Old software with known flaws could be brought back with old signatures.",
        remedy="Build the lockbox again: most documents are renewed then. If the same one is still expired, define the lockbox again or have the repository renew it.",
        consequence=Consequence.STALE,
    ),
    Rule(
        id="superseded",
        group=_GROUP,
        meaning="A document is older than one that this machine has verified before, by the same stored anchors; or, with --online, than the one that the cloud publishes.",
        gain="An old set of documents, with software of known flaws, could be handed out until it expires. Devices that have seen the newer one refuse it.",
        remedy="Build the lockbox again; if it was revoked or deleted, take this one out of use. If the repository itself was set up anew, remove its trust anchors and add the new ones.",
        consequence=Consequence.STALE,
    ),
    Rule(
        id="cloud-behind",
        group=_GROUP,
        meaning="The offline-snapshot or the lockbox is newer than the one that the cloud publishes (--online).",
        gain="Either the cloud shows an old state, and then nobody knows what is current; or somebody else signed this lockbox, with stolen keys.",
        remedy="Do not hand it out. Ask whoever runs the repository whether it was restored from a backup; if so, define the lockbox again and build it.",
        consequence=Consequence.UNCHECKED,
    ),
    Rule(
        id="cloud-differs",
        group=_GROUP,
        meaning="The offline-snapshot or the lockbox has the version that the cloud publishes, and another content (--online).",
        gain="Two documents of one version are both signed: one of them with stolen keys, or for other eyes.",
        remedy="Do not use it. Ask whoever runs the repository whether it was restored from a backup; if not, treat it as an attack.",
    ),
    *warnings(
        _GROUP,
        (
            "timestamp-stale",
            "The image repository's timestamp has expired.",
            "Nothing offline: devices do not read it, and it lives for a day only.",
            "Nothing needs to be done.",
        ),
    ),
)
